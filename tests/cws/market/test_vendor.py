"""The real ingest and clean modules on made-up files: a world without faults passes whole, each fault is found."""

from dataclasses import replace

import pandas as pd
import pytest
from made_up import REVERSAL, SMALL

from cws.market.ingested import Ingested, ingested
from cws.market.recipe import dataset_of
from cws.market.spec import Flaws, World
from cws.market.truth import expected_refusals, planted_flaws, truth_of
from cws.market.vendor import vendor_file, world_source
from cws.market.worlds import make_world, symbol_names
from modules.contract import Check
from modules.errors import CwsError
from modules.registry import load

SEED = 2
EVERYWHERE = {
    "exact_duplicates": 6, "conflicting_duplicates": 5, "swapped_rows": 6, "spikes": 4, "impossible_bars": 8,
    "bad_cells": 5, "bad_stamps": 3,
}  # fmt: skip


def flawed(world: World) -> World:
    """The world with every fault that its vendor can have."""
    counts = dict(EVERYWHERE)
    if world.name != "csv_always":
        counts["strays"] = 3
    if world.vendor == "csv_ohlcv":
        counts |= {"splits": 3, "dividends": 9}
    return world.model_copy(update={"flaws": Flaws(**counts), "missing_share": 0.02})


READ: dict[str, Ingested] = {}


def read(world: World) -> Ingested:
    """The world's file through the real modules; read once for all tests."""
    if world.hash not in READ:
        READ[world.hash] = ingested(dataset_of(world), world_source(world, SEED))
    return READ[world.hash]


@pytest.mark.parametrize("world", SMALL.values(), ids=lambda world: world.name)
def test_a_world_without_faults_passes_whole(world: World) -> None:
    planted = world if world.symbols == 1 else world.model_copy(update={"alpha": REVERSAL})
    found = read(planted)
    assert len(found.refused) == 0
    made = make_world(planted, SEED)
    assert {name: found.tables[name].hash for name in made} == {name: table.hash for name, table in made.items()}


@pytest.mark.parametrize("world", SMALL.values(), ids=lambda world: world.name)
def test_the_real_modules_refuse_exactly_what_was_planted(world: World) -> None:
    world, names = flawed(world), symbol_names(world)
    refused = read(world).refused
    found = sorted(zip(refused["row"], refused["symbol"], refused["reason"], strict=True))
    expected = expected_refusals(world, SEED)
    assert found == sorted((one.row, names[one.column], one.reason) for one in expected)
    kinds = {one.flaw.kind for one in planted_flaws(world, SEED)}
    assert kinds == {kind for kind, count in world.flaws.model_dump().items() if count}


@pytest.mark.parametrize("name", ["csv_ohlcv", "csv_never_closes"])
def test_splits_and_dividends_are_listed_as_they_were_planted(name: str) -> None:
    world = flawed(SMALL[name])
    actions = read(world).tables["actions"].frame
    truth, names = truth_of(world, SEED), symbol_names(world)
    planted = {
        (names[one.flaw.column], truth.ts_event[one.flaw.bar]): one.flaw
        for one in planted_flaws(world, SEED)
        if one.flaw.kind in ("splits", "dividends")
    }
    listed = dict(
        zip(zip(actions["symbol"], actions["ts_event"], strict=True), actions.to_dict("records"), strict=True)
    )
    assert set(listed) == set(planted)
    for key, flaw in planted.items():
        assert listed[key]["kind"] == flaw.kind.removesuffix("s")
        if flaw.kind == "splits":
            assert listed[key]["ratio"] == flaw.size


@pytest.mark.parametrize("world", SMALL.values(), ids=lambda world: world.name)
def test_what_is_left_after_the_faults_are_the_bars_of_the_world(world: World) -> None:
    world, names = flawed(world), symbol_names(world)
    left = read(world).tables["bars"].frame
    made = make_world(world, SEED)["bars"].frame
    gone = {
        (names[one.flaw.column], truth_of(world, SEED).ts_event[one.flaw.bar])
        for one in planted_flaws(world, SEED)
        if one.flaw.kind in ("spikes", "impossible_bars", "bad_cells")
    }
    kept = [key not in gone for key in zip(made["symbol"], made["ts_event"], strict=True)]
    columns = ["ts_event", "symbol", "close", "volume"]
    observed = left[left["age_bars"] == 0][columns].reset_index(drop=True)
    # Prices as traded, adjusted again by the modules: equal to rounding.
    pd.testing.assert_frame_equal(observed, made[kept][columns].reset_index(drop=True), rtol=1e-9)


def test_faults_are_of_the_file_and_change_no_draw() -> None:
    world = SMALL["csv_ohlcv"]
    worse = world.model_copy(update={"flaws": Flaws(spikes=3)})
    columns = ["ts_event", "symbol", "close"]
    mine, theirs = (make_world(one, 5)["bars"].frame[columns] for one in (world, worse))
    assert mine.equals(theirs)
    assert vendor_file(world, 5).placed == () and len(vendor_file(worse, 5).placed) == 3


def test_more_faults_than_room_are_refused() -> None:
    world = SMALL["csv_ohlcv"].model_copy(update={"bars": 80, "flaws": Flaws(spikes=50)})
    with pytest.raises(CwsError) as refusal:
        world_source(world, SEED)
    assert refusal.value.code == "CWS-MARKET-003"


def test_a_failed_acceptance_check_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    world, found = SMALL["wide_panel"], load("bar_sanity")
    wrong = [replace(check, judge=lambda before, after: Check(False)) for check in found.acceptance]
    monkeypatch.setattr(found, "acceptance", wrong)
    with pytest.raises(CwsError, match="bar_sanity on wide_small") as refusal:
        ingested(dataset_of(world), world_source(world, SEED))
    assert refusal.value.code == "CWS-MARKET-004"
