"""Sets of a sweep: sub-grids through the module `vector_sweep`, one row a parameter set and symbol."""

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
import pandas as pd

from cws.batch.grid import I64
from cws.batch.plan import Plan
from cws.batch.recipe import Sweep
from cws.batch.sweep_sets import Cutter, KeyMaker, SubGrid, bound_sweep
from cws.batch.work import OF_ALL_TRIALS, Asked, Opened, Record, Rows, no_returns
from cws.house import House
from cws.trials import evaluate_batch
from modules.errors import CwsError
from modules.registry import load
from modules.runner import Value, run
from modules.sealed import Sealed
from modules.settings import Bound, bind
from modules.tables import EQUITY, PRIOR_TRIALS
from modules.values import Table, make_table

MOST_SETS, MOST_CURVES = 65_536, 100


class SweepWorker:
    """Reads the pinned bars once; a run of sets is cut into sub-grids, and these are the module's."""

    def __init__(self, house: House, plan: Plan, prior: Callable[[str], pd.DataFrame]) -> None:
        assert isinstance(plan.recipe, Sweep)
        self._plan, self._recipe, self._prior = plan, plan.recipe, prior
        pin = plan.pins["bars"]
        self._bars: dict[str, Value] = {"bars": Table(house.lake.read(pin), pin.hash, "bars")}
        self._keys = KeyMaker(plan, bound_sweep(plan.recipe).settings.model_dump(mode="json"))
        self._cutter = Cutter(plan.grid, MOST_CURVES if plan.keeps_returns else MOST_SETS)

    def ask(self, first: int, end: int) -> Asked:
        """The sets [first, end), whole grid sets: every symbol of one is made at once."""
        accounts = self._plan.accounts
        parts = list(self._cutter.cut(first // accounts, end // accounts))
        curves = MOST_CURVES if self._plan.keeps_returns else 0
        outcomes = [self._outcome(part, curves) for part in parts]
        numbers = np.arange(first // accounts, end // accounts, dtype=np.int64)
        places = self._plan.grid.places(numbers)
        by_symbol = [self._keys.keys(places, symbol) for symbol in self._plan.symbols]
        keys = [key for of_set in zip(*by_symbol, strict=True) for key in of_set]
        return Asked(keys, outcomes, lambda opened: self._rows(first, keys, places, opened))

    def _outcome(self, part: SubGrid, curves: int) -> dict[str, Sealed]:
        bound = bound_sweep(self._recipe, grid=part.words, curve_sets=curves)
        return cast(dict[str, Sealed], _made(bound, self._bars))

    def _rows(self, first: int, keys: list[str], places: list[I64], opened: Opened) -> Rows:
        accounts = self._plan.accounts
        told = pd.concat([_by_set(tables["sweep"].frame, accounts) for tables in opened], ignore_index=True)
        assert len(told) == len(keys), f"{len(told)} rows of {len(keys)} sets"
        labels = [axis.labels() for axis in self._plan.grid.axes]
        columns = [[labels[at][place] for place in places[at].tolist()] for at in range(len(places))]
        said = np.repeat(np.array([" ".join(one) for one in zip(*columns, strict=True)], dtype=object), accounts)
        initial = float(str(bound_sweep(self._recipe).settings.model_dump()["initial_cash_usd"]))
        missing = np.full(len(told), np.nan)
        rows = pd.DataFrame(
            {
                "set": np.arange(first, first + len(told), dtype=np.int64),
                "key": pd.Series(keys, dtype="str"),
                "symbol": told["symbol"],
                "parameters": pd.Series(said, dtype="str"),
                "bar_count": told["bar_count"],
                "order_count": told["order_count"],
                "final_usd": told["final_usd"],
                "total_return": told["final_usd"] / initial - 1.0,
                "max_drawdown": told["max_drawdown"],
                "sharpe": missing,
                "sharpe_per_bar": told["sharpe_per_bar"],
                "turnover_usd": told["turnover_usd"],
                **dict.fromkeys(("cost_usd", "skew", "kurtosis"), missing),
                "why": pd.Series([""] * len(told), dtype="str"),
            }
        )
        return Rows(rows, self._returns(keys, opened) if self._plan.keeps_returns else no_returns())

    def _returns(self, keys: list[str], opened: Opened) -> pd.DataFrame:
        parts: list[pd.DataFrame] = [no_returns()]
        done = 0
        for tables in opened:
            sets = tables["sweep"].rows // self._plan.accounts
            for (symbol, number), curve in tables["sweep_curves"].frame.groupby(["symbol", "set"], sort=False):
                account = self._plan.symbols.index(str(symbol))
                parts.append(_curve_returns(keys[(done + int(str(number))) * self._plan.accounts + account], curve))
            done += sets
        return pd.concat(parts).sort_values(["key", "ts_event"], kind="stable", ignore_index=True)

    def in_full(self, number: int, record: Record) -> Mapping[str, Table]:
        """The statistics of one set's curve, its deflated Sharpe ratio and the intervals that hold for all trials."""
        of_grid, account = divmod(number, self._plan.accounts)
        asked = self.ask(of_grid * self._plan.accounts, (of_grid + 1) * self._plan.accounts)
        (part,) = self._cutter.cut(of_grid, of_grid + 1)
        (curve,) = evaluate_batch(asked.keys, [self._outcome(part, 1)], record)
        prior = make_table(self._prior(asked.keys[account]), PRIOR_TRIALS, "trials")
        said: dict[str, Value] = {"equity": _account(curve["sweep_curves"].frame, self._plan.symbols[account])}
        said |= _made(bind(load("performance")), said)
        said |= {
            name: value
            for judge in ("deflated_sharpe", OF_ALL_TRIALS)
            for name, value in _made(bind(load(judge)), {**said, "prior_trials": prior}).items()
        }
        sealed = {name: value for name, value in said.items() if isinstance(value, Sealed)}
        return evaluate_batch(asked.keys, [sealed], record)[0]


def _account(curves: pd.DataFrame, symbol: str) -> Table:
    """A curve as an account's table: a sweep keeps no cash, costs and turnover a bar, and nothing is said of them."""
    own = curves[curves["symbol"] == symbol]
    value = own["equity_usd"].to_numpy()
    unknown = dict.fromkeys(("cost_usd", "turnover_usd"), np.zeros(len(own)))
    frame = pd.DataFrame({"ts_event": own["ts_event"].to_numpy(), "equity_usd": value, "cash_usd": value, **unknown})
    return make_table(frame, EQUITY, "batch")


def _by_set(frame: pd.DataFrame, accounts: int) -> pd.DataFrame:
    """Rows sorted by (symbol, set) as rows sorted by (set, symbol)."""
    order = np.arange(len(frame)).reshape(accounts, -1).T.ravel()
    return frame.take(order).reset_index(drop=True)


def _curve_returns(key: str, curve: pd.DataFrame) -> pd.DataFrame:
    value, stamps = curve["equity_usd"].to_numpy(), curve["ts_event"].to_numpy()[1:]
    # A ruined account stays at nothing: it earns nothing more.
    gain = np.divide(value[1:], value[:-1], out=np.ones(len(stamps)), where=value[:-1] > 0.0) - 1.0
    text = pd.Series([key], dtype="str").repeat(len(stamps)).reset_index(drop=True)
    return pd.DataFrame({"key": text, "ts_event": stamps, "ret": gain})


def _made(bound: Bound, tables: Mapping[str, Value]) -> Mapping[str, Value]:
    """Raises what the module raises: what is wrong with one sub-grid is wrong with the recipe or the bars."""
    outcome = run(bound, tables)
    if outcome.failure is not None:
        raise outcome.failure
    if outcome.trace.failed_checks:
        what = f"checks failed: {', '.join(outcome.trace.failed_checks)}"
        fix = f"cws modules verify {bound.module.name}"
        raise CwsError("CWS-BATCH-011", what=what, where=bound.module.name, fix=fix)
    return outcome.outputs
