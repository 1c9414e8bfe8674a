"""A/A: the same work in two fresh processes, compared by hash."""

import json
import os
import subprocess
import sys

from modules.errors import CwsError

SCRIPT = (
    "import json; from modules.conformance import example_hashes; from modules.registry import all_modules; "
    "print(json.dumps({module.name: example_hashes(module) for module in all_modules()}))"
)


def _started(hash_seed: str) -> subprocess.Popen[str]:
    # Another hash seed orders sets otherwise: what leans on their order is noticed.
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def examples_again() -> tuple[int, int]:
    """How many modules give equal bytes on their example in two fresh processes, and of how many.

    Raises CWS-GATE-007 when a process does not come to its end.
    """
    processes = [_started("1"), _started("2")]
    answers = [process.communicate() for process in processes]
    failed = [said for process, (_, said) in zip(processes, answers, strict=True) if process.returncode]
    if failed:
        raise CwsError(
            "CWS-GATE-007",
            what=f"a process that reruns the modules' examples failed: {failed[0].strip().splitlines()[-1:]}",
            where="A/A",
            fix="cws modules verify names the module",
        )
    first, second = (json.loads(answer) for answer, _ in answers)
    return sum(hashes == second.get(name) for name, hashes in first.items()), len(first)
