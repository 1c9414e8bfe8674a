"""`cws orders`, `cws positions` and `cws risk attest`: what went out, what is held, and that every check works."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from cws.execution.places import Place
    from cws.house import House

Run = Annotated[str | None, typer.Option(help="A run of `cws gateway status`, or its first characters.")]
NOTHING = "No order has gone over the wire from this home."


def _house() -> "House":
    from cws.home import settings
    from cws.house import open_house

    return open_house(settings())


def _place(house: "House", run: str | None) -> "Place | None":
    """The run that is named; else the free-running gateway while it is up, else what wrote last; None without any."""
    from cws.execution.places import LIVE, all_places, is_up
    from modules.errors import CwsError
    from modules.settings import nearest

    places = [place for place in all_places(house.home) if place.journal.exists()]
    if run is None:
        up = (place for place in places if place.name == LIVE and is_up(place))
        return next(up, max(places, key=lambda place: place.journal.stat().st_mtime_ns, default=None))
    fits = [place for place in places if place.name.startswith(run)]
    if len(fits) != 1:
        what = f"{len(fits)} runs begin with {run!r}"
        fix = nearest(run, [place.name for place in places])
        raise CwsError("CWS-CLI-007", what=what, where="--run", fix=fix)
    return fits[0]


def orders(
    run: Run = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the latest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Print the latest orders of a run.

    As its verified journal tells them: asked, checked, sent, answered; in JSON with strategy, patch, data version and
    ledger entry of the parent that each serves.
    """
    from cws.execution.journal import read_journal
    from cws.execution.orders import orders as orders_of

    place = _place(_house(), run)
    found = orders_of(read_journal(place.journal)) if place else []
    if as_json:
        rows = [order.row for order in found[-last:]]
        print_json({"run": place.name if place else None, "orders": rows, "in_all": len(found)})
        return
    screen = Screen()
    if place is None:
        screen.line(NOTHING)
        return
    columns = (
        "order",
        "strategy",
        "parent",
        "symbol",
        "side",
        "quantity",
        "price",
        "filled",
        "state",
        "reason",
        "time",
    )
    rows = [
        (o.order_id, o.strategy or o.strategy_no, o.parent_id, o.symbol or o.symbol_no, o.side, o.quantity,
         f"{o.price / 1e9:.4f}" if o.price else "market", o.filled, o.state, o.reason or None, screen.time(o.ts_ns))
        for o in found[-last:]
    ]  # fmt: skip
    screen.table(f"The latest {len(rows)} of {len(found)} orders of {place.name}", columns, rows)


def _held(place: "Place") -> list[dict[str, Any]]:
    from cws.execution import entries as read
    from cws.execution.collect import positions as positions_of
    from cws.execution.collect import story
    from cws.execution.journal import read_journal

    journal = read_journal(place.journal)
    held = positions_of(story(journal).trades)
    parents = [read.parent(record) for record in journal.records if record.kind == read.PARENT]
    strategies = {parent.strategy_no: parent.strategy for parent in parents}
    ended = place.ended() or {}
    # In a run that has ended by our own names; else as the wire calls them.
    names = {parent.symbol_no: parent.symbol for parent in parents}
    names |= {int(number): str(name) for number, name in ended.get("symbols", {}).items()}
    return [
        {
            "strategy_no": strategy,
            "strategy": strategies.get(strategy),
            "symbol": names.get(symbol, str(symbol)),
            "units": n,
        }
        for (strategy, symbol), n in held.items()
    ]


def positions(run: Run = None, as_json: AsJson = False) -> None:
    """Print what a run holds by its trades.

    As its verified journal tells them.
    """
    place = _place(_house(), run)
    held = _held(place) if place else []
    if as_json:
        print_json({"run": place.name if place else None, "positions": held})
        return
    screen = Screen()
    if place is None:
        screen.line(NOTHING)
        return
    rows = [(one["strategy"] or one["strategy_no"], one["symbol"], one["units"]) for one in held]
    screen.table(f"Positions of {place.name}", ("strategy", "symbol", "units of the wire"), rows)


def attest(as_json: AsJson = False) -> None:
    """Print the evidence for every check, R01 to R23.

    From the ledger: how often it was evaluated, how often it refused, and when last. What the live desk's journal says
    beyond it is in the counts and told apart. The signatures of the ledger's checkpoints are verified, and the journals
    that they speak of. Exit 1 where one does not hold.
    """
    from cws.execution.attest import ahead_of
    from cws.execution.attest import attest as attest_now
    from cws.execution.places import live
    from cws.execution.proven import proven
    from modules.errors import CwsError

    house = _house()
    checkpoints = house.ledger.entries("journal")
    proof, ahead = proven(house.home, checkpoints), None
    try:
        ahead = ahead_of(checkpoints, live(house.home))
    except CwsError as refusal:
        proof["faults"].append(f"live: {refusal}")
    found = attest_now(checkpoints, ahead)
    if as_json:
        beyond = ahead.row if ahead else None
        print_json({"checks": found, "live": beyond, "checkpoints": proof, "ledger_head": house.ledger.head().hash})
    else:
        _show_checks(found, proof, ahead.row if ahead else None)
    if proof["faults"]:
        raise typer.Exit(1)


def _show_checks(found: list[dict[str, Any]], proof: dict[str, Any], beyond: Mapping[str, object] | None) -> None:
    screen = Screen()
    rows = [
        (one["code"], one["check"], one["evaluated"], one["refused"],
         *(screen.time(one[at]) if one[at] else None for at in ("last_ns", "last_refused_ns")),
         *((one["live"]["evaluated"], one["live"]["refused"]) if beyond else ()))
        for one in found
    ]  # fmt: skip
    live = ("live: evaluated", "live: refused") if beyond else ()
    columns = ("code", "check", "evaluated", "refused", "last", "last refusal", *live)
    screen.table("Checks of the risk core", columns, rows)
    screen.line(f"  {proof['signatures']} signed checkpoints and {proof['journals']} journals verified")
    if beyond:
        desk = "the live desk" if beyond["running"] else "the live desk, which died"
        screen.line(f"  {desk}: what follows record {beyond['signed_seq']}, up to {beyond['seq']}, is not signed yet")
    for fault in proof["faults"]:
        screen.line(f"  DOES NOT HOLD: {fault}", "bold red")


RISK_COMMANDS = {"attest": attest}
