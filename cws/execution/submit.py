"""Hand parents to the gateway and wait for what comes back: for `cws run`, the sensor, a call after a crash alike.

A run is named by its parents, and its folder holds everything that it did. Whoever calls again finds it: processes that
go on without a caller are waited for, and a run that has ended is read, not repeated.

The bundled venue's day in lockstep is made by its parents alone. Where one of its processes died the day is void, fills
and all: it is kept as evidence, the ledger says so, and the day is made anew with the same parent ids. No order is ever
sent twice into the same day.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from cws.execution.attest import evidence
from cws.execution.binaries import binary
from cws.execution.checkpoints import ingest
from cws.execution.collect import Story, executions_table, positions, reconcile, story
from cws.execution.desk import NATIVE, Progress, Told
from cws.execution.journal import Journal, read_journal
from cws.execution.keys import signing_key
from cws.execution.kills import refuse_killed
from cws.execution.latency import histogram
from cws.execution.line_client import LineClient
from cws.execution.live_submit import hand_over
from cws.execution.orders import orders
from cws.execution.places import VOID, Place, keys_folder, live, processes, restarts, run_place, void_place
from cws.execution.pruning import lock_file, prune
from cws.execution.run_folder import PARENTS, READY, prepare, run_id
from cws.execution.session import session_of
from cws.execution.supervisor import STATE, launch, stop
from cws.execution.unheard import killed_now
from cws.ledger.disk import make_folder, replace_file
from modules.errors import CwsError
from modules.execute.wire_fills import VENUE
from modules.tables import EXECUTIONS
from modules.values import make_table

if TYPE_CHECKING:
    from cws.house import House

# How long nothing may happen before the run is given up, and how often we look.
STALL_S, POLL_S, START_S = 60.0, 0.02, 30.0
MOST_DAYS = 3
SILENT = "CWS-SOCKET-002"
SAY_EVERY_S = 1.0


@dataclass
class _Patience:
    """Time since something last moved."""

    what: str
    limit_s: float
    moved_s: float = field(default_factory=time.monotonic)
    seen: object = None

    def look(self, now: object, place: Place) -> None:
        """Raises CWS-EXECUTION-007 when `now` has been the same for too long, or the supervisor gave up."""
        if now != self.seen:
            self.seen, self.moved_s = now, time.monotonic()
        if _said(place).get("lost", False):
            raise VoidDayError(f"a process died while {self.what}")
        if time.monotonic() - self.moved_s > self.limit_s:
            raise VoidDayError(f"nothing moved for {self.limit_s:.0f} s while {self.what}")
        time.sleep(POLL_S)


class VoidDayError(Exception):
    """Why a day is not what its parents make of it."""


def _said(place: Place) -> dict[str, Any]:
    try:
        return json.loads((place.folder / STATE).read_bytes())
    except (OSError, ValueError):
        return {}


@contextmanager
def alone(place: Place, progress: Progress) -> Generator[None]:
    """One caller at a time on a run: the second waits for the first and then reads what it came to."""
    make_folder(place.folder.parent)
    handle = os.open(lock_file(place), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"waiting for another caller of {place.name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def ensure_gateway_and_submit(
    house: "House", strategy: str, parents: pd.DataFrame, newest_bar_ns: int, progress: Progress
) -> Told:
    """PARENTS out, EXECUTIONS back, reconciled against drop copy and positions; what is due at the newest bar also to
    a live gateway.

    Raises CWS-EXECUTION-001 (not built), -003 (killed), -004 (does not reconcile), -007 (stands still), and what the
    native processes refuse.
    """
    told = _history(house, strategy, parents, progress)
    with alone(live(house.home), progress):
        lives = hand_over(house, parents[parents["start_ns"] == newest_bar_ns], progress)
    return told if lives is None else replace(told, details={**told.details, "live": lives})


def _history(house: "House", strategy: str, parents: pd.DataFrame, progress: Progress) -> Told:
    place = run_place(house.home, f"{strategy}-{run_id(parents)}")
    with alone(place, progress):
        if place.ended() is None:
            refuse_killed(killed_now(house), strategy, VENUE)
            _drive(house, place, strategy, parents, progress)
            # Made just now: only then is there one more than before.
            told = _told(house, place, parents)
            prune(house)
            return told
        return _told(house, place, parents)


def _drive(house: "House", place: Place, strategy: str, parents: pd.DataFrame, progress: Progress) -> None:
    """Days until one is whole. Raises CWS-EXECUTION-007 after MOST_DAYS void ones."""
    why = ""
    for _ in range(MOST_DAYS):
        try:
            _day(house, place, strategy, parents, progress)
            return
        except VoidDayError as void:
            why = str(void)
            _set_aside(house, place, why)
            progress(f"the day is void: {why}")
    raise CwsError(
        "CWS-EXECUTION-007",
        what=f"{MOST_DAYS} days were void, the last because {why}",
        where=str(place.folder),
        fix=f"the log/ in its {VOID}N folders says why; nothing of these days counts",
    )


def _day(house: "House", place: Place, strategy: str, parents: pd.DataFrame, progress: Progress) -> None:
    started_s = time.monotonic()
    if place.folder.exists() and not all(processes(place).values()):
        raise VoidDayError("an earlier caller left it unfinished")
    assert house.native is not None and binary(house.native, "cws-risk")
    prepare(place, parents, house.native, signing_key(keys_folder(house.home), "limits"), house.clock_ns())
    launch(place.folder)
    try:
        _register(place, progress)
        _wait(place, len(parents), lambda: refuse_killed(killed_now(house), strategy, VENUE), progress)
        held = _risk_positions(place)
    except CwsError as refusal:
        if refusal.code != SILENT:
            raise
        raise VoidDayError(f"{refusal.where} fell silent: {refusal.what}") from None
    finally:
        stop(place.folder)
    if any(restarts(place).values()):
        raise VoidDayError("a process died at its end")
    journal = read_journal(place.journal)
    told = story(journal)
    try:
        reconcile(told, held, place.name)
    except CwsError as broken:
        # Kept and told as what it is; left lying, the next caller would take it for a day that nobody finished.
        _set_aside(house, place, f"it does not reconcile: {broken.what}")
        raise
    _conclude(place, strategy, journal, told, time.monotonic() - started_s)


def _set_aside(house: "House", place: Place, why: str) -> None:
    """The void day's folder under another name, and what its journal holds into the ledger."""
    stop(place.folder)
    aside = void_place(place)
    place.folder.rename(aside.folder)
    if aside.journal.exists():
        journal = read_journal(aside.journal)
        key = signing_key(keys_folder(house.home), "checkpoint")
        ingest(house.ledger, key, aside.name, journal, house.clock_ns(), {"void": why, "checks": evidence(journal)})


def waited_for(place: Place, name: str) -> LineClient:
    """A connection as soon as the process answers."""
    patience = _Patience(f"{name} starts", START_S)
    while True:
        try:
            return place.client(name, timeout_s=STALL_S)
        except CwsError:
            patience.look(None, place)


def _register(place: Place, progress: Progress) -> None:
    """First risk, then the gateway: a parent that risk does not know has no child. Both take the same one twice."""
    requests = [json.loads(line) for line in (place.folder / PARENTS).read_bytes().splitlines()]
    for name in ("cws-risk", "cws-gateway"):
        progress(f"{len(requests)} parents to {name}")
        with waited_for(place, name) as client:
            client.ask_all(requests)


def _wait(place: Place, parents: int, may: Callable[[], None], progress: Progress) -> None:
    """Until the venue's day has ended and risk has the last word of drop copy. It begins where `may` does not raise."""
    patience = _Patience("the venue replays the run", STALL_S)
    said_s = 0.0
    while True:
        venue = _begun(place, may)
        if time.monotonic() - said_s > SAY_EVERY_S:
            progress(f"wire: packet {venue.get('published', '-')}, {parents} parents")
            said_s = time.monotonic()
        if venue.get("ended") and _caught_up(place, venue):
            return
        patience.look((venue.get("published"), venue.get("ended")), place)


def _begun(place: Place, may: Callable[[], None]) -> dict[str, Any]:
    """What the venue says; a gateway that is new, or started again, begins as soon as risk lets orders out.

    A kill that came while all this was made ready found no risk core to tell: so the ledger is asked once more.
    """
    day = _ask(place, "cws-gateway", "status").get("lockstep", {})
    state = _ask(place, "cws-risk", "status").get("state") if day.get("begun") is False else None
    if state is not None:
        may()
    if state == "ACTIVE":
        _ask(place, "cws-gateway", "begin")
    return _ask(place, "cws-venue", "status")


def _caught_up(place: Place, venue: dict[str, Any]) -> bool:
    copy = _ask(place, "cws-risk", "drop_copy")
    return bool(copy) and int(copy["seq"]) >= int(venue["drop_copy"]["sequenced"])


def _ask(place: Place, name: str, word: str) -> dict[str, Any]:
    """The answer, or nothing while the process is down: its supervisor starts it again."""
    try:
        with place.client(name) as client:
            return client.ask({"cmd": word})
    except CwsError:
        return {}


def _risk_positions(place: Place) -> dict[tuple[int, int], int]:
    with waited_for(place, "cws-risk") as client:
        rows = client.ask({"cmd": "positions"})["positions"]
    return {(int(row["strategy_no"]), int(row["symbol_no"])): int(row["position"]) for row in rows}


def _conclude(place: Place, strategy: str, journal: Journal, told: Story, wall_s: float) -> None:
    """What the run came to; written last, so that a run without it is not over."""
    ready = json.loads((place.folder / READY).read_bytes())
    result = {
        **ready, "strategy": strategy, "orders": len(orders(journal)),
        "trades": len(told.trades), "refused": len(told.refusals), "journal_seq": journal.seq,
        "journal_hash": journal.hash, "restarts": restarts(place), "wall_s": round(wall_s, 3),
        "positions": [[*key, units] for key, units in positions(told.trades).items()],
        "latency": histogram(journal), "checks": evidence(journal),
    }  # fmt: skip
    replace_file(place.result, json.dumps(result).encode())


def _told(house: "House", place: Place, parents: pd.DataFrame) -> Told:
    """The run's executions from its journal, which must be the one that the result speaks of; its head in the ledger.

    Raises CWS-EXECUTION-008 where it is another.
    """
    ended = place.ended()
    journal = read_journal(place.journal)
    if ended is None or (journal.seq, journal.hash) != (ended["journal_seq"], ended["journal_hash"]):
        raise CwsError(
            "CWS-EXECUTION-008",
            what="the journal is not the one that the run ended with",
            where=str(place.journal),
            fix="restore it from a copy, or move the run's folder away: then the run is made anew",
        )
    key = signing_key(keys_folder(house.home), "checkpoint")
    index = ingest(house.ledger, key, place.name, journal, house.clock_ns(), {"checks": ended["checks"]})
    table = make_table(
        executions_table(story(journal), session_of(parents, int(ended["day_ns"]))), EXECUTIONS, place.name
    )
    names = ("run", "parents", "orders", "trades", "refused", "journal_seq", "journal_hash", "builds", "restarts")
    return Told(table, {"execution": NATIVE, "wire": {**{n: ended[n] for n in names}, "checkpoint": index}})
