"""The parameter sweep against vectorbt: 10,000 moving-average crosses on 2,500 bars, value, drawdown and orders.

`python -m benchmarks.sweep [--json] [--sets N] [--bars N] [--rounds N]`. Both sides take closes and pairs of windows
and give the same figures; ours also gives the Sharpe ratio and the turnover. vectorbt runs as its documentation
advises: each window once (`run_unique`), one call of `from_signals` over all columns, compiled before it is timed; and
also in parts of 1,000 columns, where its matrices cost the machine less. The faster of the two is the peer.
It fills on the signal's own bar, so its means are taken of the closes of the bar before: no copy, no cost.
The limit is the processor's divider: one division a bar and set is left (the return), all else is cheaper.
"""

import argparse
import itertools
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.limits import division_ns
from benchmarks.machine import facts, interleaved, show, show_lines, vectorbt_name
from benchmarks.peak import peak_rise_mb
from kernels.alpha.assigned import Assigned
from kernels.alpha.parse import parse
from kernels.cpu import sweep as cpu
from kernels.reference import sweep as reference
from kernels.sweep_alpha import DECIDES, alpha_features
from kernels.sweep_features import RULES
from kernels.sweep_inputs import F64, Market, Terms, chosen

SETS, BARS, ROUNDS, CHECKED_SETS = 10_000, 2_500, 3, 12
SHORTEST_WINDOW_BARS = 2
FORMULA = "(close - tmean(close, $n)) / tstd(close, $n) + $x"
TERMS = Terms(initial_usd=1e6, fee=0.001, half_spread=0.0003, slippage=0.0002, borrow_per_bar=0.0, short_side=0.0)
# vectorbt took 243 to 472 ns a bar and set before; a slower one makes any ratio look good.
PEER_NS_BEST, PEER_NS_WORST = 243.0, 472.0
PART_SETS = 1_000


def closes(bars: int, seed: int = 1) -> F64:
    """A random walk of `bars` positive closes."""
    moves = np.random.default_rng(seed).normal(0.0002, 0.01, bars)
    return np.asarray(100.0 * np.cumprod(1.0 + moves), dtype=np.float64)


def window_pairs(sets: int) -> F64:
    """(2, sets) fast and slow windows, fast < slow, of as few distinct windows as give so many pairs."""
    count = next(n for n in itertools.count(2) if n * (n - 1) // 2 >= sets)
    windows = range(SHORTEST_WINDOW_BARS, SHORTEST_WINDOW_BARS + count)
    return np.array(list(itertools.islice(itertools.combinations(windows, 2), sets)), dtype=np.float64).T.copy()


def market_of(close: F64) -> Market:
    return Market(close, close, np.ones(len(close)))


def figures_of(close: F64, sets: F64) -> F64:
    """(N, 5) FIGURES of the compiled lanes, the windows among the work."""
    features, lanes = RULES["ma_cross"].features(close, sets)
    return cpu.sweep("ma_cross", features, lanes, market_of(close), TERMS)


def ours(close: F64, sets: F64) -> F64:
    """(N, 3) final value, drawdown, orders."""
    return figures_of(close, sets)[:, [0, 2, 4]]


def peer(close: F64, sets: F64) -> F64:
    """The same of vectorbt."""
    vbt: Any = import_module("vectorbt")
    price = pd.Series(close)
    fast, slow = (
        vbt.MA.run(price.shift(1), window=[int(bars) for bars in windows], run_unique=True, short_name=name)
        for name, windows in zip(("fast", "slow"), sets, strict=True)
    )
    impact = TERMS.half_spread + TERMS.slippage
    portfolio = vbt.Portfolio.from_signals(
        price, fast.ma_above(slow), fast.ma_below(slow), fees=TERMS.fee, slippage=impact, init_cash=TERMS.initial_usd,
        freq="1D",
    )  # fmt: skip
    figures = (portfolio.final_value(), portfolio.max_drawdown(), portfolio.orders.count())
    return np.column_stack([figure.to_numpy(dtype=np.float64) for figure in figures])


def peer_in_parts(close: F64, sets: F64) -> F64:
    """The same in parts of PART_SETS columns."""
    return np.vstack([peer(close, sets[:, at : at + PART_SETS]) for at in range(0, sets.shape[1], PART_SETS)])


def max_rel_diff(mine: F64, theirs: F64) -> float:
    """Largest difference over the larger of 1e-300 and the peer's size; drawdowns are shares already."""
    gap = np.abs(mine - theirs)
    scale = np.maximum(np.abs(theirs), 1e-300)
    scale[:, 1] = 1.0
    return float(np.max(gap / scale))


def equals_reference(close: F64, sets: F64) -> bool:
    """Whether some of the sets, spread over all, have the bytes of the plain loops."""
    rows = np.linspace(0, sets.shape[1] - 1, min(CHECKED_SETS, sets.shape[1])).astype(np.int64)
    features, lanes = RULES["ma_cross"].features(close, sets)
    plain = reference.sweep("ma_cross", features, chosen(lanes, rows), market_of(close), TERMS)
    return figures_of(close, sets)[rows].tobytes() == plain.tobytes()


def alpha_lanes(close: F64, sets: F64) -> F64:
    """(N, 5) FIGURES of the formula's account, its evaluation among the work; `sets` has the rows n, x, enter, exit."""
    features, lanes = alpha_features(Assigned(parse(FORMULA), {"close": close[:, None]}, 64), ("n", "x"), sets)
    return cpu.sweep(DECIDES, features[0], lanes, market_of(close), TERMS)


def alpha_ns(close: F64, sets: int) -> float:
    """CPU nanoseconds a bar and set of rule alpha: 20 windows, 5 shifts, and thresholds up to `sets` sets."""
    enter = np.linspace(0.1, 2.0, max(sets // 100, 1)).tolist()
    given = itertools.product(range(5, 25), [-0.5, -0.25, 0.0, 0.25, 0.5], enter, [0.0])
    grid = np.array(list(given), dtype=np.float64).T.copy()
    alpha_lanes(close[:300], grid[:, :4])
    took = interleaved({"alpha": lambda: alpha_lanes(close, grid)}, 3)
    return round(took["alpha"]["cpu_ms"] * 1e6 / (grid.shape[1] * len(close)), 3)


def sizes(sets: int, bars: int) -> list[dict[str, float]]:
    """Our cost at a quarter, a half and all of the sets, and of the bars."""
    shares = [(sets // 4, bars), (sets // 2, bars), (sets, bars), (sets, bars // 4), (sets, bars // 2)]
    calls: dict[str, Callable[[], object]] = {}
    for n, t in shares:
        close, pairs = closes(bars)[:t], window_pairs(sets)[:, :: sets // n]
        calls[f"{n} {t}"] = lambda close=close, pairs=pairs: ours(close, pairs)
    took = interleaved(calls, 3)
    return [{"sets": n, "bars": t, "ns": round(took[f"{n} {t}"]["cpu_ms"] * 1e6 / (n * t), 3)} for n, t in shares]


def report(sets: int, bars: int, rounds: int) -> dict[str, object]:
    close, pairs = closes(bars), window_pairs(sets)
    # Warm: what is compiled is compiled for arrays of any length.
    ours(close[:300], pairs[:, :4])
    peer(close[:300], pairs[:, :4])
    difference = max_rel_diff(ours(close, pairs), peer(close, pairs))
    ours_mb, peer_mb = peak_rise_mb(lambda: ours(close, pairs)), peak_rise_mb(lambda: peer(close, pairs))
    parts_mb = peak_rise_mb(lambda: peer_in_parts(close, pairs))
    calls = {"ours": ours, "at_once": peer, "in_parts": peer_in_parts}
    took = interleaved({name: partial(call, close, pairs) for name, call in calls.items()}, rounds)
    ours_ns, at_once_ns, parts_ns = (took[name]["cpu_ms"] * 1e6 / (sets * bars) for name in calls)
    limit_ns, peer_ns = division_ns(), min(at_once_ns, parts_ns)
    # Time and memory of one mode: the faster one.
    taken_mb = peer_mb if at_once_ns < parts_ns else parts_mb
    return {
        "name": "sweep", "sets": sets, "bars": bars, "unit": "CPU ns per bar and parameter set",
        "ours_ns": round(ours_ns, 3), "peer": vectorbt_name(), "peer_ns": round(peer_ns, 1),
        "peer_at_once_ns": round(at_once_ns, 1), "peer_in_parts_ns": round(parts_ns, 1),
        "ratio": round(peer_ns / ours_ns, 1), "ratio_to_best_seen": round(PEER_NS_BEST / ours_ns, 1),
        "max_rel_diff": difference,
        "bit_equal_reference": equals_reference(close, pairs),
        "ours_peak_mb": ours_mb, "peer_peak_mb": taken_mb, "peer_at_once_peak_mb": peer_mb,
        "peer_in_parts_peak_mb": parts_mb, "memory_share": round(ours_mb / taken_mb, 5),
        "limit": "one division per bar and parameter set, divider throughput", "limit_ns": round(limit_ns, 3),
        "of_limit": round(limit_ns / ours_ns, 3), "peer_suspect": peer_ns > PEER_NS_WORST,
        "scaling": sizes(sets, bars), "alpha_rule_ns": alpha_ns(close, sets),
        **facts(), "versions": {name: version(name) for name in ("numba", "numpy", "vectorbt", "pandas")},
    }  # fmt: skip


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--bars", type=int, default=BARS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(arguments)
    found = report(chosen.sets, chosen.bars, chosen.rounds)
    (show if chosen.json else show_lines)(found)


if __name__ == "__main__":
    main(sys.argv[1:])
