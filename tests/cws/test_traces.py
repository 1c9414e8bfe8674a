"""Traces become rows of the lake: run order, JSON that can be read back, every module of every run."""

import json

import numpy as np
import pytest
from places import STRATEGIES

from cws.home import Settings
from cws.house import House, open_house
from cws.lake.tables import TABLES
from cws.pins import published
from cws.stages import chain, units
from cws.strategies import catalogue
from cws.traces import trace_rows
from modules.conformance import example_inputs
from modules.contract import STAGES
from modules.registry import load
from modules.runner import run
from modules.settings import bind


def test_a_trace_is_a_row_with_the_columns_of_the_lake() -> None:
    traces = [run(bind(load(name)), example_inputs(load(name))).trace for name in ("returns", "rank_to_weight")]
    frame = trace_rows(traces, "s", "run 1", 7)
    assert list(frame.columns) == TABLES["traces"].schema.names
    assert frame["module"].tolist() == ["returns", "rank_to_weight"] and set(frame["ts_avail"]) == {7}
    assert json.loads(frame["skills"][1])["schedule"].startswith("weekly@")
    assert json.loads(frame["outputs"][0]) == traces[0].outputs
    checks = json.loads(frame["checks"][0])
    assert [check["name"] for check in checks] == [found.name for found in traces[0].checks]
    assert all(check["passed"] is True for check in checks)


def test_what_was_not_measured_is_null_and_what_was_keeps_its_bits() -> None:
    trace = run(bind(load("returns")), example_inputs(load("returns"))).trace
    told = json.loads(trace_rows([trace], "s", "r", 1)["checks"][0])
    for said, found in zip(told, trace.checks, strict=True):
        assert said["measured"] == (None if np.isnan(found.check.measured) else repr(found.check.measured))


@pytest.fixture(scope="module")
def house(real_run) -> House:
    return open_house(Settings(home=real_run.home))


def test_every_module_of_the_real_run_left_its_trace(house: House) -> None:
    chosen = catalogue(STRATEGIES)
    for stage in STAGES:
        for unit in units(chosen, stage):
            frame = house.lake.read(house.lake.pin("traces", unit.part))
            assert frame["module"].tolist() == [bound.module.name for bound in chain(unit)], unit.part
            assert set(frame["error"]) == {""} and (frame["wall_ns"] > 0).all() and frame["run_id"].nunique() == 1


def test_the_hashes_of_a_trace_are_those_of_what_was_published(house: House) -> None:
    pins = published(house)
    frame = house.lake.read(house.lake.pin("traces", "xs_reversal.backtest")).set_index("module")
    made = json.loads(str(frame.loc["vector_panel", "outputs"]))
    tables = ("equity", "holdings", "trades", "costs_by_kind")
    assert made == {table: pins[table, "xs_reversal"].hash for table in tables}
    assert json.loads(str(frame.loc["performance", "inputs"])) == {"equity": made["equity"]}
