"""The peak of memory while a sweep is read in chunks: `sweep_peak.py SETS SETS...`, one JSON object a rule.

A process of its own: the peak is the process's, and what ran before must not hide it.
"""

import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[3])]

import numpy as np  # noqa: E402

from benchmarks.peak import peak_rise_mb  # noqa: E402
from modules.backtest.sweep_chunks import CHUNK_SETS, sweep_chunks  # noqa: E402
from modules.examples import bars_example  # noqa: E402
from modules.registry import load  # noqa: E402
from modules.settings import bind  # noqa: E402

BARS = bars_example(np.random.default_rng(1), 12)
ONE = BARS[BARS["symbol"] == "AAA.XNYS"].reset_index(drop=True)
# Ten million sets each.
GRIDS = {
    "ma_cross": {"grid": "fast_bars 1..4000, slow_bars 1..2500"},
    "alpha": {
        "rule": "alpha", "formula": "close / tmean(close, $n) + $x",
        "grid": "n 1..10, x 1..2000, enter 1..50, exit 0..9",
    },
}  # fmt: skip


def read(told: dict[str, object], sets: int) -> int:
    """How many rows come before set `sets`; each set must come once and in order."""
    expected = 0
    for frame in sweep_chunks(ONE, bind(load("vector_sweep"), told).settings, 0, sets):  # type: ignore[arg-type]
        numbers = frame["set"].to_numpy()
        assert len(numbers) <= CHUNK_SETS and np.array_equal(numbers, expected + np.arange(len(numbers)))
        expected += len(numbers)
    return expected


if __name__ == "__main__":
    for rule, told in GRIDS.items():
        read(told, CHUNK_SETS)
        counted: list[int] = []
        peaks = [peak_rise_mb(lambda n=int(word): counted.append(read(told, n))) for word in sys.argv[1:]]  # noqa: B023
        sys.stdout.write(json.dumps({"rule": rule, "sets": counted, "peak_mb": peaks}) + "\n")
