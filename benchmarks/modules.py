"""What the contract costs: everything that a run adds around a module's core, on 100,000 rows x 8 columns.

`python -m benchmarks.modules [--json] [--all]`: an identity module; with --all the registry on its own scaled examples.
Goal: at most 25 ms of CPU time a module, every row validated. The limit, in the same run: the least that any contract
of this kind must do with these bytes, which is to read them once and to hash them once.
"""

import argparse
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from statistics import median
from time import process_time_ns
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from blake3 import blake3

from benchmarks.identity import COLUMNS, EIGHT, ROWS, identity
from benchmarks.machine import Took, facts, interleaved, show
from modules.canonical import content_hash, to_arrow
from modules.conformance import example_inputs
from modules.contract import Module
from modules.examples import bars_example, keyed_example
from modules.registry import all_modules
from modules.runner import Value, run
from modules.settings import bind
from modules.values import Table, checked

GOAL_MS, REPETITIONS = 25.0, 21
# Four symbols of which the last lists late: 99,000 rows.
SCALED_BARS, SCALED_REPETITIONS = 27_000, 3
UNVALIDATED = "nobody"


@dataclass
class Spent:
    """CPU nanoseconds inside the core and inside the acceptance checks of one run."""

    core_ns: int = 0
    checks_ns: int = 0


@contextmanager
def clocked(module: Module) -> Generator[Spent]:
    """Count the time inside a module's core and checks while the block runs; afterwards the module is as it was."""
    spent, core, acceptance = Spent(), getattr(module, "_core"), module.acceptance  # noqa: B009

    def timed(function: Callable[..., object], field: str) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: object, **skills: object) -> object:
            started = process_time_ns()
            try:
                return function(*arguments, **skills)
            finally:
                setattr(spent, field, getattr(spent, field) + process_time_ns() - started)

        return call

    setattr(module, "_core", timed(core, "core_ns"))  # noqa: B010
    module.acceptance = [replace(a, judge=timed(a.judge, "checks_ns")) for a in acceptance]
    try:
        yield spent
    finally:
        setattr(module, "_core", core)  # noqa: B010
        module.acceptance = acceptance


def overhead(module: Module, inputs: Mapping[str, Value], repetitions: int) -> dict[str, object]:
    """Median CPU milliseconds of a run: in all, in its core, in its checks, and what the contract adds to these."""
    bound, rows = bind(module), list[tuple[float, float, float]]()
    trace = run(bound, inputs).trace
    for _ in range(repetitions):
        with clocked(module) as spent:
            trace = run(bound, inputs).trace
        rows.append((trace.cpu_ns / 1e6, spent.core_ns / 1e6, spent.checks_ns / 1e6))
    whole, core, checks = (median(column) for column in zip(*rows, strict=True))
    added = median(total - inside - judged for total, inside, judged in rows)
    figures = {"run_ms": whole, "core_ms": core, "checks_ms": checks, "overhead_ms": added}
    count = max([trace.rows_in, trace.rows_out])
    return {"name": module.name, "rows": count, "error": trace.error, **{n: round(v, 3) for n, v in figures.items()}}


def unvalidated(inputs: Mapping[str, Value]) -> dict[str, Value]:
    """The same tables as if nobody had validated them yet."""
    return {name: replace(v, schema=UNVALIDATED) if isinstance(v, Table) else v for name, v in inputs.items()}


def parts_and_limits(frame: pd.DataFrame) -> dict[str, Took]:
    """The contract's parts and the limits, in one interleaved run over the bytes of one table."""
    data = canonical_bytes(frame)
    words = np.frombuffer(data, dtype=np.uint64)
    return interleaved(
        {
            "validate": lambda: checked(frame, EIGHT, "benchmark"),
            "hash": lambda: content_hash(frame),
            "limit_read": lambda: int(words.max()),
            "limit_blake3": lambda: blake3(data).hexdigest(),
        },
        REPETITIONS,
    )


def canonical_bytes(frame: pd.DataFrame) -> bytes:
    """What is hashed: the Arrow IPC stream, whose length is a multiple of eight."""
    sink, arrow = pa.BufferOutputStream(), to_arrow(frame)
    with pa.ipc.new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    return sink.getvalue().to_pybytes()


def identity_report() -> dict[str, object]:
    inputs = example_inputs(identity)
    frame = cast(Table, inputs["eight"]).frame
    warm, cold = overhead(identity, inputs, REPETITIONS), overhead(identity, unvalidated(inputs), REPETITIONS)
    parts = parts_and_limits(frame)
    least_ms = parts["limit_read"]["cpu_ms"] + parts["limit_blake3"]["cpu_ms"]
    added_ms = float(str(cold["overhead_ms"]))
    return {
        "name": "module_overhead",
        "rows": ROWS,
        "columns": len(COLUMNS),
        "bytes": to_arrow(frame).nbytes,
        "overhead_ms": added_ms,
        "overhead_input_validated_before_ms": warm["overhead_ms"],
        "overhead_with_checks_ms": round(added_ms + float(str(cold["checks_ms"])), 3),
        "goal_ms": GOAL_MS,
        "within_goal": added_ms <= GOAL_MS,
        "parts": parts,
        "limit_ms": round(least_ms, 3),
        "of_limit": round(added_ms / least_ms, 1),
        **facts(),
    }


def registry_report() -> list[dict[str, object]]:
    """Every module on its own example with more bars; one whose example brings its own rows keeps them."""
    before = bars_example.__defaults__, keyed_example.__defaults__
    bars_example.__defaults__, keyed_example.__defaults__ = (SCALED_BARS,), (*(before[1] or ())[:-1], SCALED_BARS)
    try:
        return [_of_module(module) for module in all_modules()]
    finally:
        bars_example.__defaults__, keyed_example.__defaults__ = before


def _of_module(module: Module) -> dict[str, object]:
    """As in a chain, where the maker of a table has validated it; and as if nobody had."""
    inputs = example_inputs(module)
    cold = overhead(module, unvalidated(inputs), SCALED_REPETITIONS)
    return overhead(module, inputs, SCALED_REPETITIONS) | {"overhead_unvalidated_ms": cold["overhead_ms"]}


def table(report: Mapping[str, Any]) -> str:
    size = f"{report['rows']:,} rows x {report['columns']} columns"
    limit = f"{report['of_limit']} x the limit of {report['limit_ms']:.2f} ms"
    lines = [f"contract + trace: {report['overhead_ms']:.1f} ms for {size} (goal {GOAL_MS:.0f} ms); {limit}"]
    lines += [
        f"{one['name']:24s} {one['rows']:>8,} rows  run {one['run_ms']:9.1f}  core {one['core_ms']:9.1f}  "
        f"checks {one['checks_ms']:8.1f}  overhead {one['overhead_ms']:7.1f} ms, "
        f"{one['overhead_unvalidated_ms']:6.1f} with inputs that nobody validated  {one['error']}"
        for one in report.get("modules", [])
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.modules", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--all", action="store_true", help="every module of the registry too (about a minute)")
    options = parser.parse_args(arguments)
    report = identity_report()
    if options.all:
        report["modules"] = registry_report()
    show(report) if options.json else sys.stdout.write(table(report))
    return 0 if report["within_goal"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
