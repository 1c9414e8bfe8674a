"""The free-running gateway: the bundled venue on the wall clock with made-up flow, kept up until it is told to end.

Each start is a new day of the venue and a new version of the limits; journals of risk and gateway go on. Where the fate
of an order is unknown after a crash, risk asks for it by sequence; nothing is sent again.
"""

from typing import Any

from cws.execution.attest import evidence
from cws.execution.binaries import NAMES, binary
from cws.execution.checkpoints import ingest
from cws.execution.desk import silent
from cws.execution.desk_limits import FILE, desk_limits, written
from cws.execution.journal import read_journal
from cws.execution.keys import signing_key
from cws.execution.kills import Killed, ended_by_hand, in_force
from cws.execution.live_folder import IN_FORCE, prepare
from cws.execution.patience import RESTART_S, patient_answer
from cws.execution.places import Place, all_places, is_up, keys_folder, live, market, processes
from cws.execution.processes import running
from cws.execution.submit import VoidDayError, alone, waited_for
from cws.execution.supervisor import PID, hold_back, launch, let_go, stop
from cws.execution.switch import NO_SUCH_NAME
from cws.execution.unheard import own_kills
from cws.house import House
from cws.strategies import Catalogue
from modules.errors import CwsError

GATEWAY = "cws-gateway"


def start(house: House, catalogue: Catalogue) -> dict[str, Any]:
    """Start it, or find it running.

    Raises CWS-EXECUTION-001 where it was not built, -009 before the first `cws run`, -010 where it does not come up.
    """
    place = live(house.home)
    with alone(place, silent):
        fresh = not is_up(place)
        if fresh:
            binary(house.native, "cws-venue")
            prepare(house, place, catalogue)
            hold_back(place.folder, GATEWAY)
        else:
            desk_limits(house.home.folder, catalogue.strategies, market(place))
        # Else its supervisor died, or is starting one of them again, or an earlier start did not come to its end.
        if fresh or running(place.folder / PID) is None or not all(processes(place).values()):
            _launched(house, place)
        else:
            _as_recorded(house, place)
    pids = processes(place)
    state = "up" if all(pids.values()) else "partly up"
    return {"state": state, "folder": str(place.folder), "pids": pids, "desk_limits": _desk_limits(house, place)}


def _launched(house: House, place: Place) -> None:
    """The gateway last: it works what is open at once, and risk must know by then what was killed meanwhile."""
    try:
        launch(place.folder)
        for name in NAMES:
            if name == GATEWAY:
                _as_recorded(house, place)
                let_go(place.folder, GATEWAY)
            with waited_for(place, name):
                pass
    except VoidDayError as void:
        stop(place.folder)
        raise _not_up(place, str(void)) from None
    except CwsError:
        stop(place.folder)
        raise


def _desk_limits(house: House, place: Place) -> str:
    """Where the desk says what it allows, for whoever starts its gateway; what it does not say there is wide."""
    path = house.home.folder / FILE
    if written(path) != written(place.folder / IN_FORCE):
        return f"{path} has changed: cws gateway down, then up puts it in force"
    return str(path) if path.exists() else f"none: {path.name} in CWS_HOME narrows money, positions and daily loss"


def _as_recorded(house: House, place: Place) -> None:
    """Kills and re-arms that were recorded while no risk core ran here, told to the one that does.

    Raises CWS-EXECUTION-010 where it has no limits or could not be told: then nothing may be called up.
    """
    risk = patient_answer(place, "cws-risk", {"cmd": "status"}, RESTART_S)
    if risk is None or not risk.get("limits"):
        raise _not_up(place, f"risk has no limits in force: {(risk or {}).get('why') or risk}")
    entries = house.ledger.entries()
    for one in in_force(entries):
        _tell(place, "kill", one)
    ended = {(one.scope, one.name): one for one in ended_by_hand(entries)}
    for one in own_kills(place, ended):
        # Its journal goes on where it was killed; what came after the re-arm, nobody has ended.
        if one.ts_ns < ended[one.scope, one.name].ts_ns:
            _tell(place, "rearm", ended[one.scope, one.name])


def _tell(place: Place, word: str, one: Killed) -> None:
    act = {"scope": one.scope, "name": one.name, "reason": one.reason, "who": one.who}
    answer = patient_answer(place, "cws-risk", {"cmd": word, **act}, RESTART_S)
    if answer is None or not (answer["ok"] or answer["code"] == NO_SUCH_NAME):
        raise _not_up(place, f"risk could not be told to {word} {one.scope} {one.name}".rstrip() + f": {answer}")


def _not_up(place: Place, what: str) -> CwsError:
    return CwsError(
        "CWS-EXECUTION-010", what=f"the gateway does not come up: {what}", where=str(place.folder),
        fix="its log/ says why; then cws gateway up again",
    )  # fmt: skip


def end(house: House) -> dict[str, Any]:
    """End everything that runs below this home; what the live journal says goes into the ledger.

    `left` are those of which something will not go.
    """
    ended: list[str] = []
    left: list[str] = []
    for place in all_places(house.home):
        if is_up(place):
            stop(place.folder)
            (left if is_up(place) else ended).append(place.name)
    place = live(house.home)
    if place.journal.exists():
        journal = read_journal(place.journal)
        key = signing_key(keys_folder(house.home), "checkpoint")
        ingest(house.ledger, key, place.name, journal, house.clock_ns(), {"checks": evidence(journal)})
    return {"ended": ended, "left": left}
