"""A small market whose orders go over the wire of the real processes: what tests of execution share."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cws.execution.binaries import INSTALL, missing
from cws.execution.desk import Told
from cws.execution.submit import ensure_gateway_and_submit
from cws.home import settings
from cws.house import House, house_at
from modules.contract import Module
from modules.examples import bars_example
from modules.instruments import instruments_example
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import ORDERS
from modules.values import Table, make_table

LOT = 10.0


def native_folder() -> Path:
    """The folder of the binaries; the test is skipped where they were not built."""
    folder = settings().gateway_bin
    if absent := missing(folder):
        pytest.skip(f"{', '.join(absent)} not built: {INSTALL}")
    return folder


def house(home: Path) -> House:
    return replace(house_at(home), native=native_folder())


def market(bars: int = 40, tick: float = 0.01, seed: int = 5) -> dict[str, pd.DataFrame]:
    """Bars whose opens are whole ticks, and orders of every symbol at every bar but the last."""
    rng = np.random.default_rng(seed)
    made = bars_example(rng, bars)
    made = made.assign(open=np.rint(made["open"] / tick) * tick)
    chosen = made[made["ts_event"] < made["ts_event"].max()].sort_values(["ts_event", "symbol"], ignore_index=True)
    side = pd.Series(np.where(rng.random(len(chosen)) < 0.5, "buy", "sell"), dtype="str")
    orders = chosen[["ts_event", "symbol"]].assign(
        cl_ord_id="small-" + chosen["ts_event"].astype("str") + "-" + chosen["symbol"], side=side,
        order_qty=rng.integers(1, 50, len(chosen)), ord_type="market", time_in_force="day",
        reference_price=chosen["close"],
    )[list(ORDERS.columns)]  # fmt: skip
    words = {"strategy": "small", "strategy_no": 9, "execution": "native", "patch": "none", "data_version": "b3:d"}
    submission = pd.DataFrame([{**words, "ledger_id": "e"}])
    return {"orders": orders, "bars": made, "instruments": instruments_example(LOT), "submission": submission}


def given(name: str, tables: dict[str, pd.DataFrame], output: str, **chosen: object) -> pd.DataFrame:
    """The module's output on the tables; its checks must pass."""
    module: Module = load(name)
    inputs = {table: make_table(tables[table], schema, "t") for table, schema in module.takes.items()}  # type: ignore[arg-type]
    outcome = run(bind(module, chosen), inputs)
    assert outcome.failure is None and outcome.trace.failed_checks == [], (outcome.failure, outcome.trace.failed_checks)
    table = outcome.outputs[output]
    assert isinstance(table, Table)
    return table.frame


def parents_of(tables: dict[str, pd.DataFrame], **chosen: object) -> pd.DataFrame:
    return given("gateway_submit", tables, "parents", **chosen)


def wired(home: House, tables: dict[str, pd.DataFrame], parents: pd.DataFrame) -> tuple[pd.DataFrame, Told]:
    """(fills, what was told): the orders over the wire and back."""
    told = ensure_gateway_and_submit(home, "small", parents, int(parents["start_ns"].max()), lambda said: None)
    paper = given("paper_fill", tables, "fills")
    given_back = {**tables, "parents": parents, "executions": told.executions.frame, "fills": paper}
    return given("wire_fills", given_back, "fills"), told


def by_order(fills: pd.DataFrame) -> pd.DataFrame:
    """Fills added up by order: what paper says in one row may be several on the wire."""
    keys = ["ts_event", "symbol", "cl_ord_id", "side", "last_px"]
    return fills.groupby(keys, as_index=False).agg(
        last_qty=("last_qty", "sum"), commission_usd=("commission_usd", "sum")
    )
