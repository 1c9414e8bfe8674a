"""A look at one formula on a published dataset: what it predicts, how fast it trades, what it resembles.

A look at a formula is a look at the data: it goes through `cws.trials.evaluate` as one strategy a dataset, `alpha_` and
the dataset's name, so that everything ever tried there is counted together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cws.environment import code_hash, environment
from cws.house import House
from cws.known_alphas import KnownAlpha
from cws.lake.commits import Pin
from cws.pins import published
from cws.strategies import Fields
from cws.trace_log import tracing
from cws.traces import Gathered
from cws.trials import LedgerSink, Result, Task, evaluate
from kernels.alpha.canonical import text
from kernels.alpha.language import Node
from kernels.alpha.together import evaluate_set
from kernels.ordered import F64, ordered_mean, ordered_sum
from modules.canonical import json_hash
from modules.errors import CwsError
from modules.formula import ready
from modules.formula_fields import field_matrices, field_names
from modules.panel import grid
from modules.registry import load
from modules.runner import Value, run
from modules.sealed import Sealed
from modules.settings import Bound, bind, nearest
from modules.values import Table

# Of the signal's values: two formulas that share a handful of them are alike by accident.
LEAST_SHARE, LEAST_COMMON = 0.1, 30


@dataclass(frozen=True)
class Study:
    """`stats` are the names and values of modules/backtest/ic_decay, `whys` why one of them is missing.

    `resembles` is the correlation with known alphas, `common` over how many values; `not_compared` says why not.
    """

    formula: str
    dataset: str
    key: str
    looks: int
    bars: int
    symbols: int
    stats: Mapping[str, float]
    whys: Mapping[str, str]
    resembles: Mapping[str, float]
    common: Mapping[str, int]
    not_compared: Mapping[str, str]


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


@dataclass(frozen=True)
class Resemblances:
    """`found` is (correlation, values in common) by known alpha, the strongest first; `not_compared` is why not."""

    found: Mapping[str, tuple[float, int]]
    not_compared: Mapping[str, str]


def resemblances(bars: pd.DataFrame, signal: F64, known: Mapping[str, KnownAlpha], rules: Fields) -> Resemblances:
    """Correlation with every known alpha that these bars can show on a fair share of the signal's own values."""
    stamps = grid(bars)
    fields = field_matrices(bars, stamps, rules.vwap, rules.sectors)
    formulas: dict[str, Node] = {}
    refused: dict[str, str] = {}
    for name, alpha in known.items():
        try:
            formulas[name] = ready(alpha.formula, tuple(fields), {})
        except CwsError as refusal:
            refused[name] = refusal.what
    found: dict[str, tuple[float, int]] = {}
    least = max(LEAST_COMMON, int(LEAST_SHARE * np.count_nonzero(np.isfinite(signal))))
    for name, values in zip(formulas, evaluate_set(list(formulas.values()), fields), strict=True):
        other = stamps.gather(values)
        common, value = int(np.count_nonzero(np.isfinite(signal) & np.isfinite(other))), correlation(signal, other)
        if common < least:
            refused[name] = f"{common:,} values in common, fewer than {least:,}"
        elif not np.isfinite(value):
            refused[name] = "one of the two does not vary"
        else:
            found[name] = value, common
    return Resemblances(dict(sorted(found.items(), key=lambda item: -abs(item[1][0]))), refused)


@dataclass(frozen=True)
class Look:
    """A formula evaluated and judged on pinned bars; the judgement is sealed in `task`."""

    formula: str
    pin: Pin
    bars: Table
    signal: Table
    task: Task


def prepared(house: House, formula: str, parameters: Mapping[str, float], pin: Pin, rules: Fields) -> Look:
    """Evaluate and judge; nothing is recorded yet, and nothing can be read.

    Raises CWS-ALPHA-001 to -006 for the formula and -008 for a failed check.
    """
    bound_formula = text(ready(formula, field_names(rules.vwap, rules.sectors), parameters))
    bars = Table(house.lake.read(pin), pin.hash, "bars")
    makes, judges = bind(load("alpha_formula"), {"formula": bound_formula, **vars(rules)}), bind(load("ic_decay"), {})
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
    rules: Mapping[str, Fields],
    asked_by: str = "alpha",
) -> Study:
    """Evaluate, judge, record the look, and only then read what the judge says.

    `rules` say by dataset what stands for fields that its bars do not carry.

    Raises CWS-ALPHA-001 to -006 for the formula, -007 for the dataset, -008 for a failed check.
    """
    pin = _pin(house, dataset)
    own = rules.get(pin.part, Fields())
    look = prepared(house, formula, parameters, pin, own)
    asked = {"formula": formula, "parameters": dict(parameters), "fields": dict(vars(own))}
    with house.home.writing(f"alpha on {look.pin.part}", house.lock_wait_s):
        result = evaluate(look.task, LedgerSink(house.ledger, house.lake, house.clock_ns, asked_by))
        house.ledger.append("look", {**_recorded(look, result), **asked})
    stats, bars = result.tables["stats"].frame, look.bars.frame
    alike = resemblances(bars, look.signal.frame["value"].to_numpy(), known, own)
    return Study(
        formula=look.formula,
        dataset=look.pin.part,
        key=result.key,
        looks=result.looks,
        bars=int(bars["ts_event"].nunique()),
        symbols=int(bars["symbol"].nunique()),
        stats=dict(zip(stats["name"], stats["value"].astype(float), strict=True)),
        whys=dict(stats.loc[stats["why"] != "", ["name", "why"]].to_numpy().tolist()),
        resembles={name: value for name, (value, _) in alike.found.items()},
        common={name: count for name, (_, count) in alike.found.items()},
        not_compared=alike.not_compared,
    )
