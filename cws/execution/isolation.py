"""Walls between the native processes, where we are root: a user for each, and a network namespace for order entry.

The listeners of the venue's order and drop-copy sessions are opened inside the namespace and handed to the venue, which
stays outside and needs no privilege; risk runs inside. So there is no address at which the gateway's or a strategy's
user could reach them, whatever it knows. In the run folder everybody may add files, and only their owner may write,
rename or remove them (sticky bit).
"""

import ctypes
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

# Numbers that neither Debian nor systemd gives to anybody; no account is needed.
GROUP = 60_900
USERS: Mapping[str, int] = {"cws-venue": 60_901, "cws-risk": 60_902, "cws-gateway": 60_903}
# What each may read before it starts; all else is made by its writer.
OWNED = {
    "cws-venue": ("venue.toml", "replay.csv"),
    "cws-risk": ("risk.toml", "session.password"),
    "cws-gateway": ("gateway.toml",),
}
# Root's own, which the group reads: nobody who is held to them may write them.
SHOWN = ("limits.toml", "limits.toml.sig")
# What each writes and finds again at its next start.
WRITTEN = {
    "cws-venue": ("venue.journal",),
    "cws-risk": ("risk.journal", "executions.ring", "intents.cursor", "risk.beat"),
    "cws-gateway": (
        "gateway.journal",
        "intents.ring",
        "executions.cursor",
        "intents.seen",
        "gateway.epoch",
        "gateway.beat",
    ),
}
LISTENERS = "ORDER_LISTENERS"  # of gateway/crates/venue/src/net.rs
NAMESPACES = Path("/run/netns")
CLONE_NEWNET, PR_SET_NO_NEW_PRIVS = 0x40000000, 38
IP_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Walls:
    """The namespace's file, and the addresses (orders, drop copy) that are listened at inside it."""

    namespace: str
    listeners: Sequence[str]


@dataclass(frozen=True)
class Cell:
    """What a child becomes between fork and exec, and the descriptors that it keeps."""

    enter: Callable[[], None]
    executable: str
    handles: Sequence[int]
    environment: Mapping[str, str]


def why_off() -> str:
    """Why there can be no walls here; nothing where there can."""
    if os.geteuid() != 0:
        return "not root"
    return "" if shutil.which("ip") else "no ip command (apt-get install iproute2)"


def build(folder: Path, listeners: Sequence[str]) -> Walls | None:
    """The walls of a run folder, its namespace made anew; None where they cannot be."""
    if why_off():
        return None
    name = _name(folder)
    tear_down(folder)
    if not (_ip("netns", "add", name) and _ip("-n", name, "link", "set", "lo", "up")):
        tear_down(folder)
        return None
    return Walls(str(NAMESPACES / name), tuple(listeners))


def tear_down(folder: Path) -> None:
    """Remove the folder's namespace; what still runs in it keeps it until it ends."""
    if os.geteuid() == 0 and (NAMESPACES / _name(folder)).exists():
        _ip("netns", "delete", _name(folder))


def _name(folder: Path) -> str:
    return f"cws-{blake3(str(folder.resolve()).encode()).hexdigest()[:8]}"


def _ip(*words: str) -> bool:
    done = subprocess.run(["ip", *words], capture_output=True, timeout=IP_PATIENCE_S)
    return done.returncode == 0


def hand_over(folder: Path) -> None:
    """Give each file of a prepared run folder to its reader, and the folder to the group, sticky."""
    (folder / "capture").mkdir(exist_ok=True)
    for shared in (folder, folder / "capture"):
        os.chown(shared, 0, GROUP)
        shared.chmod(0o1770)
    for name, files in OWNED.items():
        for file in files:
            if (folder / file).exists():
                os.chown(folder / file, USERS[name], GROUP)
                (folder / file).chmod(0o600)
    for file in SHOWN:
        if (folder / file).exists():
            os.chown(folder / file, 0, GROUP)
            (folder / file).chmod(0o640)
    for name, files in WRITTEN.items():
        for file in files:
            _give_back(folder / file, USERS[name])


def _give_back(path: Path, user: int) -> None:
    """A file of root's is from before there were walls, or from a copy of the home; of another user's is a stranger's.

    No link is followed or given away: one of them could lead anywhere.
    """
    found = path.lstat() if path.exists() else None
    if found is not None and stat.S_ISREG(found.st_mode) and found.st_uid == 0 and found.st_nlink == 1:
        os.chown(path, user, GROUP, follow_symlinks=False)


def risk_user(walled: bool) -> int:
    """Who risk is: what anybody else says at its socket is not risk's."""
    return USERS["cws-risk"] if walled else os.geteuid()


def cell(walls: Walls, name: str, binary: str, held: ExitStack) -> Cell:
    """What `name` runs in. `held` closes our ends of the descriptors when the child has its own."""
    # By descriptor: the new user need not be able to walk to where the binary lies.
    handle = os.open(binary, os.O_RDONLY)
    held.callback(os.close, handle)
    handles, environment = [handle], dict[str, str]()
    if name == "cws-venue":
        ends = [held.enter_context(one) for one in _listen(walls)]
        environment[LISTENERS] = ",".join(str(one.fileno()) for one in ends)
        handles += [one.fileno() for one in ends]
    inside = -1
    if name == "cws-risk":
        inside = os.open(walls.namespace, os.O_RDONLY)
        held.callback(os.close, inside)
    return Cell(entrance(USERS[name], inside), f"/proc/self/fd/{handle}", handles, environment)


def entrance(user: int, namespace: int = -1) -> Callable[[], None]:
    """Into the namespace of the descriptor, then to the user, for good. To be called in a child before exec."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter() -> None:
        if namespace >= 0:
            _set_namespace(libc, namespace)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "no_new_privs")
        os.umask(0o027)
        os.setgroups([])
        group = GROUP if user in USERS.values() else user
        os.setgid(group)
        os.setuid(user)

    return enter


def _set_namespace(libc: ctypes.CDLL, handle: int) -> None:
    if libc.setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _listen(walls: Walls) -> list[socket.socket]:
    """Listening sockets inside; this thread steps in and out again."""
    libc = ctypes.CDLL(None, use_errno=True)
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    inside = os.open(walls.namespace, os.O_RDONLY)
    try:
        _set_namespace(libc, inside)
        try:
            return [socket.create_server(_address(one)) for one in walls.listeners]
        finally:
            _set_namespace(libc, outside)
    finally:
        os.close(inside)
        os.close(outside)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def told(risk: int, gateway: int) -> tuple[str, str]:
    """`on` or `off`, and why, of two running processes by their pids."""
    users = [Path(f"/proc/{pid}").stat().st_uid for pid in (risk, gateway)]
    if users[0] == users[1]:
        return "off", why_off() or f"risk and gateway run as the same user ({users[0]})"
    if os.geteuid() == 0:
        first, second = (Path(f"/proc/{pid}/ns/net").readlink() for pid in (risk, gateway))
        if first == second:
            return "off", "risk and gateway share a network namespace"
    return "on", f"risk runs as user {users[0]} in a network of its own, the gateway as {users[1]}"
