"""`cws gate`: what decides which patch ships, and the proof of its error rates."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cws_dagster.screen import AsJson, Screen, figure, print_json

if TYPE_CHECKING:
    from cws.gate.certify import Answer, Certificate, Task

WORKERS = 2
T = TypeVar("T")


def _told(found: Iterable[T], total: int) -> Iterator[T]:
    """Progress on stderr: a bar on a terminal, a line each tenth in a pipe."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(found, "certifying", total=total, console=console, transient=True)
        return
    for done, one in enumerate(found, 1):
        if done * 10 // total > (done - 1) * 10 // total:
            sys.stderr.write(f"certifying: {done} of {total} pieces\n")
            sys.stderr.flush()
        yield one


def _in_processes(function: "Callable[[Task], Answer]", tasks: "Sequence[Task]") -> "Iterator[Answer]":
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A forked child would inherit compiled code's threads; a spawned one starts clean.
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from _told(pool.map(function, tasks), len(tasks))


def _sizes(certificate: "Certificate") -> list[dict[str, Any]]:
    from cws.gate.size_table import LEVELS

    return [
        {
            "days": one.cell.days,
            "horizon_days": one.cell.horizon_days,
            "law": one.cell.law,
            "tries": one.cell.tries,
            "insufficient": one.below is None,
            "size": None
            if one.below is None
            else {f"{level:g}": count / one.cell.tries for level, count in zip(LEVELS, one.below, strict=True)},
        }
        for one in sorted(certificate.sizes, key=lambda one: (one.cell.days, one.cell.horizon_days))
    ]


def _show(certificate: "Certificate") -> None:
    screen = Screen()
    bounded = {bound.name: bound for bound in certificate.bounds}
    rows = [
        (
            name,
            figure(value),
            figure(bounded[name].limit) if name in bounded else None,
            figure(bounded[name].standard_error) if name in bounded else None,
            None if name not in bounded else "held" if bounded[name].passed else "BROKEN",
        )
        for name, value in certificate.figures.items()
    ]
    screen.table("Error rates and power", ("figure", "measured", "bound", "standard error", ""), rows)
    table = [
        (
            *(one[name] for name in ("days", "horizon_days", "law", "tries")),
            *(("insufficient",) * 3 if one["size"] is None else (f"{size:.2g}" for size in one["size"].values())),
        )
        for one in _sizes(certificate)
    ]
    screen.table("Size of the p-value", ("T", "L", "law", "series", "at 1e-2", "at 1e-3", "at 1e-4"), table)
    for bound in certificate.bounds:
        if not bound.passed:
            screen.line(f"broken: {bound.name}: {bound.measured:.6g}, bound {bound.limit:.6g}", "bold")
    held = sum(bound.passed for bound in certificate.bounds)
    screen.line(f"seed {certificate.seed}: {held} of {len(certificate.bounds)} bounds held", "bold")


def certify_gate(
    seed: Annotated[int, typer.Option(min=0, help="Any seed must pass.")] = 1,
    short: Annotated[bool, typer.Option("--short", help="Fewer repetitions, wider standard errors: seconds.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw size and power curves into this PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the gate's error rates in worlds whose truth is known.

    Exit 1 when a bound is broken: all-null weeks, false discoveries, one patch alone, an adversary, p-value sizes; or
    when a planted patch gets another verdict than it must, end to end through real modules.
    """
    from cws.gate.certify import FULL, SHORT, certify
    from cws.home import settings
    from cws_dagster.rerun import SHORT_DAYS, accounts_again, examples_again

    folder, days = settings().strategies, SHORT_DAYS if short else None
    counts = SHORT if short else FULL
    found = certify(seed, counts, _in_processes, lambda: [*examples_again(), *accounts_again(folder, days)])
    walked = _end_to_end(seed)
    passed = found.passed and bool(walked["passed"])
    _keep(found, "short" if short else "full", passed)
    if plot is not None:
        _draw(plot, seed)
    if as_json:
        bounds = [vars(bound) for bound in found.bounds]
        said = {"passed": passed, "seed": seed, "end_to_end": walked, "bounds": bounds, "sizes": _sizes(found)}
        print_json({**found.figures, **said})
    else:
        _show(found)
        columns = ("what", "module", "expected", "kind", "reason", "p")
        rows = [tuple(one[name] for name in columns) for one in walked["verdicts"]]
        Screen().table("End to end: planted worlds, real modules, the real ablation", columns, rows)
    raise typer.Exit(0 if passed else 1)


def _end_to_end(seed: int) -> dict[str, Any]:
    import tempfile

    from cws.supervisor.end_to_end import ASKED, passed, walked

    with tempfile.TemporaryDirectory(prefix="cws-end-to-end-") as folder:
        found = list(_told(walked(seed, Path(folder)), len(ASKED)))
    rows = [
        {
            "what": one.asked.what,
            "module": one.asked.patch.module,
            "expected": one.asked.expected.name,
            "kind": one.judged.verdict.kind.name,
            "reason": one.judged.verdict.reason.name,
            "p": one.judged.verdict.p,
            "as_expected": one.as_expected,
        }
        for one in found
    ]
    return {"passed": passed(found), "verdicts": rows}


def _keep(found: "Certificate", counts: str, passed: bool) -> None:
    """The certificate in the home's ledger, where `cws loop report` finds the power."""
    from cws.home import settings
    from cws.house import open_house

    chosen = settings()
    house = open_house(chosen)
    figures = {name: value if math.isfinite(value) else None for name, value in found.figures.items()}
    with house.home.writing("cws gate certify", chosen.lock_wait_s):
        body = {"seed": found.seed, "counts": counts, "passed": passed, "figures": figures}
        house.ledger.append("certificate", body)


def _draw(path: Path, seed: int) -> None:
    from cws.gate.curves import curves
    from cws.views.gate_picture import gate_png

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gate_png(curves(seed)))


COMMANDS = {"certify": certify_gate}
