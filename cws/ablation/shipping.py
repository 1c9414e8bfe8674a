"""Ship a patch: its module's TOML is rewritten, and a ledger entry holds the text before, after, and the diff.

A mark in the home comes first, then the entry, then the file: a crash between them is mended by `settle`, so a ship is
never half-done, and whoever reads the ledger can put the text back. Without a mark nothing is unfinished: a file that
somebody put back by hand stays, and `by_hand` names it.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cws.house import House
from cws.ledger.disk import make_folder, replace_file, sync_folder
from cws.ledger.entry import Entry
from cws.patches import Patch, literal
from modules.errors import CwsError
from modules.registry import ROOT, load, names

SECTIONS = ("settings", "skills")
# In the home while a ship or rollback is being written: the last one before it, by its ledger index.
UNFINISHED = "unfinished_ship.json"
# Dagster's processes start together and find the same mark: whoever comes second waits for the first.
SETTLING_S = 5.0


@dataclass(frozen=True)
class Shipped:
    """What stands in a module's TOML since `id`, and the diff to review."""

    id: str
    module: str
    diff: str


def toml_path(module: str, root: Path = ROOT) -> Path:
    return root / names()[module] / f"{module}.toml"


def patched_text(text: str, patch: Patch) -> str:
    """The TOML with the patch's values in their lines; comments and order stay.

    Raises CWS-SHIP-001 when the file holds a value in a way that is not one line.
    """
    wanted = [(section, key, value) for section in SECTIONS for key, value in getattr(patch, section).items()]
    now = tomllib.loads(text)
    for section, key, value in wanted:
        if now[section][key] != value:
            text = _with_value(text, section, key, literal(value))
    then = tomllib.loads(text)
    wrong = [key for section, key, value in wanted if then[section][key] != value]
    if wrong:
        raise CwsError(
            "CWS-SHIP-001",
            what=f"cannot write {', '.join(wrong)} in place",
            where=f"{patch.module}.toml",
            fix="write each setting on a line of its own: key = value",
        )
    return text


def _with_value(text: str, section: str, key: str, value: str) -> str:
    """The line `key = ...` of a section with another value; a comment behind it stays."""
    lines, inside = text.split("\n"), ""
    for place, line in enumerate(lines):
        if header := re.fullmatch(r"\[([a-z_]+)\]\s*(#.*)?", line):
            inside = header[1]
        written = re.fullmatch(rf"({re.escape(key)}\s*=\s*)(\"(?:[^\"\\]|\\.)*\"|[^#\"]*?)(\s*(?:#.*)?)", line)
        if inside == section and written:
            lines[place] = f"{written[1]}{value}{written[3]}"
    return "\n".join(lines)


def ship(house: House, patch: Patch, verdict: str, root: Path = ROOT) -> Shipped:
    """Write the patch into its module's TOML, the ledger first. The caller holds the home's writer lock."""
    settle(house, root)
    before = toml_path(patch.module, root).read_text(encoding="utf-8")
    after = patched_text(before, patch)
    body = {"module": patch.module, "patch": patch.id, "verdict": verdict, "before": before, "after": after}
    return _shipped(_moved(house, "ship", {**body, "diff": _diff(patch.module, before, after)}, root))


def _moved(house: House, kind: str, body: Mapping[str, str], root: Path) -> Entry:
    """The mark, the entry, the file; then the mark goes."""
    make_folder(house.home.folder)
    replace_file(_mark(house), json.dumps({"after": _last_move(house)}).encode())
    entry = house.ledger.append(kind, body)
    _write(body["module"], body["after"], root)
    _unmark(house)
    return entry


def _mark(house: House) -> Path:
    return house.home.folder / UNFINISHED


def _unmark(house: House) -> None:
    _mark(house).unlink()
    sync_folder(house.home.folder)


def _last_move(house: House) -> int:
    return max((entry.index for entry in moves(house)), default=-1)


def _write(module: str, text: str, root: Path) -> None:
    """Whoever loads the module from now on reads the new text, in this process too."""
    replace_file(toml_path(module, root), text.encode())
    load(module).__dict__.pop("manifest", None)


def rollback(house: House, wanted: str, why: str, root: Path = ROOT) -> Shipped:
    """Put back the text from before a ship. The caller holds the home's writer lock.

    The same rollback that a crash left unfinished is finished. Raises CWS-SHIP-002 when there is no such ship or it was
    rolled back, -003 when the file was changed since.
    """
    finished = settle(house, root)
    if finished is not None and finished.kind == "rollback" and finished.body["ship"] == wanted:
        return _shipped(finished)
    entry = standing(house).get(wanted)
    if entry is None:
        known = ", ".join(standing(house)) or "none"
        raise CwsError("CWS-SHIP-002", what=f"no ship {wanted!r} in force", where="ledger", fix=f"in force: {known}")
    body = _text(entry.body)
    path = toml_path(body["module"], root)
    if path.read_text(encoding="utf-8") != body["after"]:
        raise CwsError(
            "CWS-SHIP-003",
            what=f"{body['module']}.toml is not as ship {wanted} left it",
            where=str(path),
            fix="roll back what was shipped after it first, or edit the file",
        )
    diff = _diff(body["module"], body["after"], body["before"])
    undo = {"module": body["module"], "ship": wanted, "why": why, "before": body["after"], "after": body["before"]}
    return _shipped(_moved(house, "rollback", {**undo, "diff": diff}, root))


def unfinished(house: House) -> bool:
    """Whether a ship or rollback was begun and not ended: now, by whoever holds the lock, or before a crash."""
    return _mark(house).exists()


def settle(house: House, root: Path = ROOT) -> Entry | None:
    """After a crash: the ship or rollback that was recorded and not written is written; returns it, None without one.

    The caller holds the home's writer lock.
    """
    if not unfinished(house):
        return None
    before = json.loads(_mark(house).read_bytes())["after"]
    found = next((entry for entry in moves(house) if entry.index > before), None)
    if found is not None:
        body = _text(found.body)
        if toml_path(body["module"], root).read_text(encoding="utf-8") == body["before"]:
            _write(body["module"], body["after"], root)
    _unmark(house)
    return found


def settle_first(house: House, who: str) -> None:
    """For whoever is about to read modules' values: `settle`, holding the lock, where there is something to.

    Raises CWS-HOME-001 when another process holds the home for longer than that takes.
    """
    if unfinished(house):
        with house.home.writing(who, max(house.lock_wait_s, SETTLING_S)):
            settle(house)


def by_hand(house: House, root: Path = ROOT) -> list[Shipped]:
    """The last ship in force of each module whose file is not as it left it: somebody wrote there, and it stays."""
    last = {_text(entry.body)["module"]: entry for entry in standing(house).values()}
    return [_shipped(entry) for entry in last.values() if _differs(_text(entry.body), root)]


def _differs(body: Mapping[str, str], root: Path) -> bool:
    path = toml_path(body["module"], root) if body["module"] in names() else None
    return path is None or not path.exists() or path.read_text(encoding="utf-8") != body["after"]


def in_force(house: House) -> list[Shipped]:
    """Every ship that was not rolled back, oldest first."""
    return [_shipped(entry) for entry in standing(house).values()]


def moves(house: House) -> list[Entry]:
    """Every ship and rollback, oldest first."""
    return sorted([*house.ledger.entries("ship"), *house.ledger.entries("rollback")], key=lambda entry: entry.index)


def standing(house: House) -> dict[str, Entry]:
    """The ledger entries of ships that were not rolled back, by their index as text, oldest first."""
    undone = {_text(entry.body)["ship"] for entry in house.ledger.entries("rollback")}
    return {str(e.index): e for e in house.ledger.entries("ship") if str(e.index) not in undone}


def _shipped(entry: Entry) -> Shipped:
    body = _text(entry.body)
    return Shipped(str(entry.index), body["module"], body["diff"])


def _text(body: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in body.items()}


def _diff(module: str, before: str, after: str) -> str:
    lines = (before.splitlines(keepends=True), after.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, f"a/{module}.toml", f"b/{module}.toml"))
