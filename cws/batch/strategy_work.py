"""Sets of a strategy: features, sizing and backtest in memory, on the pinned bars, as `cws run` would do them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cws.batch.grid import Grid
from cws.batch.plan import Plan
from cws.batch.strategy_sets import with_values
from cws.batch.work import OF_ALL_TRIALS, Asked, Opened, Record, Rows, no_returns
from cws.flow import task, trial_bounds, trial_settings
from cws.house import House
from cws.stages import Unit, chain, feature_tables
from cws.strategies import Strategy
from cws.trials import evaluate_batch, statistic
from kernels.ordered import ordered_sum
from modules.errors import CwsError
from modules.registry import load
from modules.runner import Value, run
from modules.sealed import Sealed
from modules.settings import Bound, bind
from modules.tables import PRIOR_TRIALS
from modules.values import Table, make_table

# What is said of a single backtest after it was made: for the best, the median and the worst set only.
SAID_LATER = frozenset({"intervals", "deflated"})
OPENED = ("stats", "equity", "trades")
STATS = ("total_return", "max_drawdown", "sharpe", "sharpe_per_bar", "skew", "kurtosis")


class _RefusedError(Exception):
    """A set that a module or a check refused; its text is the row's reason."""


class StrategyWorker:
    """Walks the chain set by set; what the last set did with the same settings on the same inputs is not done again."""

    def __init__(self, house: House, plan: Plan, prior: Callable[[str], pd.DataFrame]) -> None:
        self._plan, self._strategy, self._prior = plan, plan.strategy, prior
        self._inputs: dict[str, Value] = {
            name: Table(house.lake.read(pin), pin.hash, name) for name, pin in plan.pins.items()
        }
        self._task = task(plan.unit, {"bars": plan.pins["bars"]}, {})
        # (module and its settings, what it gave) of the last set, in the chain's order.
        self._walked: list[tuple[tuple[str, str], Mapping[str, Value]]] = []

    def ask(self, first: int, end: int) -> Asked:
        """The sets [first, end); what is said later is left out."""
        return self._asked(range(first, end), SAID_LATER)

    def in_full(self, number: int, record: Record) -> Mapping[str, Table]:
        """One set with its intervals, those that hold for all distinct trials, and its deflated Sharpe ratio."""
        # The other trials are no setting: nothing that was said of another set may be taken for this one's.
        self._walked.clear()
        asked = self._asked(range(number, number + 1), frozenset())
        outcome = {**asked.outcomes[0], **self._of_all_trials(asked.keys[0], asked.outcomes[0])}
        return evaluate_batch(asked.keys, [outcome], record)[0]

    def _of_all_trials(self, key: str, outcome: Mapping[str, Sealed]) -> dict[str, Sealed]:
        if "equity" not in outcome:
            return {}
        given = {"equity": outcome["equity"], "prior_trials": make_table(self._prior(key), PRIOR_TRIALS, "trials")}
        try:
            made = _made(bind(load(OF_ALL_TRIALS)), given)
        except _RefusedError:
            # The batch stands without it, and shows that nothing is said.
            return {}
        return {name: value for name, value in made.items() if isinstance(value, Sealed)}

    def _asked(self, numbers: Sequence[int], later: frozenset[str]) -> Asked:
        keys: list[str] = []
        outcomes: list[dict[str, Sealed]] = []
        whys: list[str] = []
        for number in numbers:
            strategy = with_values(self._strategy, self._plan.grid.values(number))
            key, outcome, why = self._backtest(strategy, later)
            keys.append(key)
            outcomes.append(outcome)
            whys.append(why)
        return Asked(keys, outcomes, lambda opened: self._rows(numbers, keys, opened, whys))

    def _backtest(self, strategy: Strategy, later: frozenset[str]) -> tuple[str, dict[str, Sealed], str]:
        """(trial key, what is opened, why there is nothing)."""
        unit = Unit("backtest", self._plan.dataset, strategy)
        asked = replace(self._task, settings_hash=trial_settings(trial_bounds(strategy)))
        features = chain(Unit("feature", self._plan.dataset, strategy))
        tested = [bound for bound in chain(unit) if not set(bound.module.gives) <= later]
        try:
            made = self._walk(features, self._inputs, 0)
            tables = {"bars": self._inputs["bars"], **{name: made[name] for name in feature_tables(unit)}}
            data = {f"features/{unit.name}.{name}": made[name].hash for name in feature_tables(unit)}
            asked = replace(asked, data={**asked.data, **data})
            if not later:
                tables["prior_trials"] = make_table(self._prior(asked.key), PRIOR_TRIALS, "trials")
            tables = self._walk(tested, tables, len(features))
        except _RefusedError as failure:
            return asked.key, {}, str(failure)
        wanted = {*OPENED, *SAID_LATER} - later
        return asked.key, {n: v for n in wanted if isinstance(v := tables.get(n), Sealed)}, ""

    def _walk(self, bounds: Sequence[Bound], tables: Mapping[str, Value], before: int) -> Mapping[str, Value]:
        for place, bound in enumerate(bounds, start=before):
            asked = bound.module.name, bound.settings_hash
            if place >= len(self._walked) or self._walked[place][0] != asked:
                del self._walked[place:]
                self._walked.append((asked, _made(bound, tables)))
            tables = {**tables, **self._walked[place][1]}
        return tables

    def _rows(self, numbers: Sequence[int], keys: Sequence[str], opened: Opened, whys: Sequence[str]) -> Rows:
        labels = [_label(self._plan.grid, number) for number in numbers]
        given = zip(numbers, keys, labels, opened, whys, strict=True)
        frame = pd.DataFrame([_row(*one) for one in given]).astype(
            dict.fromkeys(("key", "symbol", "parameters", "why"), "str")
        )
        if not self._plan.keeps_returns:
            return Rows(frame, no_returns())
        accounts = {key: tables["equity"].frame for key, tables in zip(keys, opened, strict=True) if "equity" in tables}
        parts = [_returns(key, accounts[key]) for key in sorted(accounts)]
        return Rows(frame, pd.concat([no_returns(), *parts], ignore_index=True))


def _made(bound: Bound, tables: Mapping[str, Value]) -> Mapping[str, Value]:
    outcome = run(bound, tables)
    if outcome.failure is not None:
        code = outcome.failure.code if isinstance(outcome.failure, CwsError) else type(outcome.failure).__name__
        raise _RefusedError(f"{bound.module.name}: {code}")
    if outcome.trace.failed_checks:
        raise _RefusedError(f"{bound.module.name}: failed {', '.join(outcome.trace.failed_checks)}")
    return outcome.outputs


def _label(grid: Grid, number: int) -> str:
    return " ".join(f"{name}={value}" for name, value in grid.values(number).items())


def _row(number: int, key: str, label: str, opened: Mapping[str, Table], why: str) -> dict[str, object]:
    nothing = pd.DataFrame({"name": pd.Series([], dtype="str"), "value": pd.Series([], dtype="float64")})
    stats = opened["stats"].frame if "stats" in opened else nothing
    said = {name: statistic(stats, name) for name in STATS}
    equity = opened["equity"].frame if "equity" in opened else None
    whole = equity is not None and len(equity) > 0
    return {
        "set": number,
        "key": key,
        "symbol": "",
        "parameters": label,
        "bar_count": len(equity) if equity is not None else 0,
        "order_count": opened["trades"].rows if "trades" in opened else 0,
        "final_usd": float(equity["equity_usd"].iloc[-1]) if equity is not None and whole else np.nan,
        **{name: said[name] for name in ("total_return", "max_drawdown", "sharpe", "sharpe_per_bar")},
        "turnover_usd": ordered_sum(equity["turnover_usd"].to_numpy()) if equity is not None and whole else np.nan,
        "cost_usd": ordered_sum(equity["cost_usd"].to_numpy()) if equity is not None and whole else np.nan,
        **{name: said[name] for name in ("skew", "kurtosis")},
        "why": why,
    }


def _returns(key: str, equity: pd.DataFrame) -> pd.DataFrame:
    value = equity["equity_usd"].to_numpy()
    stamps = equity["ts_event"].to_numpy()[1:]
    text = pd.Series([key], dtype="str").repeat(len(stamps)).reset_index(drop=True)
    return pd.DataFrame({"key": text, "ts_event": stamps, "ret": value[1:] / value[:-1] - 1.0})
