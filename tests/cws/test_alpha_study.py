"""A look at a formula is counted before its figures are read, again for a second look, and refused with a code."""

from pathlib import Path

import numpy as np
import pytest
from places import STRATEGIES

import modules.feature.alpha_formula
from cws.alpha_study import study
from cws.home import Home
from cws.house import House
from cws.known_alphas import known_alphas
from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from cws.trace_log import read_traces
from cws.trials import distinct
from cws.views.alpha_picture import alpha_png
from modules.errors import CwsError
from modules.examples import bars_example

KNOWN = known_alphas(STRATEGIES)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Two published datasets, the first in the alphabet without volumes."""
    home = Home(tmp_path)
    ledger = Ledger(home.ledger, lambda: 1)
    lake = Lake(home.lake, ledger)
    bars = bars_example(np.random.default_rng(8))
    for part, frame in (("bare", bars.assign(volume=np.nan)), ("full", bars)):
        pin = lake.commit("ohlcv", part, frame)
        ledger.append("stage", {"stage": "clean", "inputs": {}, "outputs": {"bars": vars(pin)}})
    return House(home, ledger, lake, lambda: 1)


def test_a_look_is_a_trial_of_its_dataset(house: House) -> None:
    found = study(house, "(close - open) / (0.001 + (high - low))", None, {}, KNOWN)
    assert (found.dataset, found.bars, found.symbols, found.looks) == ("full", 320, 4, 1)
    assert next(iter(found.resembles)) == "alpha_101" and found.resembles["alpha_101"] == pytest.approx(1.0)
    assert "alpha_005" not in found.resembles, "these bars have no vwap"
    again = study(house, "(close - open) / ((high - low) + $k)", "full", {"k": 0.001}, KNOWN)
    assert (again.key, again.looks, again.stats) == (found.key, 2, found.stats), (
        "the same formula, however it is written"
    )
    study(house, "ret", "full", {}, {})
    traces = read_traces(house)
    assert traces["module"].tolist() == ["alpha_formula", "ic_decay"] * 3 and set(traces["strategy"]) == {"alpha_full"}
    trials = distinct(house.ledger)
    assert trials["strategy"].tolist() == ["alpha_full"] * 2 and trials["looks"].tolist() == [2, 1]


def test_the_picture_is_a_png(house: House) -> None:
    data = alpha_png(study(house, "-delta(close, 5)", None, {}, {}))
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) > 3_000


def test_what_is_refused_is_no_trial(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for formula, dataset, code in (
        ("clsoe", None, "CWS-ALPHA-002"),
        ("vwap", None, "CWS-ALPHA-005"),
        ("close * $k", None, "CWS-ALPHA-006"),
        ("close", "ful", "CWS-ALPHA-007"),
    ):
        with pytest.raises(CwsError) as refusal:
            study(house, formula, dataset, {}, {})
        assert refusal.value.code == code
    real = modules.feature.alpha_formula.evaluate
    monkeypatch.setattr(modules.feature.alpha_formula, "evaluate", lambda *given: real(*given) + 1.0)
    with pytest.raises(CwsError, match="CWS-ALPHA-008"):
        study(house, "close", None, {}, {})
    assert distinct(house.ledger).empty


def test_a_parameter_on_the_command_line_is_a_name_and_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    from cws_dagster.cli import main

    assert main(["alpha", "-close * $k", "--set", "k"]) == 2
    assert "CWS-ALPHA-009" in capsys.readouterr().err
