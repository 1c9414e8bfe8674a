"""Every parameter set of a rule on every symbol, each an account of its own: the figures of all, the curves of a few.

Decisions fill at the next bar, with fee, half spread, slippage and borrow. What it gives is sealed like any backtest:
looking at a thousand sets is a thousand looks, and the deflated Sharpe ratio must know of them.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from kernels.cpu.sweep import curves
from kernels.sweep_inputs import FIGURES
from modules.backtest.parameter_grid import sets_of
from modules.backtest.sweep_chunks import Traded, prepared, scattered_sets, sweep_chunks, traded
from modules.backtest.sweep_plan import Plan, planned
from modules.backtest.sweep_settings import SweepSettings as Settings
from modules.backtest.sweep_settings import terms_of
from modules.backtest.sweep_tables import I64, PARAMETERS, curves_table, figures_table, no_curves
from modules.contract import Check, module, no_row
from modules.errors import CwsError
from modules.examples import bars_example
from modules.tables import BARS, SWEEP, SWEEP_CURVES

# What one table may hold, about 600 MB.
MAX_ROWS = 4_000_000


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


def _need_room(plan: Plan, symbols: int) -> None:
    if plan.sets * symbols > MAX_ROWS:
        raise CwsError(
            "CWS-BACKTEST-026", what=f"{plan.sets} parameter sets on {symbols} symbols are more than {MAX_ROWS} rows",
            where="settings grid", fix="take a coarser grid, fewer symbols, or run it as a batch: cws backtest --grid",
        )  # fmt: skip


def _best(own: pd.DataFrame, count: int) -> I64:
    # Equal ratios go by the number of the set, and sets without a ratio come last.
    order = np.argsort(-own["sharpe_per_bar"].to_numpy(), kind="stable")[:count]
    return np.sort(own["set"].to_numpy()[order])


def _curves(
    plan: Plan, bars: pd.DataFrame, settings: Settings, symbols: list[Traded], best: dict[str, I64]
) -> pd.DataFrame:
    """The curves of each symbol's best sets; a chunk of sets at a time, whichever symbols want them."""
    wanted = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *best.values()]))
    prepare, shown = prepared(plan, bars, symbols, settings), [no_curves()]
    at_once = scattered_sets(plan, bars["ts_event"].nunique(), len(symbols))
    for at in range(0, len(wanted), at_once):
        part = wanted[at : at + at_once]
        features_of = prepare(sets_of(plan.values, part))
        for number, (symbol, stamps, market) in enumerate(symbols):
            rows = np.flatnonzero(np.isin(part, best[symbol]))
            features, lanes = features_of(number)
            own = curves(plan.decides, features, lanes, market, terms_of(settings), rows)
            shown.append(curves_table(symbol, stamps, part[rows], own))
    return pd.concat(shown).sort_values(["symbol", "set"], kind="stable", ignore_index=True)


@module(takes=BARS, gives=(SWEEP, SWEEP_CURVES), settings=Settings, example=example)
def vector_sweep(bars: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    plan, symbols = planned(settings, settings.max_sets), traded(bars, settings)
    _need_room(plan, len(symbols))
    none = figures_table("", 0, np.empty(0, dtype=np.int64), np.empty((0, 0)), np.empty((0, len(FIGURES))))
    whole = pd.concat([none, *sweep_chunks(bars, settings)])
    figures = whole.sort_values(["symbol", "set"], kind="stable", ignore_index=True)
    best = {str(symbol): _best(own, settings.curve_sets) for symbol, own in figures.groupby("symbol", sort=True)}
    return figures, _curves(plan, bars, settings, symbols, best)


@vector_sweep.accept
def every_symbol_has_every_set(before: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """Each symbol stands with all the grid's sets, numbered from 0, and with the same parameters as any other."""
    plan = planned(settings, settings.max_sets)
    sets = sets_of(plan.values, np.arange(plan.sets, dtype=np.int64))
    symbols = sorted(set(before["symbol"]))
    expected = pd.DataFrame(
        {"symbol": np.repeat(symbols, sets.shape[1]), "set": np.tile(np.arange(sets.shape[1]), len(symbols))}
    )
    given = after.sweep[list(PARAMETERS[: len(sets)])].to_numpy()
    same = list(after.sweep["symbol"]) == list(expected["symbol"]) and list(after.sweep["set"]) == list(expected["set"])
    passed = same and np.array_equal(given, np.tile(sets.T, (len(symbols), 1)))
    return Check(passed, float(abs(len(after.sweep) - len(expected))), f"0 sets away from {len(expected)}")


@vector_sweep.accept
def who_orders_nothing_keeps_the_cash(_: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """Turnover needs orders, orders need bars, and without an order the account is worth its cash to the cent."""
    table, idle = after.sweep, after.sweep["order_count"] == 0
    moved = (table["final_usd"] != settings.initial_cash_usd) | (table["max_drawdown"] != 0.0)
    wrong = idle & (moved | (table["turnover_usd"] != 0.0))
    wrong |= ~table["order_count"].between(0, (table["bar_count"] - 1).clip(lower=0))
    return no_row(table, wrong | (table["turnover_usd"] < 0.0) | ~table["max_drawdown"].between(-1.0, 0.0))


@vector_sweep.accept
def curves_end_and_sink_as_the_figures_say(_: pd.DataFrame, after: SimpleNamespace) -> Check:
    """Each curve ends at its set's final value, and its deepest fall from a peak is the drawdown."""
    curve = after.sweep_curves.groupby(["symbol", "set"], sort=False)["equity_usd"]
    fall = (after.sweep_curves["equity_usd"] / curve.cummax() - 1.0).groupby(
        [after.sweep_curves["symbol"], after.sweep_curves["set"]], sort=False
    )
    told = after.sweep.set_index(["symbol", "set"])[["final_usd", "max_drawdown"]].reindex(curve.last().index)
    wrong = (curve.last() != told["final_usd"]) | ~((fall.min() - told["max_drawdown"]).abs() <= 1e-9)
    return no_row(told.reset_index(), wrong)
