"""As a script: commands of `cws` from stdin, a JSON list of arguments a line, each in a fork of its own.

The process that forks has imported packages of others alone: each command still imports all of ours by itself, and does
not pay a second for pandas. A line of JSON on stdout answers each: its exit code and what it said.
"""

import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

PACKAGES = ("numba", "pandas", "pandera.pandas", "pyarrow.parquet", "deltalake", "pydantic_settings", "rich.table")
LIMIT_S = 120
OWN = {"cws_dagster", "assets", "cws", "modules", "kernels"}


def forked(arguments: list[str]) -> tuple[int, str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        signal.alarm(LIMIT_S)
        try:
            for stream in (1, 2):
                os.dup2(writing, stream)
            from cws_dagster.cli import main

            code = main(arguments)
        except BaseException:  # noqa: BLE001  whoever asked is told
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as said:
        words = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), words


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    for package in PACKAGES:
        importlib.import_module(package)
    assert OWN.isdisjoint(sys.modules), "a command would find it imported"
    for line in sys.stdin:
        sys.stdout.write(json.dumps(forked(json.loads(line))) + "\n")
        sys.stdout.flush()
