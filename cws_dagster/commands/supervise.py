"""`cws supervise`: from what the traces say to patches, verdicts and what ships; `--findings` only looks."""

import os
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.commands.ablate import HEADS, fields, row
from cws_dagster.invocation import cws, nothing_yet
from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from cws.ablation.record import Judged
    from cws.supervisor.cycle import Cycle
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


class Steps:
    """Progress on stderr, a line a step, with the seconds since the start."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - self._started:7.1f} s  {text}\n")
        sys.stderr.flush()

    def judged(self, done: int, total: int, one: "Judged") -> None:
        self.say(f"{done}/{total}  {one.patch.module} {one.patch.id}: {one.verdict.kind.name}, {one.verdict.reason}")


def supervise(
    budget: Annotated[
        int | None, typer.Option(min=8, max=100_000, help="Scores on search folds that proposers may take in all.")
    ] = None,
    findings: Annotated[bool, typer.Option("--findings", help="Mine and print the work list; change nothing.")] = False,
    module: Annotated[str, typer.Option(help="Ask about this module, whatever the findings say.")] = "",
    certify: Annotated[bool, typer.Option("--certify", help="Put drawn faults into made-up houses.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the search, the placebos, or the drawn faults.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="How many findings on the screen.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Mine traces, propose patches, ablate them, ship what passes.

    Rulers are probed first: what oracles find broken on made-up worlds is mended before anything is judged by P&L.
    Proposers see search folds only, behind walls. Killed anywhere, the next call goes on. With --findings only the
    ranked work list: the module, what it does, what it costs, the settings that may be behind it, and traces.
    """
    if findings:
        _work_list(limit, as_json)
        return
    if certify:
        from cws_dagster.commands.certify_supervisor import certify_supervisor

        certify_supervisor(seed, as_json)
        return
    if budget is None:
        raise typer.BadParameter("give --budget N, --findings to look only, or --certify")
    from cws.ablation.published import bench_of
    from cws.home import settings
    from cws.proposers.language_model import endpoint_of
    from cws.strategies import catalogue
    from cws.supervisor.cycle import Asked, cycle
    from cws.views.show import show_batches

    chosen, steps = settings(), Steps()
    bench = bench_of(chosen)
    with bench.house.home.writing("cws supervise", bench.house.lock_wait_s):
        asked = Asked(budget, seed, module, endpoint_of(chosen, os.environ))
        found = cycle(bench, catalogue(chosen.strategies), asked, steps.say, steps.judged)
        if chosen.views == "on" and (warning := show_batches(bench.house)):
            steps.say(f"MLflow does not show it: {warning}")
    steps.say(f"{bench.reuse.runs} module runs, {bench.reuse.reused} reused by hash")
    if as_json:
        print_json({**_fields(found), "runs": bench.reuse.runs, "reused": bench.reuse.reused})
    else:
        show_cycle(Screen(), found)


def _work_list(limit: int, as_json: bool) -> None:
    from cws.home import settings
    from cws.house import open_house
    from cws.supervisor.gather import gather
    from cws.supervisor.mine import mine

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


def _fields(found: "Cycle") -> dict[str, Any]:
    from cws.ablation.record import finding_of

    proposed = found.proposed
    verdicts = [
        {**fields(one.judged), "finding": finding_of(one.judged.patch), "outcome": one.outcome, "diff": one.diff}
        for one in found.rows
    ]
    asks = [dict(zip(("finding", "module", "scores"), ask, strict=True)) for ask in proposed.asks]
    told: dict[str, Any] = {"proposals": proposed.id, "resumed": proposed.resumed, "asks": asks, "verdicts": verdicts}
    heads = ("finding", "module", "score", "what")
    told["work_list"] = [dict(zip(heads, row, strict=True)) for row in proposed.work_list]
    counts = {"search_looks": proposed.looks, "placebos": found.placebos, "placebo_ships": found.placebo_ships}
    return {**told, "refused": [*found.refused], **counts}


def show_cycle(screen: Screen, found: "Cycle") -> None:
    """The table of patches, then diffs, shadows, refusals and what it took."""
    from cws.ablation.record import finding_of

    proposed = found.proposed
    if proposed.resumed:
        screen.line(f"resumed what ledger entry {proposed.id} proposed", "bold")
    if proposed.patches and not proposed.asks:
        screen.line("The probe alone proposed: rulers come first, and nothing is judged by P&L while they are bent.")
    elif not proposed.asks:
        screen.line("No finding is about a module that is judged on value, and the probe found none to blame.")
        screen.line(f"Ask about one by name: {cws()} supervise --budget 40 --module NAME")
    if found.rows:
        rows = [(finding_of(one.judged.patch), *row(one.judged), one.outcome) for one in found.rows]
        screen.table(f"{len(rows)} patches", ("finding", *HEADS, "outcome"), rows)
    elif proposed.asks:
        screen.line("No proposer found anything on the search folds that was worth an ablation.")
    for one in found.rows:
        if one.diff:
            screen.line(f"shipped {one.judged.patch.id}:", "bold")
            for text in one.diff.splitlines():
                screen.line(f"  {text}")
    shadows = [one.judged.patch for one in found.rows if one.outcome == "shadow"]
    for patch in shadows:
        screen.line(f"to shadow: {patch.module} {patch.id}, until new days say more: {cws()} loop shadow")
    for refusal in found.refused:
        screen.line(f"refused: {refusal}")
    screen.line(f"placebos: {found.placebo_ships} of {found.placebos} would have shipped")
    screen.line(f"{proposed.looks} search looks were counted as trials")
