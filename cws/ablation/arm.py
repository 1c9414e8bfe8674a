"""One arm of an ablation: a ground rehearsed, counted as a trial, and read as one return a day."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cws.ablation.ground import DAY_NS, Ground
from cws.ablation.rehearsal import Reuse, rehearse
from cws.environment import code_hash
from cws.flow import TESTED_STAGES
from cws.trials import Sink, Task, evaluate
from kernels.ordered import ordered_mean, ordered_std
from modules.canonical import json_hash
from modules.contract import STAGES
from modules.runner import Value
from modules.sealed import Sealed
from modules.values import Table

F64, I64 = NDArray[np.float64], NDArray[np.int64]


@dataclass(frozen=True)
class Arm:
    """What the gate may know of one arm: returns (T,) and what was traded (T,) as a share of equity by day, its hash.

    `failure` names the module that refused, "" when none; then there are no days.
    """

    hash: str
    days: I64
    returns: F64
    traded: F64
    failure: str = ""

    @property
    def turnover(self) -> float:
        """Mean share of equity traded a day, NaN without days."""
        return ordered_mean(self.traded) if self.traded.size else float("nan")


def failed_arm(failure: str) -> Arm:
    return Arm("", np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), failure)


def task(ground: Ground, folds: str, tables: Mapping[str, Value]) -> Task:
    """The rehearsed backtest as a trial, with the settings of every stage that decides it."""
    bounds = [bound for stage in TESTED_STAGES for bound in ground.strategy.bound_chain(stage)]
    early = [s for s in ("ingest", "clean") if STAGES.index(s) >= STAGES.index(ground.begins)]
    bounds += [bound for stage in early for bound in ground.dataset.bound_chain(stage)]
    return Task(
        strategy=ground.name,
        settings_hash=json_hash([[bound.module.name, bound.settings_hash] for bound in bounds]),
        data=ground.data,
        folds=folds,
        code=code_hash(f"{bound.module.stage}/{bound.module.name}" for bound in bounds),
        outcome=lambda: {name: value for name, value in tables.items() if isinstance(value, Sealed)},
    )


def play(ground: Ground, folds: str, sink: Sink, reuse: Reuse | None) -> Arm:
    """Rehearse to the backtest, count it, open it."""
    stages = STAGES[STAGES.index(ground.begins) : STAGES.index("backtest") + 1]
    tested = rehearse(ground, stages, reuse)
    if tested.failure:
        return failed_arm(tested.failure)
    opened = evaluate(task(ground, folds, tested.tables), sink).tables
    return read_arm(opened["equity"])


def read_arm(equity: Table) -> Arm:
    """Daily returns of an account: the last value of a day over the last value of the day before."""
    frame = equity.frame
    day = frame["ts_event"].to_numpy() // DAY_NS
    last = np.flatnonzero(np.diff(day, append=day[-1:] + 1)) if len(day) else np.empty(0, dtype=np.int64)
    value = frame["equity_usd"].to_numpy()[last]
    share = frame["turnover_usd"].to_numpy() / frame["equity_usd"].to_numpy()
    by_day = np.diff(np.cumsum(share)[last])
    return Arm(equity.hash, day[last][1:], value[1:] / value[:-1] - 1.0, by_day)


def after(arm: Arm, day: int) -> Arm:
    """The arm's days from `day` on."""
    kept = arm.days >= day
    return Arm(arm.hash, arm.days[kept], arm.returns[kept], arm.traded[kept], arm.failure)


def annual_ir(arm: Arm, days_per_year: float = 252.0) -> float:
    """Mean over deviation of daily returns, a year's; 0 for an arm that never moved."""
    if arm.returns.size < 2:
        return 0.0
    deviation = ordered_std(arm.returns)
    return ordered_mean(arm.returns) / deviation * math.sqrt(days_per_year) if deviation > 0.0 else 0.0


def max_drawdown(returns: F64) -> float:
    """Deepest fall from a peak of compounded returns, as a number of at most 0."""
    value = np.cumprod(np.concatenate([[1.0], 1.0 + returns]))
    return float(np.min(value / np.maximum.accumulate(value) - 1.0))
