"""Where and when a number was measured, and how: interleaved medians of CPU time, because machines are shared."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict, cast

PACKAGES = ("pandas", "pandera", "pyarrow", "blake3", "dagster", "deltalake")
# Below this one-minute load a second core is mostly free.
QUIET_LOAD = 3.0


class Took(TypedDict):
    """Medians in milliseconds; `cpu_ms` counts all threads of the process."""

    cpu_ms: float
    wall_ms: float


def facts() -> dict[str, object]:
    """The machine, its load now, and the versions that matter."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "machine": {"cpu": names[0] if names else platform.machine(), "cores": os.cpu_count()},
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def vectorbt_name() -> str:
    """vectorbt with its version and the engine that its `auto` setting takes: Rust where vectorbt-rust is installed."""
    return f"vectorbt {version('vectorbt')}, {'Rust' if find_spec('vectorbt_rust') else 'numba'} engine"


def interleaved(calls: Mapping[str, Callable[[], object]], repetitions: int) -> dict[str, Took]:
    """Median times by name; every round runs all calls, so that a busy moment touches each alike."""
    cpu: dict[str, list[float]] = {name: [] for name in calls}
    wall: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(repetitions):
        sys.stderr.write(f"round {number + 1} of {repetitions}: {', '.join(calls)}\n")
        sys.stderr.flush()
        for name, call in calls.items():
            started, spent = time.perf_counter_ns(), time.process_time_ns()
            call()
            cpu[name].append((time.process_time_ns() - spent) / 1e6)
            wall[name].append((time.perf_counter_ns() - started) / 1e6)
    return {name: Took(cpu_ms=_median(cpu[name]), wall_ms=_median(wall[name])) for name in calls}


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 3)


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ranked = sorted(values)
    return round(ranked[min(int(share * len(ranked)), len(ranked) - 1)], 3)


def show(result: Mapping[str, object]) -> None:
    """One JSON object, the last line of standard output."""
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


def show_lines(result: Mapping[str, object]) -> None:
    """A line a figure, for people; of several figures under one name a line each."""
    for name, value in result.items():
        for part in cast(list[object], value) if isinstance(value, list) else [value]:
            told = cast(Mapping[str, object], part).items() if isinstance(part, Mapping) else ()
            sys.stdout.write(f"{name:20} {', '.join(f'{word} {figure}' for word, figure in told) or part}\n")
    sys.stdout.flush()
