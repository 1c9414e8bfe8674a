"""`cws bench`: time, memory and agreement beside a peer and a limit. The benchmarks stand in a checkout alone."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from cws_dagster.screen import AsJson, print_json

ROOT = Path(__file__).resolve().parent.parent.parent
# Benchmarks with a peer, and what the peer needs; then those that measure the house against limits alone.
PEERS: Mapping[str, str] = {"sweep": "vectorbt", "panel": "vectorbt", "alpha": "pandas", "itch": "itchcpp"}
NAMES = (*PEERS, "modules", "lake", "main_job", "gpu", "wire", "hot", "oms", "kill")
FIGURES = (
    "name", "ours_ns", "peer", "peer_ns", "ratio", "max_rel_diff", "bit_equal_reference", "ours_peak_mb",
    "peer_peak_mb", "limit", "of_limit", "peer_suspect", "machine", "versions", "scaling",
)  # fmt: skip


def figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that every benchmark with a peer has; what only one of them says stands under `more`.

    A figure that the benchmark does not give is null.
    """
    more = {name: value for name, value in found.items() if name not in FIGURES}
    return {**{name: found.get(name) for name in FIGURES}, "more": more}


def _refuse(name: str) -> None:
    from modules.errors import CwsError
    from modules.settings import nearest

    if name not in NAMES:
        raise CwsError("CWS-BENCH-001", what=f"no benchmark {name!r}", where="cws bench", fix=nearest(name, NAMES))
    if not (ROOT / "benchmarks" / f"{name}.py").is_file():
        raise CwsError(
            "CWS-BENCH-002",
            what="the benchmarks are not installed: they stand in a checkout of the project",
            where=str(ROOT),
            fix="clone it, `make run` once, and call its .venv/bin/cws bench",
        )
    if name in PEERS and find_spec(PEERS[name]) is None:
        raise CwsError(
            "CWS-BENCH-003",
            what=f"the peer {PEERS[name]} is not installed: it belongs to the development group",
            where="this environment",
            fix="uv pip sync --require-hashes requirements.lock",
        )


def _ran(name: str, arguments: Sequence[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and what the benchmark printed as JSON; its progress goes to stderr as it comes."""
    from modules.errors import CwsError

    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode not in (0, 1) or not lines or not lines[-1].startswith("{"):
        raise CwsError(
            "CWS-BENCH-004",
            what=f"it ended with {done.returncode} and without figures",
            where=f"python -m benchmarks.{name} {' '.join(arguments)}".rstrip(),
            fix="what it said stands above",
        )
    return done.returncode, json.loads(lines[-1])


def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    as_json: AsJson = False,
) -> None:
    """Measure one part of the house against its peer and its limit.

    Takes half a minute to some minutes. Options after the name go to the benchmark: docs/benchmarks.md. Exit 1 where it
    finds its promise broken.
    """
    _refuse(name)
    if as_json:
        code, found = _ran(name, context.args)
        print_json(figures(found) if name in PEERS else found)
    else:
        command = [sys.executable, "-m", f"benchmarks.{name}", *context.args]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
    raise typer.Exit(code)
