"""Kills that a running risk core made by itself, or that somebody else than `cws kill` asked for.

They stand in its journal, which comes into the ledger at the end; until then whoever asks what is killed asks risk too.
"""

from collections.abc import Collection
from typing import Any

from cws.execution import entries as read
from cws.execution.attest import evidence
from cws.execution.checkpoints import ingest
from cws.execution.journal import read_journal
from cws.execution.keys import signing_key
from cws.execution.kills import Killed, in_force
from cws.execution.places import Place, all_places, asked, keys_folder, processes
from cws.house import House
from modules.execute.wire_fills import VENUE


def killed_now(house: House) -> list[Killed]:
    """What must not trade: kills of the ledger, then those that only a running risk core knows. It only looks."""
    recorded = in_force(house.ledger.entries()) if house.home.ledger.is_dir() else []
    names = {(one.scope, one.name) for one in recorded}
    return recorded + [one for _, own in _unheard(house, names) for one in own]


def hear(house: House) -> None:
    """Bring the journals that tell of such kills into the ledger: a re-arm is recorded behind what it ends."""
    names = {(one.scope, one.name) for one in in_force(house.ledger.entries())}
    for place, _ in _unheard(house, names):
        key = signing_key(keys_folder(house.home), "checkpoint")
        journal = read_journal(place.journal)
        ingest(house.ledger, key, place.name, journal, house.clock_ns(), {"checks": evidence(journal)})


def own_kills(place: Place, of: Collection[tuple[str, str]]) -> list[Killed]:
    """What the running risk core there holds killed, of these scopes and names, as its journal tells it."""
    return _own(place, [name for name in _killed(place) if name in of])


def _unheard(house: House, known: Collection[tuple[str, str]]) -> list[tuple[Place, list[Killed]]]:
    found: list[tuple[Place, list[Killed]]] = []
    for place in all_places(house.home):
        names = [name for name in _killed(place) if name not in known]
        if names:
            found.append((place, _own(place, names)))
    return found


def _killed(place: Place) -> list[tuple[str, str]]:
    if processes(place)["cws-risk"] is None:
        return []
    return _names(asked(place, "cws-risk", {"cmd": "status"}).get("killed", {}))


def _names(killed: dict[str, Any]) -> list[tuple[str, str]]:
    scopes = [("firm", "")] if killed.get("firm") else []
    scopes += [("venue", VENUE)] if killed.get("venue") else []
    return scopes + [("strategy", str(name)) for name in killed.get("strategies", [])]


def _own(place: Place, names: Collection[tuple[str, str]]) -> list[Killed]:
    """The last kill of each of these names in the journal."""
    if not names:
        return []
    found: dict[tuple[str, str], Killed] = {}
    for record in read_journal(place.journal).records:
        if record.kind == read.KILL:
            kill = read.kill(record)
            found[kill.scope, kill.name] = Killed(
                kill.scope, kill.name, kill.reason, kill.who, kill.trigger, record.ts_ns
            )
    return [found[name] for name in names if name in found]
