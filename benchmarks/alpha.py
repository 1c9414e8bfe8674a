"""A panel of the 101 formulaic alphas against the same in pandas: time, memory, agreement, distance from the limit.

`python -m benchmarks.alpha [--json]`. Both sides run warm and interleaved, single process, CPU time, medians. The limit
is bandwidth: every formula has to read its fields once and write its values once, at the speed at which numpy copies
such matrices in the same run. `ours` fills its matrices anew from formula to formula, as `evaluate` lets a caller do;
`fresh` takes fresh memory each time.
"""

import argparse
import ctypes
import statistics
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alpha_peer import evaluated
from benchmarks.machine import facts, show
from cws.known_alphas import known_alphas
from kernels.alpha.batch import evaluate
from kernels.alpha.elementwise import F64
from kernels.alpha.language import Field, Node, names_of
from kernels.alpha.parse import parse
from kernels.alpha.streaming import Stream

BARS, SYMBOLS, REPETITIONS, GOAL = 1_000, 500, 3, 20.0
REPLAYED_BARS, REPLAYED_SYMBOLS = 300, 20
SUSPECT = 1e-9
STRATEGIES = Path(__file__).resolve().parent.parent / "strategies"


def panel(bars: int, symbols: int) -> dict[str, F64]:
    """Wandering prices, lognormal volumes, vwap between high and low, ten sectors."""
    rng = np.random.default_rng(1)
    close = 50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.02, (bars, symbols)), axis=0)
    opened = close * (1.0 + rng.normal(0.0, 0.005, close.shape))
    high = np.maximum(opened, close) * (1.0 + rng.uniform(0.001, 0.01, close.shape))
    low = np.minimum(opened, close) * (1.0 - rng.uniform(0.001, 0.01, close.shape))
    volume, vwap = np.round(rng.lognormal(11.5, 1.0, close.shape)), low + (high - low) * rng.random(close.shape)
    sector = np.ascontiguousarray(np.broadcast_to(np.arange(symbols) % 10.0, close.shape))
    fields = {
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "vwap": vwap,
        "sector": sector,
    }
    return {name: np.asarray(values, dtype=np.float64) for name, values in fields.items()}


def cpu_ns(call: Callable[[], object]) -> int:
    started = time.process_time_ns()
    call()
    return time.process_time_ns() - started


def peak_rise_mb(call: Callable[[], object]) -> float:
    """How far resident memory rises above its level just before the call; NaN where the kernel does not tell."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def resident_kb(name: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name))

    if not reset.exists():
        return float("nan")
    # What earlier calls freed but kept would hide what this one needs.
    ctypes.CDLL(None).malloc_trim(0)
    reset.write_text("5")
    before = resident_kb("VmRSS")
    call()
    return round((resident_kb("VmHWM") - before) / 1024.0, 1)


def largest_difference(ours: F64, peer: F64) -> float:
    """The greatest |ours - peer| where both are finite, relative to the greatest value of the peer."""
    both = np.isfinite(ours) & np.isfinite(peer)
    scale = float(np.abs(peer[both]).max(initial=0.0)) or 1.0
    return float(np.abs(ours[both] - peer[both]).max(initial=0.0)) / scale


def same_as_stream(formula: Node, fields: Mapping[str, F64]) -> bool:
    """The first bars of some symbols, one bar at a time by the other evaluator: the same bits."""
    small = {name: np.ascontiguousarray(x[:REPLAYED_BARS, :REPLAYED_SYMBOLS]) for name, x in fields.items()}
    stream = Stream(formula, REPLAYED_SYMBOLS)
    rows = np.array([stream.push({name: x[t] for name, x in small.items()}) for t in range(REPLAYED_BARS)])
    found = evaluate(formula, small)
    return np.where(np.isnan(rows), np.nan, rows).tobytes() == np.where(np.isnan(found), np.nan, found).tobytes()


def measured(name: str, formula: Node, fields: Mapping[str, F64], frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """One formula, per bar and symbol; both sides are warm before the first clock starts."""
    first, spare = fields["close"], list[F64]()
    ours, peer = evaluate(formula, fields), evaluated(formula, frames).to_numpy(dtype=np.float64)

    def again() -> None:
        # As one who evaluates many formulas on a panel: a result that is done with is filled anew.
        spare.append(evaluate(formula, fields, spare))

    again()
    matrices = 1 + len(names_of(formula, Field))
    target = np.empty_like(first)
    times: dict[str, list[int]] = {"ours": [], "fresh": [], "peer": [], "limit": []}
    for _ in range(REPETITIONS):
        times["ours"].append(cpu_ns(again))
        times["fresh"].append(cpu_ns(lambda: evaluate(formula, fields)))
        times["peer"].append(cpu_ns(lambda: evaluated(formula, frames)))
        # A copy reads one matrix and writes one.
        times["limit"].append(cpu_ns(lambda: np.copyto(target, first)) * matrices // 2)
    spent = {side: statistics.median(found) / first.size for side, found in times.items()}
    return {
        "name": name,
        "ours_ns": round(spent["ours"], 2),
        "fresh_ns": round(spent["fresh"], 2),
        "peer_ns": round(spent["peer"], 2),
        "ratio": round(spent["peer"] / spent["ours"], 1),
        "limit_ns": round(spent["limit"], 2),
        "max_rel_diff": largest_difference(ours, peer),
        "finite_in_both": round(float((np.isfinite(ours) & np.isfinite(peer)).mean()), 3),
        "bit_equal_reference": same_as_stream(formula, fields),
        "ours_peak_mb": peak_rise_mb(lambda: evaluate(formula, fields)),
        "peer_peak_mb": peak_rise_mb(lambda: evaluated(formula, frames)),
    }


def report(bars: int = BARS, symbols: int = SYMBOLS, names: Collection[str] = ()) -> dict[str, Any]:
    """All formulas, or those in `names`; times are summed, peaks are the highest of any formula."""
    fields = panel(bars, symbols)
    frames = {name: pd.DataFrame(values) for name, values in fields.items()}
    known = known_alphas(STRATEGIES)
    chosen = {name: parse(alpha.formula) for name, alpha in known.items() if name in names or not names}
    rows = [measured(name, formula, fields, frames) for name, formula in chosen.items()]
    sides = ("ours_ns", "fresh_ns", "peer_ns", "limit_ns")
    ours, fresh, peer, limit = (sum(row[side] for row in rows) for side in sides)
    return {
        "name": "alpha",
        "bars": bars,
        "symbols": symbols,
        "formulas": len(rows),
        "ours_ns": round(ours, 1),
        "peer": f"pandas {pd.__version__}, rolling.apply by its numba engine",
        "peer_ns": round(peer, 1),
        "ratio": round(peer / ours, 1),
        "fresh_ns": round(fresh, 1),
        "ratio_fresh": round(peer / fresh, 1),
        "median_ratio": round(statistics.median(row["ratio"] for row in rows), 1),
        "goal": GOAL,
        "max_rel_diff": max(row["max_rel_diff"] for row in rows),
        "bit_equal_reference": all(row["bit_equal_reference"] for row in rows),
        "ours_peak_mb": max(row["ours_peak_mb"] for row in rows),
        "peer_peak_mb": max(row["peer_peak_mb"] for row in rows),
        "limit": "memory bandwidth: each field read once, each value written once",
        "limit_ns": round(limit, 1),
        "of_limit": round(limit / ours, 3),
        "peer_suspect": [row["name"] for row in rows if row["max_rel_diff"] > SUSPECT],
        "rows": rows,
        **facts(),
    }


def table(found: Mapping[str, Any]) -> str:
    head = (
        f"{found['formulas']} formulas, {found['bars']:,} bars x {found['symbols']} symbols, a bar and symbol: "
        f"{found['ours_ns']:.0f} ns, {found['peer']} {found['peer_ns']:.0f} ns, ratio {found['ratio']} "
        f"(goal {found['goal']:.0f}), {found['of_limit']} of the limit ({found['limit']})"
    )
    lines = [
        f"{row['name']}  ours {row['ours_ns']:8.1f}  pandas {row['peer_ns']:8.1f} ns  ratio {row['ratio']:6.1f}  "
        f"apart {row['max_rel_diff']:.1e}  same as stream {row['bit_equal_reference']}  "
        f"peak {row['ours_peak_mb']:.0f} / {row['peer_peak_mb']:.0f} MB"
        for row in found["rows"]
    ]
    return "\n".join([*lines, head]) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.alpha", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    found = report()
    show(found) if options.json else sys.stdout.write(table(found))
    return 0 if found["bit_equal_reference"] and found["ratio"] >= found["goal"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
