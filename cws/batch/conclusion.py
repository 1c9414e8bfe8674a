"""The end of a batch: the ledger's entry, with what its rows say and what is said of its best set."""

import json
import math
from collections.abc import Mapping
from typing import Any

from cws.batch import plan as limits
from cws.batch.judges import judged, long_enough
from cws.batch.plan import Plan
from cws.batch.recipe import Sweep
from cws.batch.register import RETURNS, Register
from cws.batch.summary import Seen, look_over, rows_at
from cws.batch.work import Record, Worker
from cws.environment import commit, environment
from cws.lake.commits import Pin
from cws.trial_batches import TABLE
from cws.trials import prior_sharpes


def _already(register: Register, first: int) -> Record:
    """For outcomes of trials that are on record: recording them again checks their keys and writes nothing."""
    return lambda keys: register.record(first, keys)


def conclusion(register: Register, worker: Worker, measured: dict[str, Any]) -> dict[str, object]:
    """The ledger's entry of a batch whose rows are all there."""
    house, plan = register.house, register.plan
    pin = house.lake.pin(TABLE, plan.id)
    seen = look_over(house, pin)
    prior = prior_sharpes(house.lake, house.ledger, plan.counted_as, "")
    shown = rows_at(house, pin, set(seen.shown.values()))
    pins: dict[str, Pin] = {"rows": pin}
    judges: dict[str, Any] = {}
    seen_by_judges: dict[str, int] = {}
    if plan.keeps_returns and len(seen.ranking):
        returns = register.returns()
        pins["returns"] = house.lake.commit(RETURNS, plan.id, returns)
        keys = [str(key) for key in house.lake.read(pin, columns=["key"])["key"]]
        kept, seen_by_judges = long_enough(returns)
        judges = judged(kept, prior, keys, _already(register, 0))
    body: dict[str, object] = {
        "batch": plan.id, "counted_as": plan.counted_as, "recipe": plan.recipe.name, "kind": plan.kind,
        "dataset": plan.dataset.name, "title": plan.recipe.title, "sets": plan.sets, "accounts": plan.accounts,
        "grid": [[axis.name, axis.words, len(axis.values)] for axis in plan.grid.axes],
        "inputs": {name: vars(one) for name, one in plan.pins.items()}, "code": plan.code, "code_version": commit(),
        "environment": environment(), **{name: vars(one) for name, one in pins.items()},
        "rows_hash": seen.rows_hash, "failed": seen.failed, "never_traded": seen.never_traded,
        # What files may not say any more when a set is made again.
        "asked": {"recipe": plan.recipe.model_dump(mode="json"), "dataset": plan.dataset.model_dump(mode="json")},
        "measured": measured, "judges": judges, "judges_saw": seen_by_judges,
        "judges_note": _note(plan, len(seen.ranking) > 0, seen_by_judges),
        **{name: _told(plan, shown[number]) for name, number in seen.shown.items()},
        "best_in_full": _in_full(register, worker, seen),
        "trials": len(prior),
    }  # fmt: skip
    return json.loads(json.dumps(_plain(body)))


def _note(plan: Plan, any_figures: bool, seen: Mapping[str, int]) -> str:
    """What judges of all sets together saw, or why they were not asked."""
    if not plan.keeps_returns:
        return f"not asked: {plan.sets:,} accounts, and returns are kept of at most {limits.RETURNS_SETS:,}"
    if not any_figures:
        return "not asked: no set has a Sharpe ratio"
    left = f"; {seen['left_out']:,} with shorter histories left out" if seen["left_out"] else ""
    return f"{seen['accounts']:,} accounts on {seen['bars']:,} of {seen['of_bars']:,} bars{left}"


def _told(plan: Plan, row: dict[str, object]) -> dict[str, object]:
    number = int(str(row["set"]))
    return {**row, "values": plan.grid.values(number // plan.accounts)}


def _in_full(register: Register, worker: Worker, seen: Seen) -> dict[str, float]:
    """Statistics, intervals and deflated Sharpe ratio of the best set, over all distinct trials."""
    if not seen.shown:
        return {}
    best, accounts = seen.shown["best"], register.plan.accounts
    tables = worker.in_full(best, _already(register, best - best % accounts))
    found: dict[str, float] = {}
    for name in ("stats", "deflated"):
        if name in tables:
            frame = tables[name].frame
            found |= {str(key): float(value) for key, value in zip(frame["name"], frame["value"], strict=True)}
    for table, kind in (("intervals", ""), ("trial_intervals", "_of_all_trials")):
        for row in tables[table].frame.to_dict("records") if table in tables else []:
            found |= {f"{row['name']}{kind}_{end}": float(row[end]) for end in ("low", "high")}
    if isinstance(register.plan.recipe, Sweep):
        # A sweep's curve has no turnover, and the bars of a year are not among its settings.
        said = ("deflated_sharpe", "expected_max_sharpe", "trials", "sharpe_per_bar", "skew", "kurtosis")
        found = {name: value for name, value in found.items() if name in said or "_of_all_trials_" in name}
    return found


def _plain(value: object) -> object:
    """JSON has no NaN: what cannot be said is null."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()  # pyright: ignore[reportAttributeAccessIssue]
    return None if isinstance(value, float) and not math.isfinite(value) else value
