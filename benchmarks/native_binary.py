"""A measurement that a binary of `gateway/` makes: run it, show its JSON."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import show, show_lines

RELEASE = Path(__file__).resolve().parent.parent / "gateway" / "target" / "release"


def measured(name: str, arguments: Sequence[str]) -> int:
    """Exit code of `cws-bench-NAME`; 2 where it is not built."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--json", action="store_true", help="one object instead of lines")
    options = parser.parse_args(arguments)
    binary = RELEASE / f"cws-bench-{name}"
    if not binary.is_file():
        sys.stderr.write(f"{binary.name} is not built: make run builds it where cargo and g++ are\n")
        return 2
    sys.stderr.write(f"measuring {name}: a minute or two, best on a machine that does nothing else ...\n")
    done = subprocess.run([str(binary), "--json"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        (show if options.json else show_lines)(json.loads(done.stdout))
    return done.returncode
