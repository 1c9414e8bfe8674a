"""A look at one formula on a published dataset: what it predicts, how fast it trades, what it resembles.

A look at a formula is a look at the data: it goes through `cws.trials.evaluate` as one strategy a dataset, `alpha_` and
the dataset's name, so that everything ever tried there is counted together.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cws.environment import code_hash, environment
from cws.house import House
from cws.known_alphas import KnownAlpha
from cws.lake.commits import Pin
from cws.pins import published
from cws.trace_log import tracing
from cws.traces import Gathered
from cws.trials import LedgerSink, Result, Task, evaluate
from kernels.alpha.canonical import text
from kernels.alpha.language import FIELDS, Node
from kernels.alpha.together import evaluate_set
from kernels.ordered import F64, ordered_mean, ordered_sum
from modules.canonical import json_hash
from modules.errors import CwsError
from modules.formula import ready
from modules.panel import grid
from modules.registry import load
from modules.runner import Value, run
from modules.sealed import Sealed
from modules.settings import Bound, bind, nearest
from modules.tables import BARS
from modules.values import Table

COLUMNS = tuple(name for name in FIELDS if name in BARS.columns)


@dataclass(frozen=True)
class Study:
    """`stats` are the names and values of modules/backtest/ic_decay; `resembles` the correlation with known alphas."""

    formula: str
    dataset: str
    key: str
    looks: int
    bars: int
    symbols: int
    stats: Mapping[str, float]
    resembles: Mapping[str, float]


def strategy_of(dataset: str) -> str:
    """Under which name the looks at formulas on a dataset are counted and traced."""
    return f"alpha_{dataset}"


def _pin(house: House, dataset: str | None) -> Pin:
    """The published bars of a dataset, or of the one with the most symbols among those that have volumes."""
    pins = {part: pin for (table, part), pin in sorted(published(house).items()) if table == "ohlcv"}
    if dataset in pins:
        return pins[str(dataset)]
    if dataset is None:
        bars = {part: house.lake.read(pin, columns=["symbol", "volume"]) for part, pin in pins.items()}
        symbols = {part: frame["symbol"].nunique() for part, frame in bars.items() if frame["volume"].notna().any()}
        if symbols:
            return pins[max(symbols, key=lambda part: symbols[part])]
    raise CwsError(
        "CWS-ALPHA-007",
        what=f"no published bars of {dataset!r}" if dataset else "no published dataset has volumes",
        where="lake, table ohlcv",
        fix=nearest(dataset, pins) if dataset and pins else "publish the datasets first: cws run",
    )


def _ran(house: House, run_id: str, bound: Bound, tables: Mapping[str, Value]) -> Mapping[str, Value]:
    """The module's outputs; `run_id` is the name under which the look is counted, and when it began."""
    outcome = run(bound, tables)
    house.traces.add(Gathered(outcome.trace, run_id, run_id.split()[0], bound.module.stage, house.clock_ns()))
    if outcome.failure is not None:
        raise outcome.failure
    if outcome.trace.failed_checks:
        raise CwsError(
            "CWS-ALPHA-008",
            what=f"checks failed: {', '.join(outcome.trace.failed_checks)}",
            where=bound.module.name,
            fix=f"cws modules verify {bound.module.name}",
        )
    return outcome.outputs


def correlation(one: F64, other: F64) -> float:
    """Over all bars and symbols where both are finite; NaN where one does not vary."""
    known = np.isfinite(one) & np.isfinite(other)
    left, right = one[known], other[known]
    left, right = left - ordered_mean(left), right - ordered_mean(right)
    below = float(np.sqrt(ordered_sum(left * left)) * np.sqrt(ordered_sum(right * right)))
    return ordered_sum(left * right) / below if 0.0 < below < np.inf else float("nan")


def resemblances(bars: pd.DataFrame, signal: F64, known: Mapping[str, KnownAlpha]) -> dict[str, float]:
    """Correlation with every known alpha whose fields these bars have, the strongest first."""
    stamps = grid(bars)
    fields = {name: stamps.spread(bars[name]) for name in COLUMNS}
    formulas: dict[str, Node] = {}
    for name, alpha in known.items():
        # Bars that lack a field cannot show this alpha.
        with suppress(CwsError):
            formulas[name] = ready(alpha.formula, COLUMNS, {})
    found: dict[str, float] = {}
    for name, values in zip(formulas, evaluate_set(list(formulas.values()), fields), strict=True):
        value = correlation(signal, stamps.gather(values))
        if np.isfinite(value):
            found[name] = value
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


@dataclass(frozen=True)
class Look:
    """A formula evaluated and judged on pinned bars; the judgement is sealed in `task`."""

    formula: str
    pin: Pin
    bars: Table
    signal: Table
    task: Task


def prepared(house: House, formula: str, parameters: Mapping[str, float], pin: Pin) -> Look:
    """Evaluate and judge; nothing is recorded yet, and nothing can be read.

    Raises CWS-ALPHA-001 to -006 for the formula and -008 for a failed check.
    """
    bound_formula = text(ready(formula, COLUMNS, parameters))
    bars = Table(house.lake.read(pin), pin.hash, "bars")
    makes, judges = bind(load("alpha_formula"), {"formula": bound_formula}), bind(load("ic_decay"), {})
    run_id = f"{strategy_of(pin.part)} {house.clock_ns()}"
    with tracing(house):
        signal = _ran(house, run_id, makes, {"bars": bars})["signal"]
        assert isinstance(signal, Table)
        judged = _ran(house, run_id, judges, {"bars": bars, "signal": signal})
    task = Task(
        strategy=strategy_of(pin.part),
        settings_hash=json_hash([[b.module.name, b.settings_hash] for b in (makes, judges)]),
        data={f"{pin.table}/{pin.part}": pin.hash},
        folds="all",
        code=code_hash(f"{b.module.stage}/{b.module.name}" for b in (makes, judges)),
        outcome=lambda: {name: value for name, value in judged.items() if isinstance(value, Sealed)},
    )
    return Look(bound_formula, pin, bars, signal, task)


def outcome_hashes(look: Look, tables: Mapping[str, Table]) -> dict[str, str]:
    """What a reproduction compares: the signal and every table of the judge."""
    return {"signal": look.signal.hash, **{name: table.hash for name, table in tables.items()}}


def _recorded(look: Look, result: Result) -> dict[str, object]:
    """The `look` entry, less what was asked: the pinned data, what ran on it, and what came out, by hash."""
    return {
        "strategy": look.task.strategy,
        "key": result.key,
        "looks": result.looks,
        "inputs": {"bars": vars(look.pin)},
        "outputs": outcome_hashes(look, result.tables),
        "trial_settings": look.task.settings_hash,
        "code": look.task.code,
        "environment": environment(),
    }


def study(
    house: House,
    formula: str,
    dataset: str | None,
    parameters: Mapping[str, float],
    known: Mapping[str, KnownAlpha],
) -> Study:
    """Evaluate, judge, record the look, and only then read what the judge says.

    Raises CWS-ALPHA-001 to -006 for the formula, -007 for the dataset, -008 for a failed check.
    """
    look = prepared(house, formula, parameters, _pin(house, dataset))
    with house.home.writing(f"alpha on {look.pin.part}", house.lock_wait_s):
        result = evaluate(look.task, LedgerSink(house.ledger, house.lake, house.clock_ns, "alpha"))
        house.ledger.append("look", {**_recorded(look, result), "formula": formula, "parameters": dict(parameters)})
    stats, bars = result.tables["stats"].frame, look.bars.frame
    return Study(
        formula=look.formula,
        dataset=look.pin.part,
        key=result.key,
        looks=result.looks,
        bars=int(bars["ts_event"].nunique()),
        symbols=int(bars["symbol"].nunique()),
        stats=dict(zip(stats["name"], stats["value"].astype(float), strict=True)),
        resembles=resemblances(bars, look.signal.frame["value"].to_numpy(), known),
    )
