"""The panel engine against vectorbt: 500 assets of one cash account, 2,500 bars, all rebalanced at every bar.

`python -m benchmarks.panel [--json] [--assets N] [--bars N] [--rounds N]`. Both sides take target weights and closes
and give equity, cash, quantities held and every fill with its cost; ours also gives marks and costs by kind. vectorbt
runs as its documentation advises: one call of `from_orders` over the matrix with shared cash, compiled before it is
timed, in the columns' own order, because the gross stays below one and nothing has to be sold first. It fills on the
signal's own bar, so it is given weights and prices of valuation moved by one bar, outside of what is timed.
`peer_simulation_alone_ns` leaves out what vectorbt takes to read equity, cash and quantities from its records: half.
Both sides take fresh memory for what they give: vectorbt knows no other way, and the ratio compares like with like.
Ours can also write into buffers of an earlier run, which no page fault slows: `ours_reused_ns`, and the scaling.
Three limits are measured in the same run, and the largest is the limit: reading weights and closes once and writing
three matrices once; two divisions an order, of the size and of the cost; and the sum that makes the order of fills
matter, cash, two subtractions a fill, each waiting for the one before.
"""

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from benchmarks.limits import division_ns, median_cpu_ns
from benchmarks.machine import facts, interleaved, show, show_lines, vectorbt_name
from benchmarks.peak import peak_rise_mb
from kernels.cpu.panel import run_panel
from kernels.panel_inputs import F64, Market, PanelRun, Terms, panel_buffers
from kernels.reference import panel as reference

ASSETS, BARS, ROUNDS, CHECKED_BARS = 500, 2_500, 5, 250
GOAL, SAME = 25.0, 1e-9
TERMS = Terms(initial_cash_usd=1e8, cost_bps=10.0)
# vectorbt took 354 ns an order here before; a slower one makes any ratio look good.
PEER_NS_SEEN = 354.0
CHAIN, CHAINS = 512, 40_000
LIMITS = {
    "bandwidth": "memory bandwidth: weights and closes read once, three matrices written once",
    "divider": "divider throughput: two divisions per order",
    "chain": "two subtractions from cash per order, each waiting for the one before",
}


def market(assets: int, bars: int, seed: int = 1) -> Market:
    """Random walks, and weights of both signs whose gross is about a half."""
    rng = np.random.default_rng(seed)
    close: F64 = 50.0 * np.cumprod(1.0 + rng.normal(0.0002, 0.01, (bars, assets)), axis=0, dtype=np.float64)
    return Market(rng.uniform(-1.0, 1.0, (bars, assets)) / assets, close, close)


def moved(matrix: F64) -> F64:
    """Each row where the next one was; the first is missing."""
    out = np.full_like(matrix, np.nan)
    out[1:] = matrix[:-1]
    return out


def simulated(close: pd.DataFrame, size: F64, known: F64) -> Any:
    """The portfolio of vectorbt: orders are filled and recorded, nothing is read yet."""
    import vectorbt as vbt

    return vbt.Portfolio.from_orders(
        close, size=size, size_type="targetpercent", direction="both", val_price=known, fees=TERMS.cost_bps / 1e4,
        init_cash=TERMS.initial_cash_usd, group_by=True, cash_sharing=True,
    )  # fmt: skip


def peer(close: pd.DataFrame, size: F64, known: F64) -> tuple[F64, F64, F64, Any]:
    """(equity, cash, quantities held, order records) of vectorbt."""
    account = simulated(close, size, known)
    equity, cash = account.value().to_numpy(dtype=np.float64), account.cash().to_numpy(dtype=np.float64)
    return equity.ravel(), cash.ravel(), account.assets().to_numpy(dtype=np.float64), account.orders.records_arr


def max_rel_diff(mine: PanelRun, theirs: tuple[F64, F64, F64, Any]) -> float:
    """Largest difference of equity, cash, quantities and costs, each over the largest size of its kind at its bar."""
    equity, cash, held, records = theirs
    costs = np.bincount(records["idx"], records["fees"], minlength=len(equity))
    quantity_scale = np.maximum(np.abs(held).max(axis=1, keepdims=True), 1e-300)
    gaps = (
        np.abs(mine.equity_usd - equity) / equity, np.abs(mine.cash_usd - cash) / equity,
        np.abs(mine.quantity - held) / quantity_scale, np.abs(mine.cost_usd - costs) / np.maximum(costs, 1e-300),
    )  # fmt: skip
    assert np.count_nonzero(mine.filled) == len(records), "both sides fill the same orders"
    return float(max(gap.max() for gap in gaps))


def equals_reference(given: Market) -> bool:
    """Whether the first bars have the bytes of the plain loops, and all bars the same in used buffers as in fresh."""
    short = Market(*(matrix[:CHECKED_BARS] for matrix in given[:3]))
    used = run_panel(given._replace(weights=-given.weights), TERMS, panel_buffers(*given.close.shape))
    pairs = (
        (reference.run_panel(short, TERMS), run_panel(short, TERMS)),
        (run_panel(given, TERMS), run_panel(given, TERMS, used)),
    )
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() for one, other in pairs for name in vars(one)
    )


@njit(error_model="numpy")
def _chain(first: F64, second: F64, times: int) -> float:
    cash = 0.0
    for _ in range(times):
        for i in range(first.size):
            cash = cash - first[i] - second[i]
    return cash


@njit(error_model="numpy")
def _stream(weights: F64, close: F64, quantity: F64, mark: F64, filled: F64) -> None:
    for t in range(close.shape[0]):
        for s in range(close.shape[1]):
            quantity[t, s], mark[t, s], filled[t, s] = weights[t, s], close[t, s], weights[t, s]


def limits_ns(given: Market) -> dict[str, float]:
    """Nanoseconds of processor time an order takes at least, by what it waits for."""
    rng = np.random.default_rng(0)
    first, second = rng.uniform(size=CHAIN), rng.uniform(size=CHAIN)
    out = panel_buffers(*given.close.shape)
    moved_once = lambda: _stream(given.weights, given.close, out.quantity, out.mark, out.filled)  # noqa: E731
    return {
        "bandwidth": median_cpu_ns(moved_once) / given.close.size,
        "divider": 2.0 * division_ns(),
        "chain": median_cpu_ns(lambda: _chain(first, second, CHAINS)) / (CHAINS * CHAIN),
    }


def sizes(assets: int, bars: int) -> list[dict[str, float]]:
    """Our cost at a quarter, a half and all of the assets, and of the bars, in used buffers."""
    shares = [(assets // 4, bars), (assets // 2, bars), (assets, bars), (assets, bars // 4), (assets, bars // 2)]
    given = {f"{s} assets x {t} bars": (market(s, t), run_panel(market(s, t), TERMS)) for s, t in shares}
    took = interleaved({name: lambda one=one: run_panel(one[0], TERMS, one[1]) for name, one in given.items()}, 5)
    spent = [one["cpu_ms"] for one in took.values()]
    return [
        {"assets": s, "bars": t, "ns": round(ms * 1e6 / (s * t), 2)} for (s, t), ms in zip(shares, spent, strict=True)
    ]


def report(assets: int, bars: int, rounds: int) -> dict[str, object]:
    given = market(assets, bars)
    frame, size, known = pd.DataFrame(given.close), moved(given.weights), moved(given.close)
    # Written once, so that its pages are there.
    used = run_panel(given, TERMS)
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: run_panel(given, TERMS), "peer": lambda: peer(frame, size, known),
        "ours_reused": lambda: run_panel(given, TERMS, used), "simulated": lambda: simulated(frame, size, known),
    }  # fmt: skip
    # The first calls compile; what they give is compared.
    difference = max_rel_diff(used, peer(frame, size, known))
    peaks = {name: peak_rise_mb(call) for name, call in calls.items()}
    took = interleaved(calls, rounds)
    ours_ns, peer_ns, reused_ns, simulated_ns = (took[name]["cpu_ms"] * 1e6 / (assets * bars) for name in calls)
    limits = limits_ns(given)
    limit = max(limits, key=lambda name: limits[name])
    return {
        "name": "panel", "assets": assets, "bars": bars, "unit": "CPU ns per bar and asset (an order each)",
        "ours_ns": round(ours_ns, 2), "peer": vectorbt_name(), "peer_ns": round(peer_ns, 1),
        "peer_simulation_alone_ns": round(simulated_ns, 1), "ratio_to_simulation": round(simulated_ns / ours_ns, 1),
        "ratio": round(peer_ns / ours_ns, 1), "ratio_to_best_seen": round(PEER_NS_SEEN / ours_ns, 1),
        "goal": GOAL, "max_rel_diff": difference,
        "ours_reused_ns": round(reused_ns, 2), "ratio_reused": round(peer_ns / reused_ns, 1),
        "bit_equal_reference": equals_reference(given),
        "ours_peak_mb": peaks["ours"], "peer_peak_mb": peaks["peer"], "ours_reused_peak_mb": peaks["ours_reused"],
        "limit": LIMITS[limit], "limit_ns": round(limits[limit], 2), "of_limit": round(limits[limit] / ours_ns, 3),
        "limits_ns": {name: round(least, 2) for name, least in limits.items()},
        "of_limit_reused": round(limits[limit] / reused_ns, 3), "peer_suspect": peer_ns > PEER_NS_SEEN,
        "scaling": sizes(assets, bars),
        **facts(), "versions": {name: version(name) for name in ("numba", "numpy", "vectorbt", "pandas")},
    }  # fmt: skip


def main(arguments: list[str]) -> int:
    """Exit 1 where the two sides or the two versions differ; a ratio depends on the moment and fails nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.panel")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--assets", type=int, default=ASSETS)
    parser.add_argument("--bars", type=int, default=BARS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(arguments)
    found = report(chosen.assets, chosen.bars, chosen.rounds)
    (show if chosen.json else show_lines)(found)
    return 0 if found["bit_equal_reference"] and float(str(found["max_rel_diff"])) <= SAME else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
