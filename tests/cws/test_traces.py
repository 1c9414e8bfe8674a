"""Traces become rows of the lake: run order, JSON that can be read back, every module of every run."""

import json

import numpy as np
import pandas as pd
import pytest
from places import STRATEGIES

from cws.home import Settings
from cws.house import House, open_house
from cws.lake.tables import TABLES
from cws.pins import published
from cws.stages import chain, units
from cws.strategies import catalogue
from cws.trace_log import read_traces
from cws.traces import MAX_WAITING, Gathered, TraceBuffer, trace_rows
from modules.conformance import example_inputs
from modules.contract import STAGES
from modules.registry import load
from modules.runner import Trace, run
from modules.settings import bind


def traced(name: str) -> Trace:
    return run(bind(load(name)), example_inputs(load(name))).trace


def test_a_trace_is_a_row_with_the_columns_of_the_lake() -> None:
    traces = [traced(name) for name in ("returns", "rank_to_weight")]
    frame = trace_rows([Gathered(trace, "run 1", "s", "backtest", 7) for trace in traces])
    assert list(frame.columns) == TABLES["module_traces"].schema.names
    assert frame["module"].tolist() == ["returns", "rank_to_weight"] and set(frame["ts_avail"]) == {7}
    assert frame["stage"].tolist() == ["feature", "size"] and set(frame["unit_stage"]) == {"backtest"}
    assert json.loads(frame["skills"][1])["schedule"].startswith("weekly@")
    assert json.loads(frame["outputs"][0]) == traces[0].outputs
    checks = json.loads(frame["checks"][0])
    assert [check["name"] for check in checks] == [found.name for found in traces[0].checks]
    assert all(check["passed"] is True for check in checks)
    profile = json.loads(frame["profile"][0])
    assert profile["value"]["p50"] == traces[0].profile["value"].p50


def test_what_was_not_measured_is_null_and_what_was_keeps_its_bits() -> None:
    trace = traced("returns")
    told = json.loads(trace_rows([Gathered(trace, "r", "s", "feature", 1)])["checks"][0])
    for said, found in zip(told, trace.checks, strict=True):
        assert said["measured"] == (None if np.isnan(found.check.measured) else repr(found.check.measured))


def test_equal_traces_of_one_run_have_different_ids_and_the_same_ones_again() -> None:
    gathered = [Gathered(traced("returns"), "r", "s", "feature", 1)] * 2
    ids = trace_rows(gathered)["trace_id"].tolist()
    assert len(set(ids)) == 2 and trace_rows(gathered)["trace_id"].tolist() == ids


def test_a_drained_buffer_is_empty() -> None:
    buffer, one = TraceBuffer(), Gathered(traced("returns"), "r", "s", "feature", 1)
    buffer.add(one)
    assert (buffer.drain(), buffer.drain()) == ([one], [])


def test_a_buffer_that_nobody_drains_is_a_programmer_error() -> None:
    one = Gathered(traced("returns"), "r", "s", "feature", 1)
    with pytest.raises(AssertionError, match="tracing"):
        TraceBuffer([one] * MAX_WAITING).add(one)


@pytest.fixture(scope="module")
def house(real_run) -> House:
    return open_house(Settings(home=real_run.home))


@pytest.fixture(scope="module")
def traces(house: House) -> pd.DataFrame:
    return read_traces(house)


def test_every_module_of_the_real_run_left_its_trace(traces: pd.DataFrame) -> None:
    chosen = catalogue(STRATEGIES)
    for unit in (unit for stage in STAGES for unit in units(chosen, stage)):
        frame = traces[(traces["unit_stage"] == unit.stage) & (traces["strategy"] == unit.name)]
        assert frame["module"].tolist() == [bound.module.name for bound in chain(unit)], unit.part
        assert set(frame["error"]) == {""} and (frame["wall_ns"] > 0).all() and frame["run_id"].nunique() == 1


def test_the_real_run_committed_its_traces_once(house: House, traces: pd.DataFrame) -> None:
    (commit,) = house.lake.history("module_traces")
    assert commit["rows"] == len(traces) == traces["trace_id"].nunique()


def test_the_hashes_of_a_trace_are_those_of_what_was_published(house: House, traces: pd.DataFrame) -> None:
    pins = published(house)
    of_backtest = traces[(traces["strategy"] == "xs_reversal") & (traces["unit_stage"] == "backtest")]
    frame = of_backtest.set_index("module")
    made = json.loads(str(frame.loc["vector_panel", "outputs"]))
    tables = ("equity", "holdings", "trades", "costs_by_kind")
    assert made == {table: pins[table, "xs_reversal"].hash for table in tables}
    assert json.loads(str(frame.loc["performance", "inputs"])) == {"equity": made["equity"]}


def test_no_figure_of_a_sealed_outcome_stands_in_a_trace(traces: pd.DataFrame) -> None:
    assert set(traces.loc[traces["stage"] == "backtest", "profile"]) == {"{}"}
    assert (traces.loc[traces["stage"] == "feature", "profile"] != "{}").all()
