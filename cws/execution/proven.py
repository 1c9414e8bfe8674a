"""Are the ledger's statements about journals signed by this home's key, and do the journals still say the same?"""

from collections.abc import Iterable
from typing import Any

from cws.execution.checkpoints import fault_in
from cws.execution.keys import public_hex, signing_key
from cws.execution.places import LIVE, Place, keys_folder, live, run_place
from cws.home import Home
from cws.ledger.entry import Entry
from modules.errors import CwsError


def proven(home: Home, checkpoints: Iterable[Entry]) -> dict[str, Any]:
    """How many signatures and journals were verified, and what is wrong, by ledger entry.

    A journal that is not there any more is not compared; of one that grew, the last checkpoint is.
    """
    entries = list(checkpoints)
    last = {str(entry.body["run"]): entry.index for entry in entries}
    public = public_hex(signing_key(keys_folder(home), "checkpoint")) if entries else ""
    faults: list[str] = []
    journals = 0
    for entry in entries:
        run = str(entry.body["run"])
        place = live(home) if run == LIVE else run_place(home, run)
        compared = last[run] == entry.index and place.journal.exists()
        journals += compared
        fault = _fault(entry.body, public, place if compared else None)
        if fault:
            faults.append(f"entry {entry.index}, {run}: {fault}")
    return {"signatures": len(entries), "journals": journals, "faults": faults}


def _fault(body: Any, public: str, place: Place | None) -> str:
    try:
        return fault_in(body, public, None if place is None else place.journal)
    except CwsError as refusal:
        return str(refusal)
