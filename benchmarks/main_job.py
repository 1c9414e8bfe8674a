"""What the main job costs and where it goes: `python -m benchmarks.main_job [--json]`.

A home is warmed by one run; then a run in a fresh process is taken apart. Times are exclusive: a module's time does not
hold its checks', a publication's not the lake's. What is left over is Dagster: its events, its steps, its bookkeeping.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.machine import facts, show

GOAL_S = 60.0
ROOT = Path(__file__).resolve().parent.parent
# What is measured: a name, and the function as module:attribute where callers find it.
MEASURED = (
    ("modules", "cws.flow:run"),
    ("checks", "modules.contract:Acceptance.__call__"),
    ("contract", "modules.runner:make_table"),
    ("suites", "assets.wiring:judge"),
    ("import of Great Expectations", "cws.lake.suites:_gx"),
    ("lake commits", "cws.lake.lake:Lake._write"),
    ("lake reads", "cws.lake.lake:Lake.read"),
    ("ledger appends", "cws.ledger.ledger:Ledger.append_many"),
    ("views", "assets.highlights:show_backtest"),
    ("metadata of assets", "assets.wiring:asset_metadata"),
    ("event log", "cws_dagster.event_log:PooledEventLog.store_event"),
    ("the rest of Dagster", "cws_dagster.main_job:_materialize"),
)


class Stopwatch:
    """Exclusive CPU and wall nanoseconds, by name."""

    def __init__(self) -> None:
        self.cpu_ns: dict[str, int] = {}
        self.wall_ns: dict[str, int] = {}
        self._inner: list[list[int]] = []

    def watch(self, name: str, where: str) -> None:
        """Replace the function by one that is timed, for the rest of this process."""
        import importlib

        module, path = where.split(":")
        owner: Any = importlib.import_module(module)
        *outer, last = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, last, self._timed(name, getattr(owner, last)))

    def _timed(self, name: str, function: Callable[..., object]) -> Callable[..., object]:
        @wraps(function)
        def call(*arguments: object, **named: object) -> object:
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            self._inner.append([0, 0])
            try:
                return function(*arguments, **named)
            finally:
                self._book(name, time.perf_counter_ns() - wall, time.process_time_ns() - cpu)

        return call

    def _book(self, name: str, wall_ns: int, cpu_ns: int) -> None:
        inner_wall_ns, inner_cpu_ns = self._inner.pop()
        self.wall_ns[name] = self.wall_ns.get(name, 0) + wall_ns - inner_wall_ns
        self.cpu_ns[name] = self.cpu_ns.get(name, 0) + cpu_ns - inner_cpu_ns
        if self._inner:
            self._inner[-1][0] += wall_ns
            self._inner[-1][1] += cpu_ns


def child() -> int:
    """One main job in this process, taken apart; prints JSON."""
    started, spent = time.perf_counter(), time.process_time()
    from cws.home import settings
    from cws_dagster.main_job import run
    from cws_dagster.summary import summarise

    watch = Stopwatch()
    for name, where in MEASURED:
        watch.watch(name, where)
    imported_s, imported_cpu_s = time.perf_counter() - started, time.process_time() - spent
    summary = summarise(run(settings()))
    parts = {name: {"wall_s": watch.wall_ns[name] / 1e9, "cpu_s": watch.cpu_ns[name] / 1e9} for name in watch.cpu_ns}
    parts["imports"] = {"wall_s": imported_s, "cpu_s": imported_cpu_s}
    whole = {"wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - spent}
    hashes = {one["name"]: one["result_hash"] for one in summary["strategies"]}
    show({**whole, "parts": parts, "checks": summary["checks"], "result_hashes": hashes})
    return 0 if not summary["errors"] and summary["checks"]["failed"] == 0 else 1


def measure(home: Path, views: str) -> dict[str, Any]:
    """A main job in a process of its own. Raises CalledProcessError when it fails."""
    environment = {**os.environ, "CWS_HOME": str(home), "CWS_VIEWS": views}
    command = [sys.executable, "-m", "benchmarks.main_job", "--child"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().split("\n")[-1])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.main_job", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--views", choices=("on", "off"), default="on", help="with or without MLflow and pictures")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        return child()
    with TemporaryDirectory() as home:
        cold, warm = measure(Path(home), options.views), measure(Path(home), options.views)
    report = {"name": "main_job", "goal_s": GOAL_S, "cold_wall_s": cold["wall_s"], "views": options.views, **warm}
    report |= {"same_hashes": cold["result_hashes"] == warm["result_hashes"], **facts()}
    if options.json:
        show(report)
        return 0
    lines = [
        f"warm {warm['wall_s']:.1f} s wall, {warm['cpu_s']:.1f} s CPU (goal {GOAL_S:.0f} s); load {report['load']}"
    ]
    ranked = sorted(warm["parts"].items(), key=lambda part: -part[1]["cpu_s"])
    lines += [f"  {took['cpu_s']:6.2f} s CPU {took['wall_s']:6.2f} s wall  {name}" for name, took in ranked]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
