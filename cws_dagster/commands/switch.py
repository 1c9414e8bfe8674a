"""`cws kill` and `cws rearm`: stop trading at once, and let it go on by an explicit act with a reason."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from cws.execution.switch import Act

Strategy = Annotated[str | None, typer.Option(help="Only this strategy.")]
Venue = Annotated[str | None, typer.Option(help="Only this venue (the bundled one is CWSX).")]
Firm = Annotated[bool, typer.Option("--firm", help="Everything.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the ledger.")]


def _act(strategy: str | None, venue: str | None, firm: bool, reason: str) -> "Act":
    from cws.execution.switch import Act
    from modules.errors import CwsError

    chosen = [(scope, name) for scope, name in (("strategy", strategy), ("venue", venue)) if name]
    chosen += [("firm", "")] if firm else []
    if len(chosen) != 1:
        raise CwsError(
            "CWS-CLI-005", what="say exactly one of --strategy S, --venue V and --firm", where="command line",
            fix="cws kill --help",
        )  # fmt: skip
    return Act(*chosen[0], reason, getpass.getuser())


def _show(word: str, found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        told = ", ".join(f"{run}: {answer}" for run, answer in found["told"].items()) or "no risk core runs"
        what = f"{found['scope']} {found['name']}".strip()
        Screen().facts(word, {what: found["reason"], "told": told, "ledger entry": found["ledger_index"]})
    from cws.execution.switch import DONE, ELSEWHERE

    if any(answer not in (DONE, ELSEWHERE) for answer in found["told"].values()):
        raise typer.Exit(1)


def _strategies(folder: "Path") -> list[str]:
    """Names to check a kill against; none where the recipes cannot be read: a kill must not fall over them."""
    from cws.strategies import catalogue
    from modules.errors import CwsError

    try:
        return list(catalogue(folder).strategies)
    except CwsError:
        return []


def kill(
    reason: Reason, strategy: Strategy = None, venue: Venue = None, firm: Firm = False, as_json: AsJson = False
) -> None:
    """Stop a strategy, a venue or the firm at once.

    In every risk core that runs, and in all that start later. Cancels still go out.

    Exit 1 when a risk core that runs could not be told; the kill is recorded all the same.
    """
    from cws.execution.switch import kill as kill_now
    from cws.home import settings
    from cws.house import open_house

    act = _act(strategy, venue, firm, reason)
    chosen = settings()
    _show("Killed", kill_now(open_house(chosen), act, _strategies(chosen.strategies)), as_json)


def rearm(
    reason: Reason, strategy: Strategy = None, venue: Venue = None, firm: Firm = False, as_json: AsJson = False
) -> None:
    """Let trade again what was killed.

    Recorded first, with the reason.
    """
    from cws.execution.switch import rearm as rearm_now
    from cws.home import settings
    from cws.house import open_house

    act = _act(strategy, venue, firm, reason)
    _show("Armed again", rearm_now(open_house(settings()), act), as_json)
