"""A backtest is rebuilt from its ledger row: the same bytes, or the input that differs is named. It is a look."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_house import Place, copy_place, make_place
from walking import publish_stages

from cws import reproduce as subject
from cws.environment import environment
from cws.reproduce import NOT_COMPARED, find, reproduce
from cws.trials import distinct
from modules.contract import Check
from modules.errors import CwsError
from modules.registry import load


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = make_place(tmp_path_factory.mktemp("reproduce"))
    assert made.run().succeeded
    return made


def key_of(place: Place) -> str:
    return str(place.house().ledger.entries("trial")[0].body["key"])


def outputs_of(place: Place) -> dict[str, dict[str, object]]:
    """What the ledger says that the backtest published."""
    (body,) = [e.body for e in place.house().ledger.entries("stage") if e.body["stage"] == "backtest"]
    return body["outputs"]  # type: ignore[return-value]


def test_the_same_bytes_come_again_and_it_counts_as_a_look(place: Place) -> None:
    looks = int(distinct(place.house().ledger)["looks"].iloc[0])
    found = reproduce(place.house(), key_of(place), place.strategies)
    assert found.same and (found.differs, found.changed) == ([], [])
    assert set(found.hashes) == set(outputs_of(place)) - set(NOT_COMPARED) >= {"equity", "weights", "stats"}
    assert len(distinct(place.house().ledger)) == 1, "no new trial"
    assert int(distinct(place.house().ledger)["looks"].iloc[0]) == looks + 1


def test_a_backtest_is_found_by_key_by_its_beginning_and_by_index(place: Place) -> None:
    house = place.house()
    entry = find(house, key_of(place))
    assert find(house, key_of(place)[:6]) == entry == find(house, str(entry.index))


@pytest.mark.parametrize("wanted", ["", "abc", "ffffffffffff", "999999", "-1"])
def test_what_is_no_backtest_is_refused_with_those_there_are(place: Place, wanted: str) -> None:
    with pytest.raises(CwsError, match="CWS-REPRO-001") as refusal:
        find(place.house(), wanted)
    assert key_of(place)[:12] in refusal.value.fix


def test_it_rebuilds_what_was_recorded_and_not_what_the_catalogue_says_now(place: Place, tmp_path: Path) -> None:
    found = reproduce(place.house(), key_of(place), tmp_path / "no strategies here")
    assert found.same


def test_a_rebuild_that_fails_a_check_is_refused_and_never_opened(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load("vector_panel")
    never = replace(module.acceptance[0], judge=lambda before, after: Check(False, 7.0, "<= 6"))
    monkeypatch.setattr(module, "acceptance", [never, *module.acceptance[1:]])
    looks = len(place.house().ledger.entries("trial"))
    with pytest.raises(CwsError, match="CWS-STAGE-010") as refusal:
        reproduce(place.house(), key_of(place), place.strategies)
    assert f"vector_panel.{never.name}" in refusal.value.what
    assert len(place.house().ledger.entries("trial")) == looks


def test_the_number_of_trials_since_then_changes_nothing_that_is_compared(place: Place, tmp_path: Path) -> None:
    other = copy_place(place, tmp_path / "other")
    text = other.strategy.read_text()
    other.strategy.write_text(text.replace("cost_bps = 5.0", "cost_bps = 9.0"))
    publish_stages(other, other.house(), "backtest")
    assert len(distinct(other.house().ledger)) == 2
    assert reproduce(other.house(), key_of(other), other.strategies).same


def test_an_input_that_differs_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "environment", lambda: {**environment(), "python": "3.11.0", "cpu": "other"})
    found = reproduce(place.house(), key_of(place), place.strategies)
    assert found.same, "the bytes are the same all the same"
    assert [change.split(":")[0] for change in found.changed] == ["environment python", "environment cpu"]
