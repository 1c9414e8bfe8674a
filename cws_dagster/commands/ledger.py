"""`cws ledger`: the record of everything that happened, and the lone verifier over its files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cws_dagster.invocation import nothing_yet
from cws_dagster.screen import AsJson, Screen, print_json

# Per kind, the fields of a body that say what happened, in the order that people ask.
TELLING = {
    "run": ("strategies",),
    "raw": ("source", "bytes", "blake3"),
    "lake_commit": ("table", "part", "version", "mode", "rows"),
    "trial": ("strategy", "key", "looks"),
    "look": ("strategy", "formula", "parameters", "key"),
    "stage": ("stage", "unit", "rows"),
    "trial_batch": ("batch", "strategy", "first", "end"),
    "backtest_batch": ("batch", "counted_as", "sets"),
    "patch": ("module", "patch", "finding", "proposer"),
    "baseline": ("strategy", "hash"),
    "confirm": ("module", "patch", "finding"),
    "verdict": ("id", "patch", "kind", "reason", "p"),
    "batch": ("id", "ship", "shadow", "placebos", "placebo_ships"),
    "ship": ("module", "patch", "verdict"),
    "shadow": ("module", "verdict"),
    "rollback": ("module", "ship", "why"),
    "proposals": ("asks", "looks", "seed"),
    "cycle": ("proposals", "batches"),
    "shadow_step": ("module", "verdict", "last_day"),
    "shadow_end": ("module", "verdict", "stand"),
    "bundle": ("ships", "inferior", "p_worse"),
    "journal": ("run", "seq", "hash", "counts"),
    "kill": ("scope", "name", "trigger", "who", "reason"),
    "rearm": ("scope", "name", "who", "reason"),
    "limits": ("run", "version", "hash"),
    "certificate": ("seed", "counts", "passed"),
}
KINDS = (*TELLING, "torn_tail")


def gist(kind: str, body: dict[str, Any]) -> str:
    """A body in short; everything of a kind that has no short form."""
    body = {**body, "patch": changed(body["change"])} if kind == "verdict" else body
    told = {name: body[name] for name in TELLING.get(kind, ()) if name in body} or body
    return json.dumps(told, separators=(", ", "="), sort_keys=False).replace('"', "").strip("{}")


def changed(change: dict[str, Any]) -> str:
    """A verdict's patch in words: the module and what it would be set to."""
    values = {**change["settings"], **change["skills"]}
    return " ".join([change["module"], *(f"{key}:{value}" for key, value in values.items())])


def _refuse_unknown(kind: str) -> None:
    from modules.errors import CwsError
    from modules.settings import nearest

    if kind not in KINDS:
        raise CwsError("CWS-CLI-004", what=f"unknown kind {kind!r}", where="--kind", fix=nearest(kind, KINDS))


def show(
    kind: Annotated[str | None, typer.Option(help=f"Only entries of this kind: {', '.join(KINDS)}.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the latest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Print the latest entries, verified.

    On a terminal the gist of each, in a pipe its whole body.
    """
    from cws.home import settings
    from cws.house import open_house

    if kind is not None:
        _refuse_unknown(kind)
    ledger = open_house(settings()).ledger
    found = ledger.entries(kind)[-last:]
    if as_json:
        print_json({"entries": [asdict(entry) for entry in found]})
        return
    screen = Screen()
    if not ledger.head().entries:
        screen.line(nothing_yet())
        return
    rows = [
        (
            entry.index,
            screen.time(entry.ts_ns),
            entry.kind,
            screen.hash(entry.hash),
            screen.brief(gist(entry.kind, entry.body)) if screen.is_terminal else json.dumps(entry.body),
        )
        for entry in found
    ]
    screen.table(
        f"The latest {len(rows)} entries" + (f" of kind {kind}" if kind else ""),
        ("entry", "time", "kind", "hash", "body"),
        rows,
    )


def _verified(folder: Path, checkpoint: Path | None) -> dict[str, Any]:
    from cws.ledger.verify import verify
    from modules.errors import CwsError

    try:
        return verify(folder, checkpoint)
    except ValueError as refusal:
        raise CwsError(
            "CWS-CLI-003",
            what=str(refusal),
            where="cws ledger verify",
            fix="`cws run` starts a ledger; a checkpoint is a copied acknowledged.json",
        ) from None


def verify_ledger(
    checkpoint: Annotated[
        Path | None, typer.Option(help="An acknowledged.json that you copied earlier, elsewhere: excludes a rollback.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every byte of the ledger.

    By the verifier that shares no code with its writer. Exit 1 on tampering, and when there is no ledger: what is not
    there is not sound.
    """
    from cws.home import home_at, settings

    folder = home_at(settings().home).ledger
    if checkpoint is None and not folder.is_dir():
        if as_json:
            print_json({"ok": False, "entries": 0, "problems": [], "why": nothing_yet()})
        else:
            Screen().line(nothing_yet())
        raise typer.Exit(1)
    found = _verified(folder, checkpoint)
    if as_json:
        print_json(found)
    else:
        screen = Screen()
        facts = {name: found[name] for name in ("entries", "head", "root", "torn_bytes")}
        screen.facts("Ledger sound" if found["ok"] else "LEDGER DAMAGED", facts)
        for fault in found["problems"]:
            screen.line("  {segment}, line {line}, entry {entry}: {what}".format(**fault), "bold red")
        screen.line(
            f"  rollback {found['rollback']}"
            + ("" if checkpoint else ": keep a copy of acknowledged.json elsewhere and give it with --checkpoint")
        )
    raise typer.Exit(0 if found["ok"] else 1)


COMMANDS = {"show": show, "verify": verify_ledger}
