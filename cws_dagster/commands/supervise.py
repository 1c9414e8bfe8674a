"""`cws supervise`: mine all traces of the home and print the ranked work list."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cws_dagster.invocation import cws, nothing_yet
from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from cws.supervisor.findings import Finding

COLUMNS = ("finding", "score", "open", "miner", "kind", "stage", "module", "times", "cost", "what", "suspects", "trace")


def line(one: "Finding") -> tuple[object, ...]:
    """A row of the work list: the newest trace stands for its evidence."""
    return (
        one.id, f"{one.score:.1f}", "open" if one.is_open else "past", one.miner, one.kind, one.stage, one.module,
        one.frequency, f"{one.cost:.3g} {one.unit}", one.sentence, " ".join(one.suspects), one.evidence[-1],
    )  # fmt: skip


def show_findings(screen: Screen, findings: "list[Finding]", limit: int) -> None:
    """The first of the work list; costs times frequency rank it."""
    title = f"{min(limit, len(findings))} of {len(findings)} findings, by frequency x cost"
    screen.table(title, COLUMNS, [line(one) for one in findings[:limit]])


def supervise(
    findings: Annotated[bool, typer.Option("--findings", help="Mine and print the work list; change nothing.")] = False,
    certify: Annotated[bool, typer.Option("--certify", help="Put drawn faults into made-up houses.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the certification's faults and worlds.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="How many findings on the screen.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Mine every trace of this home for what goes wrong or costs most.

    The ranked work list names the module, what it does, what it costs, the settings that may be behind it, and traces.
    """
    from cws.home import settings
    from cws.house import open_house
    from cws.supervisor.gather import gather
    from cws.supervisor.mine import mine

    if certify:
        from cws_dagster.commands.certify_supervisor import certify_supervisor

        certify_supervisor(seed, as_json)
        return
    if not findings:
        raise typer.BadParameter("give --findings or --certify")
    house = open_house(settings())
    seen = gather(house)
    found = mine(seen)
    if as_json:
        print_json({"findings": [asdict(one) for one in found], "traces": len(seen.traces)})
        return
    screen = Screen()
    if seen.traces.empty:
        screen.line(nothing_yet())
        return
    show_findings(screen, found, limit)
    screen.line(f"{len(seen.traces)} traces read; one whole with its links: {cws()} traces ID")
