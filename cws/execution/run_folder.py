"""A run's folder before anything starts: configurations, replay file, signed limits, password, the parents.

Written once. Whoever comes later finds them, so a run goes on as it began, ids and all.
"""

import json
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cws.environment import file_hash
from cws.execution.binaries import NAMES, binary
from cws.execution.isolation import Walls, build, hand_over, risk_user
from cws.execution.keys import public_hex
from cws.execution.limits import Issue, limits_text, write_signed
from cws.execution.places import Place
from cws.execution.session import DAY_NS, REPLAY_COLUMNS, Session, quotes, session_of, windows
from cws.execution.supervisor import plan_file
from cws.ledger.disk import make_folder, replace_file
from modules.canonical import content_hash, json_hash
from modules.execute.wire_fills import VENUE
from modules.execute.wire_units import MAX_CHILD_QTY, MOST_PARENTS

PARENTS, READY, PASSWORD = "parents.jsonl", "ready.json", "session.password"
RUN_CHARACTERS = 16
USER, COPY_USER, FIRM, REGION = "RISK01", "COPY01", "CWSF", "H"
LIFE_S = 3_600.0
PATIENCE_MS = 60_000
SPINNERS = 3  # three processes wait for each other
VALID_NS = 4 * 86_400_000_000_000
HOST, GROUP = "127.0.0.1", "239.193.{}.{}"
LAYOUT = 1  # raised when a run of the same parents must be another run


def run_id(parents: pd.DataFrame) -> str:
    """The run's name: a hash over everything that its parents say, but for the ledger entry that led to them."""
    digest = json_hash({"parents": content_hash(parents.drop(columns="ledger_id")), "layout": LAYOUT})
    return digest.removeprefix("b3:")[:RUN_CHARACTERS]


def requests(parents: pd.DataFrame, session: Session) -> list[dict[str, object]]:
    """One `parent` request each, as both sockets take it; times are the wire's."""
    rows: list[dict[str, object]] = []
    starts, ends = (edge.tolist() for edge in windows(parents, session))
    for row, start_ns, end_ns in zip(parents.to_dict("records"), starts, ends, strict=True):
        rows.append(
            {
                "cmd": "parent", "parent_id": row["parent_id"], "strategy": row["strategy"],
                "strategy_no": row["strategy_no"], "symbol": session.names[row["symbol"]], "side": row["side"],
                "quantity": row["wire_qty"], "limit_price": row["limit_px"],
                "style": f"{row['style']} tick={row['tick_px']}", "slice_quantity": row["slice_qty"],
                "start_ns": start_ns, "end_ns": end_ns, "patch": row["patch"], "data_version": row["data_version"],
                "ledger_id": row["ledger_id"],
            }
        )  # fmt: skip
    return rows


def prepare(place: Place, parents: pd.DataFrame, native: Path, key: Ed25519PrivateKey, now_ns: int) -> None:
    """Write the folder, unless it stands. `ready.json` comes last: a folder without it is written anew."""
    if (place.folder / READY).exists():
        return
    make_folder(place.folder)
    # Sockets lie here: whatever the umask, their names are nobody else's.
    place.folder.chmod(0o700)
    # Of yesterday: what a run sees is never from the future, and never older than risk's longest patience with data.
    session = session_of(parents, now_ns // DAY_NS * DAY_NS - DAY_NS)
    quotes(parents, session).to_csv(place.replay, index=False, columns=list(REPLAY_COLUMNS))
    lines = b"".join(json.dumps(one, sort_keys=True).encode() + b"\n" for one in requests(parents, session))
    replace_file(place.folder / PARENTS, lines)
    password = secrets.token_hex(5)
    write_secret(place.folder / PASSWORD, password)
    gateway = file_hash(binary(native, "cws-gateway")).removeprefix("b3:")
    issue = Issue(1, now_ns, now_ns + VALID_NS, "USD", [gateway])
    write_signed(place.limits, limits_text(parents, session, issue), key)
    wiring = free_wiring(place, password)
    walls = build(place.folder, (wiring["orders"], wiring["drop_copy"]))
    for name, text in _configs(parents, session, wiring, public_hex(key), walls).items():
        replace_file(place.config(name), text.encode())
    commands = {name: [str(binary(native, name)), "--config", place.config(name).name] for name in NAMES}
    # A day in which a process died is no longer the day that the parents make: it is void, and made anew.
    plan_file(place.folder, commands, LIFE_S, most_restarts=0, walls=walls)
    symbols = {str(locate): symbol for locate, symbol in enumerate(session.symbols, 1)}
    builds = {name: file_hash(binary(native, name)) for name in NAMES}
    ready = {"run": place.name, "parents": len(parents), "symbols": symbols, "builds": builds, "day_ns": session.day_ns}
    if walls is not None:
        hand_over(place.folder)
    replace_file(place.folder / READY, json.dumps(ready).encode())


def write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def free_wiring(place: Place, password: str) -> dict[str, str]:
    """Addresses that are free now, and multicast groups that follow from the run's name."""
    with ExitStack() as held:
        ports: list[int] = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_DGRAM, socket.SOCK_DGRAM):
            probe = held.enter_context(socket.socket(socket.AF_INET, kind))
            probe.bind((HOST, 0))
            ports.append(int(probe.getsockname()[1]))
    orders, copy, ask, feed_a, feed_b = ports
    third, fourth = blake3(str(place.folder).encode()).digest(2)
    group = GROUP.format(third, max(1, min(254, fourth)))
    return {
        "orders": f"{HOST}:{orders}", "drop_copy": f"{HOST}:{copy}", "request": f"{HOST}:{ask}",
        "group_a": f"{group}:{feed_a}", "group_b": f"{group}:{feed_b}", "password": password,
    }  # fmt: skip


def _configs(
    parents: pd.DataFrame, session: Session, wiring: Mapping[str, str], public: str, walls: Walls | None
) -> dict[str, str]:
    return {
        "cws-venue": _venue(parents, session, wiring, walls),
        "cws-risk": _risk(wiring, public, session.day_ns),
        "cws-gateway": _gateway(parents, session, wiring, risk_user(walls is not None)),
    }


def toml(tables: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Tables in their order; the first has no header. Values are what JSON and TOML spell alike."""
    lines: list[str] = []
    for header, fields in tables:
        lines += ["", header] if header else []
        lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(lines) + "\n"


def _venue(parents: pd.DataFrame, session: Session, wiring: Mapping[str, str], walls: Walls | None) -> str:
    top = {
        "run_dir": ".", "seed": 1, "mode": "lockstep", "session": "CWS0000001", "start_ns": session.open_ns,
        "spinners": SPINNERS,
    }  # fmt: skip
    market_data = {name: wiring[name] for name in ("group_a", "group_b", "request")}
    orders = {"listen": wiring["orders"], "drop_copy": wiring["drop_copy"], "silence_ms": PATIENCE_MS,
              "inherited": walls is not None}  # fmt: skip
    firsts = parents.drop_duplicates("symbol").set_index("symbol").sort_index()
    symbols = [
        ("[[symbols]]", {"name": session.names[str(symbol)], "price": max(int(first["quote_px"]), 1),
                         "tick": int(first["tick_px"]), "lot": 1})
        for symbol, first in firsts.iterrows()
    ]  # fmt: skip
    account = {"user": USER, "password": wiring["password"], "firm": FIRM}
    return toml(
        [
            ("", top), ("[market_data]", market_data), ("[orders]", orders), ("[[sessions]]", account),
            ("[[drop_copy]]", {**account, "user": COPY_USER}), *symbols,
            ("[flow]", {"kind": "replay", "file": "replay.csv"}),
        ]
    )  # fmt: skip


def _risk(wiring: Mapping[str, str], public: str, day_ns: int) -> str:
    """Lockstep has no wall clock: how long somebody was silent there says nothing, nor when it was by the clock.

    Drop copy is compared when the day has ended.
    """
    top = {
        "run_dir": ".", "region": REGION, "venue": VENUE, "limits": "limits.toml", "limits_public_key": public,
        "firm": FIRM, "operators": [os.getuid()], "beat_timeout_ms": PATIENCE_MS, "beat_cancel_ms": 0,
        "ack_timeout_ms": PATIENCE_MS, "drop_copy_settle_ms": 0, "spinners": SPINNERS, "midnight_ns": day_ns,
    }  # fmt: skip
    session = {"address": wiring["orders"], "user": USER, "password_file": PASSWORD, "silence_ms": PATIENCE_MS}
    copy = {**session, "address": wiring["drop_copy"], "user": COPY_USER}
    return toml([("", top), ("[order_session]", session), ("[drop_copy]", copy)])


def _gateway(parents: pd.DataFrame, session: Session, wiring: Mapping[str, str], risk: int) -> str:
    market_data = {name: wiring[name] for name in ("group_a", "group_b", "request")}
    hot = {
        "spinners": SPINNERS, "parents": MOST_PARENTS, "max_quantity": MAX_CHILD_QTY, "collar_ppm": 1_000_000,
        "rate_per_s": 10**9, "burst": 10**9,
    }  # fmt: skip
    return toml(
        [
            ("", {"run_dir": ".", "mode": "lockstep", "region": REGION, "risk_user": risk}),
            ("[market_data]", {**market_data, "midnight_ns": session.day_ns}),
            ("[hot]", hot),
            ("[limits]", {"parents_max": max(1 << 16, 2 * len(parents))}),
        ]
    )  # fmt: skip
