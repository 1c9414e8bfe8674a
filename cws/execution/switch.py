"""The switch: kill a strategy, a venue or the firm at once, and re-arm only by a person with a reason.

A kill first stops what runs, then is recorded; a re-arm is recorded first. Either stands in the ledger, so what starts
later begins with it, and a process that could not be reached is named.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from cws.execution.checkpoints import KILL, REARM
from cws.execution.kills import SCOPES
from cws.execution.patience import RESTART_S, patient_answer
from cws.execution.places import all_places
from cws.execution.unheard import hear, killed_now
from cws.house import House
from modules.errors import CwsError
from modules.execute.wire_fills import VENUE
from modules.settings import nearest

MAX_REASON = 500
DONE, ELSEWHERE, NO_SUCH_NAME = "done", "does not trade there", "CWS-RISK-004"


@dataclass(frozen=True)
class Act:
    """What is killed or re-armed, why, and who says so. `name` is empty for the firm."""

    scope: str
    name: str
    reason: str
    who: str

    def __post_init__(self) -> None:
        assert self.scope in SCOPES, self.scope
        if not 0 < len(self.reason.strip()) <= MAX_REASON:
            raise CwsError(
                "CWS-EXECUTION-005",
                what=f"a reason of 1 to {MAX_REASON} characters is needed",
                where="--reason",
                fix="say why: it is kept in the ledger",
            )

    @property
    def body(self) -> dict[str, object]:
        return {"scope": self.scope, "name": self.name, "reason": self.reason.strip(), "who": self.who}


def kill(house: House, act: Act, strategies: Collection[str] = ()) -> dict[str, Any]:
    """Stop it in every risk core that runs, then record it; returns who was told and what did not answer.

    Raises CWS-EXECUTION-011 where no risk core trades that name and it is none of `strategies` (empty: not known) or
    no venue of ours: a slip of the pen must not look like a stop.
    """
    told = _tell(house, KILL, act)
    if DONE not in told.values():
        _refuse_unknown(act, strategies)
    entry = house.ledger.append(KILL, {**act.body, "trigger": "command", "told": told})
    # One that started meanwhile was not told, nor one that its supervisor is just starting again: it reads no ledger.
    told = _tell(house, KILL, act, told, RESTART_S)
    return {**act.body, "told": told, "ledger_index": entry.index}


def _refuse_unknown(act: Act, strategies: Collection[str]) -> None:
    known = {"firm": [""], "venue": [VENUE], "strategy": list(strategies)}[act.scope]
    if known and act.name not in known:
        raise CwsError(
            "CWS-EXECUTION-011", what=f"there is no {act.scope} {act.name!r}: nothing was killed",
            where=f"--{act.scope}", fix=f"{nearest(act.name, known)}; or cws kill --firm",
        )  # fmt: skip


def rearm(house: House, act: Act) -> dict[str, Any]:
    """Record it, then tell every risk core that runs. Raises CWS-EXECUTION-006 where nothing of that name is killed."""
    hear(house)
    # By the ledger, or by a risk core whatever the ledger says: what is stopped must not stay so for want of a record.
    killed = killed_now(house)
    if (act.scope, act.name) not in [(one.scope, one.name) for one in killed]:
        known = ", ".join(f"{one.scope} {one.name}".strip() for one in killed) or "nothing"
        raise CwsError(
            "CWS-EXECUTION-006",
            what=f"{act.scope} {act.name}".strip() + " is not killed",
            where="ledger",
            fix=f"killed now: {known}",
        )
    entry = house.ledger.append(REARM, act.body)
    told = _tell(house, REARM, act, patience_s=RESTART_S)
    return {**act.body, "told": told, "ledger_index": entry.index}


def _tell(
    house: House, word: str, act: Act, before: dict[str, str] | None = None, patience_s: float = 0.0
) -> dict[str, str]:
    """Run folder -> `done`, that it does not trade there, or why its risk core could not be told."""
    found = dict(before or {})
    for place in all_places(house.home):
        answer = (
            None
            if found.get(place.name) == DONE
            else patient_answer(place, "cws-risk", {"cmd": word, **act.body}, patience_s)
        )
        if answer is not None:
            elsewhere = answer.get("code") == NO_SUCH_NAME
            refused = ELSEWHERE if elsewhere else f"{answer.get('code')}: {answer.get('what')}"
            found[place.name] = DONE if answer["ok"] else refused
    return found
