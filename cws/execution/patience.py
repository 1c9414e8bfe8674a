"""An answer of a process that may just be started again: its supervisor is there, and it will be."""

import time
from typing import Any

from cws.execution.places import Place, asked, processes
from cws.execution.processes import POLL_S, running
from cws.execution.supervisor import PID

SILENT = "CWS-SOCKET-002"
# As long as a supervisor waits at most before it starts one again, and the start.
RESTART_S = 5.0


def patient_answer(place: Place, name: str, request: dict[str, object], patience_s: float) -> dict[str, Any] | None:
    """Of process NAME; one that died is waited for while a supervisor is there to start it. None where none comes."""
    ends_s = time.monotonic() + patience_s
    while True:
        down = processes(place)[name] is None
        if down and running(place.folder / PID) is None:
            return None
        answer: dict[str, Any] = {"ok": False, "code": SILENT, "what": "it is being started again", "where": name}
        if not down:
            answer = asked(place, name, request)
        if answer["ok"] or answer["code"] != SILENT or time.monotonic() >= ends_s:
            return answer
        time.sleep(POLL_S)
