"""`cws supervise --certify`: faults drawn by seed into made-up houses, and how many are found and repaired."""

from typing import TYPE_CHECKING

import typer

from cws_dagster.screen import Screen, print_json

if TYPE_CHECKING:
    from cws.supervisor.case import Found

COLUMNS = ("kind", "module", "size", "judge", "repair adds P&L", "first", "shipped", "outcome", "s")


def line(found: "Found") -> tuple[object, ...]:
    """A row of the table: what was wrong, what stood first, what shipped, what became of it."""
    fault = found.case.fault
    shipped = "; ".join(
        f"{patch.module} {name} = {value}"
        for patch in found.shipped
        for name, value in {**patch.settings, **patch.skills}.items()
    )
    if fault is None:
        outcome = "false repair" if found.shipped else "left alone"
        return "healthy", "", "", "", "", found.first, shipped, outcome, f"{found.seconds:.0f}"
    outcome = "repaired" if found.repaired else "found" if found.localised else "missed"
    size = ", ".join(f"{name} = {value}" for name, value in fault.size.items())
    return (
        fault.kind, fault.module, size, fault.judge, f"{found.case.pnl:+.2g}", found.first, shipped, outcome,
        f"{found.seconds:.0f}",
    )  # fmt: skip


def certify_supervisor(seed: int, as_json: bool) -> None:
    """40 faults and 40 healthy houses; exit code 1 where a bound is missed. The result stays in the home."""
    from cws.home import home_at, settings
    from cws.supervisor.certify import CONTROLS, FAULTS, WORKERS, certify, controls, draw_cases, figures, keep, passed

    screen = Screen()
    cases = [*draw_cases(seed, FAULTS), *controls(seed, CONTROLS)]

    def progress(done: int, total: int, found: "Found") -> None:
        kind, module, size, *_, outcome, seconds = line(found)
        typer.echo(f"{done}/{total} {kind} {module} {size}: {outcome} ({seconds} s)", err=True)

    found = certify(cases, WORKERS, progress)
    result = figures(seed, found)
    path = keep(home_at(settings().home).folder / "certify", result)
    if as_json:
        print_json({name: value for name, value in result.items() if name != "cases"})
    else:
        screen.table(f"{len(found)} houses, seed {seed}", COLUMNS, [line(one) for one in found])
        screen.line(
            f"right module first {result['localised_top1']:.0%}, repaired {result['repaired']:.0%}, "
            f"false repairs {result['false_repairs']} of {result['controls']}; all cases: {path}"
        )
    if not passed(result):
        raise typer.Exit(1)
