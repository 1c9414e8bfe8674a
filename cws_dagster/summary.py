"""The main job's summary as plain data: what `cws run --json` prints and what the tables on a terminal show."""

import math
from typing import Any

from assets.wire_highlights import mode
from cws.trials import distinct, statistic
from cws_dagster.main_job import Outcome
from modules.canonical import combined_hash
from modules.contract import STAGES

HASHED = ("equity", "targets", "orders", "fills", "positions", "book")


def _number(value: float) -> float | None:
    """JSON has no NaN: what cannot be said is null."""
    return value if math.isfinite(value) else None


def _stage(stage: str, outcome: Outcome) -> dict[str, Any]:
    own = [report for report in outcome.reports if report.stage == stage]
    counts = {
        name: sum(getattr(report, name) for report in own)
        for name in ("rows_in", "rows_added", "rows_quarantined", "rows_out")
    }
    return {"stage": stage, **counts, "units": len(own), "checks": outcome.checks_passed[stage]}


def _strategy(outcome: Outcome, name: str) -> dict[str, Any] | None:
    """A strategy's figures; None when it did not reach the end."""
    by_stage = {report.stage: report for report in outcome.reports if report.unit == name}
    if "execute" not in by_stage:
        return None
    lake, backtest, execute = outcome.house.lake, by_stage["backtest"], by_stage["execute"]
    stats = lake.read(backtest.pins["stats"])
    deflated = lake.read(backtest.pins["deflated"])
    trials = distinct(outcome.house.ledger, lake, name)
    pins = {**backtest.pins, **by_stage["size"].pins, **execute.pins}
    targets = lake.read(pins["targets"])
    last = targets[targets["ts_event"] == targets["ts_event"].max()]
    return {
        "name": name,
        "trials": len(trials),
        "looks": backtest.details["looks"],
        "sharpe": _number(statistic(stats, "sharpe")),
        "deflated_sharpe": _number(statistic(deflated, "deflated_sharpe")),
        "deflated_sharpe_why": next(iter(deflated.loc[deflated["name"] == "deflated_sharpe", "why"]), ""),
        "max_drawdown": _number(statistic(stats, "max_drawdown")),
        "total_return": _number(statistic(stats, "total_return")),
        "annual_vol": _number(statistic(stats, "annual_vol")),
        "targets": {
            str(symbol): int(lots) for symbol, lots in zip(last["symbol"], last["target_lots"], strict=True) if lots
        },
        "orders": pins["orders"].rows,
        "fills": pins["fills"].rows,
        "execution": str(execute.details.get("execution", "paper")),
        "wire": execute.details.get("wire"),
        "drifted_symbols": execute.details["drifted_symbols"],
        "trial": str(backtest.details["key"]),
        "result_hash": combined_hash({table: pins[table].hash for table in HASHED}),
    }


def summarise(outcome: Outcome) -> dict[str, Any]:
    """Stages, checks, strategies, ledger; the ledger is verified from its files by the lone verifier."""
    from cws.ledger.verify import verify

    head = outcome.house.ledger.head()
    found = [_strategy(outcome, name) for name in sorted(outcome.catalogue.strategies)]
    return {
        "stages": [_stage(stage, outcome) for stage in STAGES],
        "checks": {"passed": outcome.checks_passed.total(), "failed": len(outcome.failed_checks)},
        "strategies": [one for one in found if one is not None],
        "execution": mode([report for report in outcome.reports if report.stage == "execute"]),
        "ledger": {
            "entries": head.entries,
            "head": head.hash,
            "verified": bool(verify(outcome.house.home.ledger, None)["ok"]),
        },
        "wall_s": round(outcome.wall_s, 3),
        "failed_checks": outcome.failed_checks,
        "errors": outcome.errors,
        "home": str(outcome.house.home.folder),
    }
