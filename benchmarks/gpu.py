"""The CUDA versions of the kernels against the compiled ones: time with all transfers, and whether the bytes are equal.

`python -m benchmarks.gpu [--json] [--size N]`. Wall time, interleaved medians, both sides warm: the card's work is no
time of this process. The compiled side runs on one core, as every path that is hashed does. Refuses to run without a
device, and in numba's simulator, whose times mean nothing.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import cuda as _cuda

from benchmarks.machine import facts, interleaved, show, show_lines
from benchmarks.sweep import TERMS as SWEEP_TERMS
from benchmarks.sweep import closes, market_of, window_pairs
from kernels.cpu import bootstrap, cross_section, panel, rolling, sweep
from kernels.gpu import bootstrap as gpu_bootstrap
from kernels.gpu import cross_section as gpu_cross_section
from kernels.gpu import panel as gpu_panel
from kernels.gpu import rolling as gpu_rolling
from kernels.gpu import sweep as gpu_sweep
from kernels.gpu.arithmetic import SIMULATOR
from kernels.panel_inputs import Market, PanelRun, Terms
from kernels.sweep_features import RULES

# What numba's stubs say of its CUDA functions is not what they take.
cuda: Any = _cuda
SIZE, ROUNDS = 4_096, 5
NOTHING_MEASURED = 2
Pair = tuple[Callable[[], Any], Callable[[], Any]]


def calls(size: int) -> dict[str, Pair]:
    """Per family the compiled and the CUDA call: `size` sets, accounts and histories, and bars for the others."""
    rng = np.random.default_rng(1)
    bars, symbols, accounts = max(size // 4, 8), 20, max(size // 8, 2)
    close = closes(bars)
    features, lanes = RULES["ma_cross"].features(close, window_pairs(size))
    given = ("ma_cross", features, lanes, market_of(close), SWEEP_TERMS)
    prices = 50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (bars, symbols)), axis=0, dtype=np.float64)
    weights = rng.uniform(-1.0, 1.0, (accounts, bars, symbols)) / symbols
    market, terms = Market(prices, prices, prices), [Terms(1e8, 10.0)] * accounts
    series, matrix = rng.normal(size=size * 16), rng.normal(size=(size, 100))
    values, start, restart = rng.normal(size=250), rng.random((size, 250)), rng.random((size, 250))
    families: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
        "sweep": (sweep.sweep, gpu_sweep.sweep, given),
        "panel": (panel.run_panels, gpu_panel.run_panels, (weights, market, terms)),
        "rolling std": (rolling.std, gpu_rolling.std, (series, 20)),
        "cross-sectional rank": (cross_section.rank, gpu_cross_section.rank, (matrix,)),
        "bootstrap": (bootstrap.means, gpu_bootstrap.means, (values, start, restart, 5.0)),
    }
    return {name: (partial(cpu, *asked), partial(gpu, *asked)) for name, (cpu, gpu, asked) in families.items()}


def as_bytes(found: Any) -> bytes:
    """An array's bytes, or those of all columns of all accounts."""
    if isinstance(found, np.ndarray):
        return found.tobytes()
    return b"".join(getattr(run, name).tobytes() for run in found for name in PanelRun.__dataclass_fields__)


def report(size: int, card: str) -> dict[str, object]:
    rows: list[dict[str, object]] = []
    for family, (compiled, device) in calls(size).items():
        equal = as_bytes(compiled()) == as_bytes(device())
        took = interleaved({"compiled": compiled, "device": device}, ROUNDS)
        cpu_ms, gpu_ms = took["compiled"]["wall_ms"], took["device"]["wall_ms"]
        ratio = round(cpu_ms / gpu_ms, 1) if gpu_ms else None
        rows.append({"family": family, "cpu_ms": cpu_ms, "gpu_ms": gpu_ms, "ratio": ratio, "equal_bytes": equal})
    return {"name": "gpu", "card": card, "size": size, "families": rows, **facts()}


def main(arguments: list[str]) -> int:
    """Exit 1 where bytes differ, 2 where there is no card."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--size", type=int, default=SIZE)
    chosen = parser.parse_args(arguments)
    if SIMULATOR or not cuda.is_available():
        sys.stderr.write("no CUDA device here: nothing was measured\n")
        return NOTHING_MEASURED
    name = cuda.get_current_device().name
    found = report(chosen.size, name.decode() if isinstance(name, bytes) else str(name))
    (show if chosen.json else show_lines)(found)
    rows: Any = found["families"]
    return 0 if all(row["equal_bytes"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
