"""A look at a formula is rebuilt from its ledger entry: the same judge's bytes, or the input that differs is named."""

import json
from pathlib import Path

import numpy as np
import pytest

import modules.feature.alpha_formula
from cws import alpha_study
from cws import reproduce as subject
from cws.alpha_study import study
from cws.environment import environment
from cws.home import Home
from cws.house import House
from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from cws.reproduce import find, reproduce
from cws.trials import distinct
from modules.errors import CwsError
from modules.examples import bars_example

FORMULA, PARAMETERS = "-delta(close, 5) / (delay(close, 5) + $k)", {"k": 0.1}
NOWHERE = Path("no strategies here")


def publish(house: House, seed: int) -> None:
    pin = house.lake.commit("ohlcv", "full", bars_example(np.random.default_rng(seed)))
    house.ledger.append("stage", {"stage": "clean", "inputs": {}, "outputs": {"bars": vars(pin)}})


@pytest.fixture
def house(tmp_path: Path) -> House:
    home = Home(tmp_path)
    ledger = Ledger(home.ledger, lambda: 1)
    made = House(home, ledger, Lake(home.lake, ledger), lambda: 1)
    publish(made, 8)
    return made


def test_the_entry_holds_all_that_decides_the_bytes(house: House) -> None:
    found = study(house, FORMULA, None, PARAMETERS, {}, {})
    (entry,) = house.ledger.entries("look")
    body = entry.body
    assert (body["formula"], body["parameters"], body["strategy"]) == (FORMULA, PARAMETERS, "alpha_full")
    (trial,) = house.ledger.entries("trial")
    assert body["key"] == found.key == trial.body["key"] and body["code"] == trial.body["code"]
    assert body["inputs"] == {"bars": vars(house.lake.pin("ohlcv", "full"))}
    assert set(body["outputs"]) == {"signal", "stats"} and body["environment"] == environment()
    assert trial.index < entry.index, "nothing is said of an outcome before it is counted"


def test_the_same_bytes_come_again_on_the_pinned_data_and_it_counts_as_a_look(house: House) -> None:
    found = study(house, FORMULA, None, PARAMETERS, {}, {})
    publish(house, 9)
    again = reproduce(house, found.key[:8], NOWHERE)
    assert (again.same, again.differs, again.changed, again.strategy) == (True, [], [], "alpha_full")
    assert again.hashes == house.ledger.entries("look")[0].body["outputs"]
    assert distinct(house.ledger)["looks"].tolist() == [2]


def test_a_look_is_found_by_its_index_and_is_offered_when_nothing_fits(house: House) -> None:
    found = study(house, FORMULA, None, PARAMETERS, {}, {})
    (entry,) = house.ledger.entries("look")
    assert find(house, str(entry.index)) == entry == find(house, found.key)
    with pytest.raises(CwsError, match="CWS-REPRO-001") as refusal:
        find(house, "ffffffff")
    assert found.key[:12] in refusal.value.fix


def test_other_bytes_are_found_and_other_inputs_are_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    found = study(house, FORMULA, None, PARAMETERS, {}, {})
    real = modules.feature.alpha_formula.evaluate

    def colder(*given: object) -> object:
        return np.where(np.arange(320)[:, None] > 200, -real(*given), real(*given))

    monkeypatch.setattr(modules.feature.alpha_formula, "evaluate", colder)
    monkeypatch.setattr(modules.feature.alpha_formula.alpha_formula, "acceptance", [])
    monkeypatch.setattr(alpha_study, "code_hash", lambda modules: "b3:other")
    monkeypatch.setattr(subject, "environment", lambda: {**environment(), "python": "3.11.0"})
    again = reproduce(house, found.key, NOWHERE)
    assert not again.same and again.differs == ["signal", "stats"]
    assert [change.split(":")[0] for change in again.changed] == ["environment python", "code"]


def test_the_command_rebuilds_a_look(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cws_dagster.cli import main

    found = study(house, FORMULA, None, PARAMETERS, {}, {})
    monkeypatch.setenv("CWS_HOME", str(house.home.folder))
    assert main(["reproduce", found.key, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["same"], set(said["hashes"])) == (True, {"signal", "stats"})
    assert main(["ledger", "show", "--kind", "look", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"][0]["body"]["formula"] == FORMULA
