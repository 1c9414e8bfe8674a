"""A backtest is rebuilt from its ledger row: the same bytes, or the input that differs is named. It is a look."""

from pathlib import Path

import pytest
from small_house import Place, make_place

from cws import reproduce as subject
from cws.environment import environment
from cws.reproduce import COMPARED, find, reproduce
from cws.trials import distinct
from modules.errors import CwsError


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = make_place(tmp_path_factory.mktemp("reproduce"))
    assert made.run().succeeded
    return made


def key_of(place: Place) -> str:
    return str(place.house().ledger.entries("trial")[0].body["key"])


def test_the_same_bytes_come_again_and_it_counts_as_a_look(place: Place) -> None:
    looks = int(distinct(place.house().ledger)["looks"].iloc[0])
    found = reproduce(place.house(), key_of(place), place.strategies)
    assert found.same and (found.differs, found.changed) == ([], []) and set(found.hashes) == set(COMPARED)
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


def test_an_input_that_differs_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "environment", lambda: {**environment(), "python": "3.11.0", "cpu": "other"})
    found = reproduce(place.house(), key_of(place), place.strategies)
    assert found.same, "the bytes are the same all the same"
    assert [change.split(":")[0] for change in found.changed] == ["environment python", "environment cpu"]
