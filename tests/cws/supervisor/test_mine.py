"""All miners over a healthy run say nothing that is not true; over a home that was broken they name the module."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from small_house import Place, good_lines, make_place, text
from traced import seen
from walking import unit_of

from cws.flow import open_flow, step
from cws.home import Settings
from cws.house import open_house
from cws.stages import chain
from cws.supervisor.gather import WEEKDAYS, gather
from cws.supervisor.mine import MINERS, mine
from cws.supervisor.miners import costly
from cws.supervisor.seen import Seen
from cws.trace_log import tracing
from modules.errors import CwsError


@pytest.fixture(scope="module")
def healthy(real_run) -> Seen:
    return gather(open_house(Settings(home=real_run.home)))


def test_a_healthy_run_of_the_real_strategies_has_only_its_slow_modules(healthy: Seen) -> None:
    """Which modules take a tenth of a run and more is true on every machine, and differs between machines."""
    found = mine(healthy)
    assert {(one.miner, one.kind) for one in found} <= {(costly.MINER, "slow"), (costly.MINER, "memory")}, found
    assert all(one.is_open and one.evidence for one in found)


def test_what_is_seen_of_the_real_home(healthy: Seen) -> None:
    bad = healthy.bad_rows
    assert set(bad.loc[bad["module"] == "sort_and_dedupe", "unit"]) == {"btc_usd_15m"}
    refused = bad[bad["unit"] == "btc_usd_15m"]
    assert (refused["day"] > 18_000).all() and set(refused["weekday"]) <= set(WEEKDAYS)
    assert pd.Timestamp(int(refused["day"].iloc[0]) * 86_400, unit="s").day_name() == refused["weekday"].iloc[0]
    assert {"btc_usd_15m", "btc_intraday", "xs_reversal"} <= set(healthy.bars["unit"])
    shares = healthy.bars.loc[healthy.bars["unit"] == "us_tech", "regime"].value_counts(normalize=True)
    assert set(shares.index) == {"calm", "middling", "wild"} and shares.min() > 0.25
    assert healthy.modules["leverage_cap"].judge == "limit" and healthy.modules["leverage_cap"].primary == "weights"
    bounds = healthy.modules["leverage_cap"].bounds["max_gross"]
    assert bounds.least is not None and bounds.largest is not None and bounds.least < bounds.largest


def test_mining_is_the_same_every_time_and_needs_no_order_of_the_miners(healthy: Seen) -> None:
    again = replace(healthy)
    assert mine(again) == mine(healthy)
    by_hand = [one for name in sorted(MINERS) for one in MINERS[name](again)]
    assert {one.id for one in by_hand} == {one.id for one in mine(healthy)}


def test_nothing_is_found_where_nothing_ran(tmp_path: Path) -> None:
    assert mine(gather(open_house(Settings(home=tmp_path)))) == []


def test_no_miner_falls_over_traces_of_nothing_but_failures() -> None:
    broken = {"error": "E: x", "signature": "E:-:abc", "outputs": {}, "profile": {}, "rows_out": 0}
    assert [one.miner for one in mine(seen(broken))] == ["failures"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def run_stage(place: Place, stage: str, run_id: str) -> None:
    house, unit = place.house(), unit_of(place, stage)
    with tracing(house):
        flow = open_flow(house, unit, place.strategies, run_id)
        for bound in chain(unit):
            flow = step(house, flow, bound)


def test_a_source_that_is_broken_names_its_adapter(place: Place) -> None:
    run_stage(place, "ingest", "run 1")
    place.source.write_bytes(b"")
    with pytest.raises(CwsError):
        run_stage(place, "ingest", "run 2")
    (one,) = mine(gather(place.house()))
    assert (one.miner, one.module, one.is_open, one.frequency) == ("failures", "csv_ohlcv", True, 1)
    place.source.write_bytes(text(good_lines()))
    run_stage(place, "ingest", "run 3")
    (past,) = mine(gather(place.house()))
    assert past.id == one.id and not past.is_open


def test_an_over_tight_quarantine_names_its_module_and_its_settings(executed: Place) -> None:
    run_stage(executed, "clean", "run 1")
    executed.edit(executed.dataset, '"bar_sanity", ', '"bar_sanity", "hampel_outliers", ')
    executed.edit(
        executed.dataset,
        "[settings.exchange_sessions]",
        "[settings.hampel_outliers]\nz_max = 2.0\nmin_return = 0.0\nmin_bars = 3\n\n[settings.exchange_sessions]",
    )
    run_stage(executed, "clean", "run 2")
    first = mine(gather(executed.house()))[0]
    assert (first.miner, first.module) == ("quarantine", "hampel_outliers") and "z_max" in first.suspects


def test_a_home_whose_module_is_gone_can_still_be_mined(executed: Place, tmp_path: Path) -> None:
    run_stage(executed, "clean", "run 3")
    found = gather(executed.house())
    renamed = found.traces.assign(module=found.traces["module"].replace({"bar_sanity": "was_removed"}))
    assert mine(replace(found, traces=renamed.astype({"module": "str"}), modules={})) == []
    shutil.rmtree(tmp_path / "executed")
