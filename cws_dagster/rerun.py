"""A/A: the same work in two fresh processes, compared by hash."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from cws.gate.evidence import Rerun
from cws.gate.reruns import Twice
from modules.canonical import json_hash
from modules.errors import CwsError

EXAMPLES = (
    "import json; from modules.conformance import example_hashes; from modules.registry import all_modules; "
    "print(json.dumps({module.name: example_hashes(module) for module in all_modules()}))"
)
ACCOUNTS = (
    "import json, pathlib, sys; from cws.ablation.stretch import account_hashes; "
    "print(json.dumps(account_hashes(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2]))))"
)
# Past the longest warm-up of a feature, 252 bars, with days to trade on behind it.
SHORT_DAYS = 400


def _started(number: str, script: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
    # Another hash seed orders sets otherwise, other threads share sums otherwise: what leans on either is noticed.
    environment = {**os.environ, "PYTHONHASHSEED": number, "OMP_NUM_THREADS": number}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def examples_again() -> list[Twice]:
    """Every module's example. Raises CWS-GATE-007 when a process does not come to its end."""
    return _twice("module", EXAMPLES)


def accounts_again(strategies: Path, most_days: int | None) -> list[Twice]:
    """Every strategy of the catalogue in a folder, from its source's bytes to its account over at most so many days.

    Raises CWS-GATE-007 when a process does not come to its end.
    """
    return _twice("strategy", ACCOUNTS, (str(strategies), json.dumps(most_days)))


def _twice(kind: Literal["module", "strategy"], script: str, arguments: Sequence[str] = ()) -> list[Twice]:
    processes = [_started(number, script, arguments) for number in ("1", "2")]
    answers = [process.communicate() for process in processes]
    failed = [said for process, (_, said) in zip(processes, answers, strict=True) if process.returncode]
    if failed:
        raise CwsError(
            "CWS-GATE-007",
            what=f"a process that runs each {kind} again failed: {failed[0].strip().splitlines()[-1:]}",
            where="A/A",
            fix="cws modules verify names a module, cws run a strategy",
        )
    first, second = (json.loads(answer) for answer, _ in answers)
    return [
        Twice(kind, name, Rerun(json_hash(found), json_hash(second.get(name)))) for name, found in sorted(first.items())
    ]
