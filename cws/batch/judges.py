"""What is said of all sets of a batch together: how much of the best one's figure is selection."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from cws.batch.work import Record
from cws.trials import evaluate_batch
from modules.registry import load, names
from modules.runner import Value, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.values import make_table

# Modules that take the sets' returns per bar; those that the registry has are run.
JUDGES = ("pbo_cscv", "spa_stepm", "cpcv_paths")
STATS_COLUMNS = ["name", "value", "why"]

Said = dict[str, dict[str, float | str | None]]


# Judges compare accounts on the bars that all of them have: one that was listed late would cut the others short.
LEAST_SHARE = 0.9


def long_enough(returns: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """The returns of accounts with at least LEAST_SHARE of the longest one's bars, and what judges see of the batch.

    Bars are returns: one fewer than an account's bars of prices.
    """
    bars = returns.groupby("key", sort=False)["ts_event"].transform("size")
    kept = returns[bars >= LEAST_SHARE * bars.max()].reset_index(drop=True)
    accounts = int(kept["key"].nunique())
    common = kept.groupby("ts_event")["key"].size()
    seen = {
        "accounts": accounts, "left_out": int(returns["key"].nunique()) - accounts,
        "bars": int((common == accounts).sum()), "of_bars": int(returns["ts_event"].nunique()),
    }  # fmt: skip
    return kept, seen


def judged(returns: pd.DataFrame, prior: pd.DataFrame, keys: Sequence[str], record: Record) -> Said:
    """Judge -> statistic -> value, or why there is none. A judge that refuses says so and stops nobody else."""
    given = {"trial_returns": returns, "prior_trials": prior}
    return {name: _said(name, given, keys, record) for name in JUDGES if name in names()}


def _said(
    name: str, given: Mapping[str, pd.DataFrame], keys: Sequence[str], record: Record
) -> dict[str, float | str | None]:
    module = load(name)
    strange = sorted(set(module.takes) - set(given))
    if strange:
        return {"refused": f"takes {', '.join(strange)}, which a batch has not"}
    inputs: dict[str, Value] = {}
    for table, schema in module.takes.items():
        assert not isinstance(schema, type), f"{name} takes raw bytes"
        inputs[table] = make_table(given[table], schema, "batch")
    outcome = run(bind(module), inputs)
    if outcome.failure is not None or outcome.trace.failed_checks:
        return {"refused": str(outcome.failure or f"failed {', '.join(outcome.trace.failed_checks)}")}
    sealed = {table: value for table, value in outcome.outputs.items() if isinstance(value, Sealed)}
    (opened,) = evaluate_batch(keys, [sealed], record)
    found: dict[str, float | str | None] = {}
    for table in opened.values():
        if list(table.frame.columns) == STATS_COLUMNS:
            for row in table.frame.to_dict("records"):
                value = float(row["value"])
                found[str(row["name"])] = value if math.isfinite(value) else str(row["why"])
    return found
