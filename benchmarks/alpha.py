"""A panel of the 101 formulaic alphas against the same in pandas: time, memory, agreement, distance from the limit.

`python -m benchmarks.alpha [--json]`. Both sides run warm and interleaved, single process, CPU time, medians. The limit
is bandwidth: each field has to be read once and each formula's values written once, at the speed at which numpy copies
such matrices in the same run. `WHAT` says what each time and ratio is.
"""

import argparse
import collections
import ctypes
import statistics
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from benchmarks.alpha_peer import evaluated, evaluated_set
from benchmarks.machine import facts, show
from cws.known_alphas import known_alphas
from kernels.alpha.batch import evaluate
from kernels.alpha.elementwise import F64
from kernels.alpha.language import Node
from kernels.alpha.parse import parse
from kernels.alpha.streaming import Stream
from kernels.alpha.together import evaluate_set

BARS, SYMBOLS, REPETITIONS, GOAL = 1_000, 500, 3, 20.0
REPLAYED_BARS, REPLAYED_SYMBOLS = 300, 20
SUSPECT = 1e-9
Frames: TypeAlias = Mapping[str, pd.DataFrame]
WHAT = {
    "ours_ns": "evaluate_set: all formulas as one set, parts equal between formulas computed once",
    "peer_ns": "pandas, formula by formula: parts equal inside a formula computed once, none shared between formulas",
    "ratio": "peer_ns / ours_ns: our set against pandas formula by formula",
    "ratio_shared_peer": "shared_peer_ns / ours_ns: pandas also computes parts equal between formulas once",
    "ratio_alone": "peer_ns / alone_ns: both formula by formula; ours fills its matrices anew",
    "ratio_fresh": "peer_ns / fresh_ns: as ratio_alone, ours with fresh memory for every formula",
}
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


def same_bits(one: F64, other: F64) -> bool:
    """A NaN is a NaN, whatever its sign."""
    return np.where(np.isnan(one), np.nan, one).tobytes() == np.where(np.isnan(other), np.nan, other).tobytes()


def same_as_stream(formula: Node, fields: Mapping[str, F64]) -> bool:
    """The first bars of some symbols, one bar at a time by the other evaluator: the same bits."""
    small = {name: np.ascontiguousarray(x[:REPLAYED_BARS, :REPLAYED_SYMBOLS]) for name, x in fields.items()}
    stream = Stream(formula, REPLAYED_SYMBOLS)
    rows = np.array([stream.push({name: x[t] for name, x in small.items()}) for t in range(REPLAYED_BARS)])
    return same_bits(rows, evaluate(formula, small))


def agreement(name: str, formula: Node, ours: F64, fields: Mapping[str, F64], frames: Frames) -> dict[str, Any]:
    """What one formula of the set gave against the peer, against itself alone, and against the stream."""
    alone, peer = evaluate(formula, fields), evaluated(formula, frames).to_numpy(dtype=np.float64)
    same = same_bits(ours, alone) and same_as_stream(formula, fields)
    return {
        "name": name,
        "max_rel_diff": largest_difference(ours, peer),
        "finite_in_both": round(float((np.isfinite(ours) & np.isfinite(peer)).mean()), 3),
        "bit_equal_reference": same,
        "ours_peak_mb": peak_rise_mb(lambda: evaluate(formula, fields)),
        "peer_peak_mb": peak_rise_mb(lambda: evaluated(formula, frames)),
    }


def _round(formulas: Sequence[Node], fields: Mapping[str, F64], frames: Frames, spare: list[F64]) -> dict[str, Any]:
    """CPU time in ns of each way to evaluate all formulas once: of the set, or of each formula by itself."""

    def refilled(formula: Node) -> None:
        # As one who evaluates many formulas on a panel: a result that is done with is filled anew.
        spare.append(evaluate(formula, fields, spare))

    def together() -> None:
        # A result goes to the spare ones before the next formula runs.
        collections.deque(map(spare.append, evaluate_set(formulas, fields, spare)), 0)

    def shared() -> None:
        collections.deque(evaluated_set(formulas, frames), 0)

    target = np.empty_like(fields["close"])
    return {
        "set": cpu_ns(together),
        "alone": [cpu_ns(lambda formula=formula: refilled(formula)) for formula in formulas],
        "fresh": sum(cpu_ns(lambda formula=formula: evaluate(formula, fields)) for formula in formulas),
        "peer": [cpu_ns(lambda formula=formula: evaluated(formula, frames)) for formula in formulas],
        "shared_peer": cpu_ns(shared),
        # A copy reads one matrix and writes one.
        "limit": cpu_ns(lambda: np.copyto(target, fields["close"])) * (len(fields) + len(formulas)) / 2,
    }


def _times(rounds: Sequence[dict[str, Any]], cells: int) -> dict[str, float]:
    """Medians over the rounds, in ns a bar and symbol, all formulas together."""

    def middle(way: str) -> float:
        return statistics.median(float(np.sum(found[way])) for found in rounds) / cells

    ours, peer = middle("set"), middle("peer")
    ways = {way: middle(way) for way in ("alone", "fresh", "shared_peer", "limit")}
    return {
        "ours_ns": round(ours, 1),
        "peer_ns": round(peer, 1),
        "ratio": round(peer / ours, 1),
        "shared_peer_ns": round(ways["shared_peer"], 1),
        "ratio_shared_peer": round(ways["shared_peer"] / ours, 1),
        "alone_ns": round(ways["alone"], 1),
        "ratio_alone": round(peer / ways["alone"], 1),
        "fresh_ns": round(ways["fresh"], 1),
        "ratio_fresh": round(peer / ways["fresh"], 1),
        "limit_ns": round(ways["limit"], 1),
        "of_limit": round(ways["limit"] / ours, 3),
    }


def report(bars: int = BARS, symbols: int = SYMBOLS, names: Collection[str] = ()) -> dict[str, Any]:
    """All formulas, or those in `names`; times are summed, peaks of single formulas are the highest of any."""
    fields = panel(bars, symbols)
    frames = {name: pd.DataFrame(values) for name, values in fields.items()}
    known = known_alphas(STRATEGIES)
    chosen = {name: parse(alpha.formula) for name, alpha in known.items() if name in names or not names}
    formulas, spare = list(chosen.values()), list[F64]()
    # This also warms all sides before the first clock starts.
    rows = [
        agreement(name, formula, values, fields, frames)
        for (name, formula), values in zip(chosen.items(), evaluate_set(formulas, fields), strict=True)
    ]
    rounds = [_round(formulas, fields, frames, spare) for _ in range(1 + REPETITIONS)][1:]
    for number, row in enumerate(rows):
        ours, peer = (statistics.median(found[way][number] for found in rounds) for way in ("alone", "peer"))
        row |= {"alone_ns": round(ours / bars / symbols, 2), "peer_ns": round(peer / bars / symbols, 2)}
        row["ratio_alone"] = round(peer / ours, 1)
    return {
        "name": "alpha",
        "bars": bars,
        "symbols": symbols,
        "formulas": len(rows),
        **_times(rounds, bars * symbols),
        "what": WHAT,
        "peer": f"pandas {pd.__version__}, rolling.apply by its numba engine",
        "median_ratio_alone": round(statistics.median(row["ratio_alone"] for row in rows), 1),
        "goal": GOAL,
        "max_rel_diff": max(row["max_rel_diff"] for row in rows),
        "bit_equal_reference": all(row["bit_equal_reference"] for row in rows),
        "ours_peak_mb": peak_rise_mb(lambda: collections.deque(evaluate_set(formulas, fields), 0)),
        "peer_peak_mb": max(row["peer_peak_mb"] for row in rows),
        "shared_peer_peak_mb": peak_rise_mb(lambda: collections.deque(evaluated_set(formulas, frames), 0)),
        "alone_peak_mb": max(row["ours_peak_mb"] for row in rows),
        "limit": "memory bandwidth: each field read once, each value of each formula written once",
        "peer_suspect": [row["name"] for row in rows if row["max_rel_diff"] > SUSPECT],
        "rows": rows,
        **facts(),
    }


def table(found: Mapping[str, Any]) -> str:
    ways = (("ours_ns", "as a set"), ("alone_ns", "formula by formula"), ("fresh_ns", "with fresh memory for each"))
    peers = (("peer_ns", "formula by formula"), ("shared_peer_ns", "with equal parts shared"))
    head = [
        f"{found['formulas']} formulas, {found['bars']:,} bars x {found['symbols']} symbols, ns a bar and symbol",
        "ours: " + ", ".join(f"{found[key]:.0f} {way}" for key, way in ways),
        f"{found['peer']}: " + ", ".join(f"{found[key]:.0f} {way}" for key, way in peers),
        f"ratio {found['ratio']} (goal {found['goal']:.0f}): ours as a set, pandas formula by formula",
        f"ratio {found['ratio_shared_peer']} where pandas shares, {found['ratio_alone']} where neither does",
        f"{found['of_limit']} of the limit ({found['limit']})",
    ]
    lines = [
        f"{row['name']}  alone {row['alone_ns']:8.1f}  pandas {row['peer_ns']:8.1f} ns  "
        f"ratio {row['ratio_alone']:6.1f}  apart {row['max_rel_diff']:.1e}  "
        f"same as stream {row['bit_equal_reference']}  "
        f"peak {row['ours_peak_mb']:.0f} / {row['peer_peak_mb']:.0f} MB"
        for row in found["rows"]
    ]
    return "\n".join([*lines, *head]) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.alpha", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    found = report()
    show(found) if options.json else sys.stdout.write(table(found))
    return 0 if found["bit_equal_reference"] and found["ratio"] >= found["goal"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
