"""The pins in force: what the ledger's `stage` entries published last, and whether it all belongs together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cws.house import House
from cws.lake.commits import Pin
from cws.stages import Unit, reads
from modules.errors import CwsError


@dataclass(frozen=True)
class Published:
    """A pin, and what the unit that made it had read: (table, part) -> content hash."""

    pin: Pin
    made_from: Mapping[tuple[str, str], str]


def as_pin(fields: dict[str, Any]) -> Pin:
    """A pin as the ledger's JSON holds it."""
    return Pin(**fields)


def publications(house: House) -> dict[tuple[str, str], Published]:
    """(table, part) -> what the last `stage` entry that names it published."""
    found: dict[tuple[str, str], Published] = {}
    for entry in house.ledger.entries("stage"):
        body: dict[str, Any] = dict(entry.body)
        made_from = {(pin["table"], pin["part"]): str(pin["hash"]) for pin in body["inputs"].values()}
        for fields in body["outputs"].values():
            found[fields["table"], fields["part"]] = Published(as_pin(fields), made_from)
    return found


def published(house: House) -> dict[tuple[str, str], Pin]:
    """(table, part) -> the pin in force."""
    return {key: one.pin for key, one in publications(house).items()}


def open_pins(house: House, unit: Unit) -> dict[str, Pin]:
    """The pins that a unit would read now.

    Raises CWS-STAGE-001 when an upstream stage has not been published, and CWS-STAGE-009 when one was made from other
    data than is in force now: features of yesterday's bars do not stand beside today's.
    """
    in_force = publications(house)
    wanted = {(table, part): name for name, table, part in reads(unit)}
    where = f"{unit.stage} of {unit.name}"
    for table, part in wanted:
        if (table, part) not in in_force:
            what = f"{table}/{part} was never published"
            raise CwsError("CWS-STAGE-001", what=what, where=where, fix="run the stages before it: cws run")
    for table, part in wanted:
        for source, digest in in_force[table, part].made_from.items():
            if source in wanted and in_force[source].pin.hash != digest:
                raise CwsError(
                    "CWS-STAGE-009",
                    what=f"{table}/{part} was made from another {source[0]}/{source[1]} than is in force",
                    where=where,
                    fix="run the stages between again: cws run",
                )
    return {name: in_force[key].pin for key, name in wanted.items()}
