"""Fills of the wire by hand: parts, short marks, refusals, orders that stayed on paper, and a trade nobody ordered."""

import pandas as pd

from modules.errors import CwsError
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import bind
from modules.values import make_table


def _run(executions: pd.DataFrame | None = None, **settings: object) -> tuple[ModuleRun, dict[str, pd.DataFrame]]:
    import numpy as np

    found = load("wire_fills")
    frames = dict(found.example(np.random.default_rng(3)))
    if executions is not None:
        frames["executions"] = executions
    tables = {name: make_table(frame, found.takes[name], "t") for name, frame in frames.items()}  # type: ignore[arg-type]
    return run(bind(found, settings), tables), frames  # type: ignore[return-value]


def test_fills_by_hand() -> None:
    outcome, frames = _run(cost_bps=20.0)
    assert outcome.failure is None and outcome.trace.failed_checks == []
    found = outcome.outputs["fills"].frame.set_index("exec_id")  # pyright: ignore[reportAttributeAccessIssue]
    paper, trades = frames["fills"], frames["executions"]
    assert found[found["venue"] == "PAPER"]["cl_ord_id"].tolist() == paper["cl_ord_id"].tolist()[:4], "no parent: paper"
    first, second = found.loc["CWSX-example-1"], found.loc["CWSX-example-2"]
    assert (first["cl_ord_id"], second["cl_ord_id"]) == ("example-04", "example-04"), "two parts of one order"
    assert first["last_qty"] == 1, "ten units of the wire are a lot"
    assert first["last_qty"] + second["last_qty"] == paper["last_qty"][4]
    value = trades["wire_qty"][0] * trades["last_px"][0] / 1e9
    assert abs(first["commission_usd"] - value * 20.0 / 1e4) < 1e-9
    assert found.loc["CWSX-example-3"]["side"] == "sell", "short is a word of the wire"
    assert "example-11" not in set(found["cl_ord_id"]), "what risk refused has no fill, whatever paper expected"


def test_a_trade_that_nobody_ordered_is_refused() -> None:
    executions = _run()[1]["executions"]
    outcome, _ = _run(executions.assign(parent_id=executions["parent_id"] + 100))
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-EXECUTE-006"


def test_a_part_of_a_lot_is_refused() -> None:
    executions = _run()[1]["executions"]
    outcome, _ = _run(executions.assign(wire_qty=executions["wire_qty"] + 1))
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-EXECUTE-007"
