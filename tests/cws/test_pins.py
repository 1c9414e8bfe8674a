"""What is in force is what the ledger published last, and a stage reads only what belongs together."""

from dataclasses import replace

import pytest
from small_house import Place, good_lines, make_place, text
from walking import kept, publish_stages, unit_of, walked

from cws.flow import open_flow
from cws.house import House
from cws.pins import as_pin, open_pins, publications, published
from modules.errors import CwsError


def test_a_stage_waits_for_the_one_before_it(tmp_path) -> None:
    place = make_place(tmp_path)
    with pytest.raises(CwsError, match="CWS-STAGE-001") as refusal:
        open_pins(place.house(), unit_of(place, "clean"))
    assert "raw_bars/small" in refusal.value.what and refusal.value.where == "clean of small"


def test_every_publication_knows_what_it_was_made_from(executed: Place, house: House) -> None:
    found = publications(house)
    assert {key: one.pin for key, one in found.items()} == published(house)
    for stage, table, part in (("clean", "ohlcv", "small"), ("execute", "fills", "small_reversal")):
        read = open_pins(house, unit_of(executed, stage))
        assert found[table, part].made_from == {(pin.table, pin.part): pin.hash for pin in read.values()}
    assert found["raw_bars", "small"].made_from == {}


def test_a_pin_comes_back_from_the_ledgers_words(house: House) -> None:
    pin = published(house)["equity", "small_reversal"]
    assert as_pin(vars(pin)) == pin


def test_pins_name_the_table_of_a_published_unit_alone(executed: Place, house: House) -> None:
    # Committed but not named by a stage's entry: invisible to the next stage.
    bars = house.lake.read(published(house)["ohlcv", "small"])
    later = house.lake.commit("ohlcv", "small", bars.iloc[:-1].reset_index(drop=True))
    assert published(house)["ohlcv", "small"].version < later.version
    flow = open_flow(house, unit_of(executed, "feature"), executed.strategies, "run 2")
    assert flow.tables["bars"].rows == len(bars)


def other_bars(place: Place) -> None:
    """The vendor's file without its last record: other bars."""
    place.source.write_bytes(text(good_lines()[:-1]))


@pytest.mark.parametrize(
    ("published_anew", "refused", "named"),
    [
        (("ingest", "clean"), "backtest", "features/small_reversal.returns"),
        (("ingest", "clean", "feature"), "size", "equity/small_reversal"),
        (("ingest", "clean", "feature", "backtest"), "execute", "targets/small_reversal"),
    ],
    ids=["features of other bars", "an account of other bars", "targets of other bars"],
)
def test_what_was_made_from_other_bars_is_not_read_beside_these(
    executed: Place, house: House, published_anew: tuple[str, ...], refused: str, named: str
) -> None:
    other_bars(executed)
    publish_stages(executed, house, *published_anew)
    before = kept(house)
    with pytest.raises(CwsError, match="CWS-STAGE-009") as refusal:
        walked(executed, house, refused)
    assert refusal.value.what.startswith(f"{named} was made from another ohlcv/small")
    assert refusal.value.where == f"{refused} of small_reversal" and kept(house) == before


def test_the_stages_between_make_it_whole_again(executed: Place, house: House) -> None:
    other_bars(executed)
    publish_stages(executed, house, "ingest", "clean")
    reports = publish_stages(executed, house, "feature", "backtest", "size", "execute")
    assert [report.stage for report in reports] == ["feature", "backtest", "size", "execute"]


def test_equal_content_published_anew_is_the_same_generation(executed: Place, house: House) -> None:
    before = published(house)["ohlcv", "small"]
    publish_stages(executed, house, "ingest", "clean")
    now = published(house)["ohlcv", "small"]
    assert replace(now, version=before.version) == before
    assert open_pins(house, unit_of(executed, "backtest"))["bars"] == now
