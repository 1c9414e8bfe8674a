"""What storing costs: one million rows into the lake and back, verified, and one entry onto the ledger.

`python -m benchmarks.lake [--json]`. Limits, measured in the same run on the same bytes: for a commit, hashing its
content and its file and writing the file durably; for a read, reading the file and hashing both; for an append, one
fdatasync.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from blake3 import blake3

from benchmarks.machine import facts, interleaved, quantile, show
from benchmarks.modules import canonical_bytes
from cws.lake.files import fingerprint
from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger

ROWS, SYMBOLS, REPETITIONS = 1_000_000, 1_000, 5
APPENDS, BODY_BYTES, GROWN = 300, 600, 500


def signal(seed: int) -> pd.DataFrame:
    """One million rows of the `features` table."""
    bars = ROWS // SYMBOLS
    stamps = np.tile(np.arange(bars, dtype=np.int64) * 86_400_000_000_000, SYMBOLS)
    symbols = pd.Series(np.repeat([f"S{n:04d}.XNYS" for n in range(SYMBOLS)], bars), dtype="str")
    value = np.random.default_rng(seed).uniform(-1.0, 1.0, ROWS)
    return pd.DataFrame({"ts_event": stamps, "ts_avail": stamps, "symbol": symbols, "value": value})


def write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fdatasync(file.fileno())


def lake_report(folder: Path) -> dict[str, object]:
    """Commit and verified read: every repetition commits other rows, and reads them with nothing remembered."""
    ledger = Ledger(folder / "ledger")
    frames = iter([signal(seed) for seed in range(REPETITIONS)])
    first = Lake(folder / "lake", ledger).commit("features", "bench", signal(REPETITIONS))
    stored = next((folder / "lake/features/part=bench").iterdir())
    data, content = stored.read_bytes(), canonical_bytes(signal(REPETITIONS))

    def read() -> None:
        fingerprint.__globals__["_digest_once"].cache_clear()
        assert len(Lake(folder / "lake", ledger).read(first)) == ROWS

    def hash_both() -> None:
        blake3(data).hexdigest()
        blake3(content).hexdigest()

    took = interleaved(
        {
            "commit": lambda: Lake(folder / "lake", ledger).commit("features", "bench", next(frames)),
            "read": read,
            "limit_write": lambda: write_durably(folder / "limit", data),
            "limit_read": lambda: stored.read_bytes(),
            "limit_hash": hash_both,
        },
        REPETITIONS,
    )
    limit_commit_ms = took["limit_write"]["wall_ms"] + took["limit_hash"]["wall_ms"]
    limit_read_ms = took["limit_read"]["wall_ms"] + took["limit_hash"]["wall_ms"]
    return {
        "rows": ROWS,
        "file_bytes": len(data),
        "content_bytes": len(content),
        "took": took,
        "commit_of_limit": round(took["commit"]["wall_ms"] / limit_commit_ms, 1),
        "read_of_limit": round(took["read"]["wall_ms"] / limit_read_ms, 1),
    }


def latencies_ms(call: Callable[[], object]) -> dict[str, float]:
    values: list[float] = []
    for _ in range(APPENDS):
        started = time.perf_counter_ns()
        call()
        values.append((time.perf_counter_ns() - started) / 1e6)
    return {"p50_ms": quantile(values, 0.5), "p99_ms": quantile(values, 0.99)}


def ledger_report(folder: Path) -> dict[str, object]:
    """One entry at a time; the limit appends the same number of bytes to a plain file and waits for the disk once."""
    ledger, body = Ledger(folder / "appends"), {"text": "x" * BODY_BYTES}
    with (folder / "plain").open("ab", buffering=0) as file:

        def plain() -> None:
            file.write(b"x" * BODY_BYTES)
            os.fdatasync(file.fileno())

        ledger.append("run", body)
        limit, append = latencies_ms(plain), latencies_ms(lambda: ledger.append("run", body))
    of_limit = {name: round(append[name] / limit[name], 1) for name in append}
    return {"appends": APPENDS, "append": append, "limit_fdatasync": limit, "of_limit": of_limit}


def growth_report(folder: Path) -> dict[str, object]:
    """What an append to a table costs in CPU time when the table is new, and when it has many versions."""
    lake, rows, values = Lake(folder / "grown", Ledger(folder / "grown_ledger")), signal(0).head(10), list[float]()
    for _ in range(GROWN):
        started = time.process_time_ns()
        lake.append("features", "bench", rows)
        values.append((time.process_time_ns() - started) / 1e6)
    early, late = quantile(values[5:25], 0.5), quantile(values[-20:], 0.5)
    slope_us = round((late - early) / (GROWN - 25) * 1e3, 1)
    return {"appends": GROWN, "early_cpu_ms": early, "late_cpu_ms": late, "cpu_us_a_version": slope_us}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.lake", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure (default: the temporary folder)")
    options = parser.parse_args(arguments)
    with TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        report = {"name": "lake", "lake": lake_report(folder), "ledger": ledger_report(folder)}
        report |= {"growth": growth_report(folder), **facts()}
    if options.json:
        show(report)
    else:
        sys.stdout.writelines(f"{name}: {value}\n" for name, value in report.items())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
