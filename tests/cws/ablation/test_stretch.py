"""A/A without a house: what any module gives shows in the hash, and nothing is remembered."""

import pytest
from small_house import Place, make_place

from cws.ablation.stretch import account_hashes
from modules.errors import CwsError


@pytest.fixture
def bare(tmp_path) -> Place:
    return make_place(tmp_path / "bare")


def last_line_changed(place: Place, old: str, new: str) -> None:
    lines = place.source.read_text().splitlines()
    assert old in lines[-1]
    place.source.write_text("\n".join([*lines[:-1], lines[-1].replace(old, new)]) + "\n")


def test_the_same_data_and_settings_give_the_same_hash_and_others_another(bare: Place) -> None:
    once = account_hashes(bare.strategies, None)
    assert list(once) == ["small_reversal"]
    assert account_hashes(bare.strategies, None) == once
    bare.edit(bare.strategy, "cost_bps = 5.0", "cost_bps = 6.0")
    assert account_hashes(bare.strategies, None) != once


def test_a_stretch_is_shorter_than_the_whole_and_no_longer_than_there_are_days(bare: Place) -> None:
    whole = account_hashes(bare.strategies, None)
    assert account_hashes(bare.strategies, 100) != whole == account_hashes(bare.strategies, 10_000)


def test_a_row_that_changed_in_the_source_is_noticed_even_behind_the_stretch(bare: Place) -> None:
    before = account_hashes(bare.strategies, 100)
    last_line_changed(bare, "00000", "00001")
    assert account_hashes(bare.strategies, 100) != before


def test_a_strategy_that_refuses_its_data_says_which_and_why(bare: Place) -> None:
    bare.source.write_text("Ticker,Date\n")
    with pytest.raises(CwsError, match=r"CWS-ABLATE-005.*csv_ohlcv.*small_reversal"):
        account_hashes(bare.strategies, None)
