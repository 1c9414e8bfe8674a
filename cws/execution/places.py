"""Where the files of native execution lie below a home, and which processes they name."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cws.execution.binaries import NAMES
from cws.execution.isolation import USERS
from cws.execution.line_client import LineClient
from cws.execution.processes import running
from cws.execution.supervisor import PID, STATE
from cws.home import Home
from modules.errors import CwsError

LIVE = "live"
SOCKETS = {"cws-venue": "venue.sock", "cws-risk": "risk.sock", "cws-gateway": "gateway.sock"}
JOURNAL = "risk.journal"
SYMBOLS = "symbols.json"  # of the live gateway: see `market`
VOID = ".void-"


@dataclass(frozen=True)
class Place:
    """One run folder: the processes' sockets, journals, logs and configurations. `name` is the run's."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL

    @property
    def replay(self) -> Path:
        return self.folder / "replay.csv"

    @property
    def limits(self) -> Path:
        return self.folder / "limits.toml"

    @property
    def result(self) -> Path:
        """What the run came to; there when it has ended and was reconciled."""
        return self.folder / "result.json"

    def config(self, binary: str) -> Path:
        return self.folder / f"{binary.removeprefix('cws-')}.toml"

    def client(self, binary: str, timeout_s: float = 10.0) -> LineClient:
        users = {os.geteuid(), USERS[binary]}
        return LineClient(self.folder / SOCKETS[binary], timeout_s, users)

    def ended(self) -> dict[str, Any] | None:
        """What `result` says; None while the run goes on, or when the file is damaged."""
        try:
            found = json.loads(self.result.read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None


def keys_folder(home: Home) -> Path:
    return home.gateway / "keys"


def live(home: Home) -> Place:
    """The free-running gateway of `cws gateway up`."""
    return Place(home.gateway / LIVE)


def run_place(home: Home, run: str) -> Place:
    return Place(home.gateway / "runs" / run)


def folders_of_runs(home: Home) -> list[Place]:
    """Every run and every void day, oldest first."""
    found = [path for path in (home.gateway / "runs").glob("[!.]*") if path.is_dir()]
    return [Place(path) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]


def market(place: Place) -> dict[str, tuple[str, float]]:
    """SYMBOL.MIC -> the wire's name and the last close, in the order of the wire's numbers; empty without a file."""
    try:
        rows = json.loads((place.folder / SYMBOLS).read_bytes())
        return {str(symbol): (str(name), float(close)) for symbol, (name, close) in rows.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def all_places(home: Home) -> list[Place]:
    """The live folder first, then the runs, oldest first; days that are void are not among them."""
    first = [live(home)] if live(home).folder.is_dir() else []
    return first + [place for place in folders_of_runs(home) if VOID not in place.name]


def void_place(place: Place) -> Place:
    """Where the next void day of this run lies."""
    taken = [path.name.rpartition(VOID)[2] for path in place.folder.parent.glob(f"{place.name}{VOID}*")]
    number = 1 + max((int(one) for one in taken if one.isdecimal()), default=0)
    return Place(place.folder.with_name(f"{place.name}{VOID}{number}"))


def processes(place: Place) -> dict[str, int | None]:
    """Binary -> pid of what runs now."""
    found = {name: running(place.folder / f"{name}.pid") for name in NAMES}
    return {name: None if one is None else one.pid for name, one in found.items()}


def is_up(place: Place) -> bool:
    return any(processes(place).values()) or running(place.folder / PID) is not None


def restarts(place: Place) -> dict[str, int]:
    """How often the supervisor had to start each again."""
    try:
        said = json.loads((place.folder / STATE).read_bytes())
        return {str(name): int(count) for name, count in said["restarts"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def asked(place: Place, binary: str, request: dict[str, object], timeout_s: float = 2.0) -> dict[str, Any]:
    """The process's answer, or its refusal as `{"ok": false, ...}`: whoever looks must not fall over what is down."""
    try:
        with place.client(binary, timeout_s) as client:
            return client.ask(request)
    except CwsError as refusal:
        return {"ok": False, "code": refusal.code, "what": refusal.what, "where": refusal.where, "fix": refusal.fix}
