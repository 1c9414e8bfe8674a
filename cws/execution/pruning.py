"""Run folders that nobody needs any more: the newest stay, and every one that the ledger does not know to its end."""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cws.execution.checkpoints import fault_in, last_checkpoint
from cws.execution.journal import read_journal
from cws.execution.keys import public_hex, signing_key
from cws.execution.places import VOID, Place, folders_of_runs, is_up, keys_folder
from modules.errors import CwsError

if TYPE_CHECKING:
    from cws.house import House

GOING = ".going-"


def prune(house: "House") -> list[str]:
    """Remove run folders, void days too, beyond the newest `house.keep_runs`; returns their names, oldest first.

    One stays as long as something of it runs, a caller holds it, or its journal says more than the ledger's signed
    checkpoint of it. What is removed leaves under another name first, so that nobody finds half a run.
    """
    for left in (house.home.gateway / "runs").glob(f"{GOING}*"):  # whoever began died meanwhile
        shutil.rmtree(left, ignore_errors=True)
    older = folders_of_runs(house.home)[: -house.keep_runs]
    return [place.name for place in older if _removed(house, place)]


def _removed(house: "House", place: Place) -> bool:
    with _held(place) as held:
        if not held or is_up(place) or not is_ingested(house, place):
            return False
        going = place.folder.with_name(f"{GOING}{place.name}")
        place.folder.rename(going)
    shutil.rmtree(going, ignore_errors=True)
    return True


def is_ingested(house: "House", place: Place) -> bool:
    """Whether the ledger has a checkpoint that this journal still fits, and nothing was written after it."""
    checkpoint = last_checkpoint(house.ledger, place.name)
    if checkpoint is None:
        return False
    public = public_hex(signing_key(keys_folder(house.home), "checkpoint"))
    try:
        return not fault_in(checkpoint, public, place.journal) and read_journal(place.journal).seq == checkpoint["seq"]
    except CwsError:
        return False


@contextmanager
def _held(place: Place) -> Generator[bool]:
    """Whether no caller of this run is at work, and none begins meanwhile."""
    handle = os.open(lock_file(place), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def lock_file(place: Place) -> Path:
    """One for a run and its void days."""
    return place.folder.with_name(f"{place.name.partition(VOID)[0]}.lock")
