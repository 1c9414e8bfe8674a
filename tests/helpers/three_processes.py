"""Venue, risk and gateway as processes of their own in one folder on loopback, for tests.

Every wait is bounded, every process is ended by its id, and what each said is in `NAME.log`.
"""

import json
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ports import free_ports

from cws.execution import isolation
from cws.execution.binaries import INSTALL
from cws.execution.isolation import Walls

ROOT = Path(__file__).resolve().parents[2]
DAY_NS, HOUR_NS = 86_400_000_000_000, 3_600_000_000_000
USER, COPY_USER, PASSWORD = "RISK01", "COPY01", "secret"
WIDE, WIDE_USD = 4_000_000_000, 1e15
WAIT_S = 30.0


def binaries() -> Path | None:
    """The folder with all three binaries: `CWS_GATEWAY_BIN`, else the newest build of the repository."""
    named = os.environ.get("CWS_GATEWAY_BIN")
    folders = [Path(named)] if named else [ROOT / "gateway" / "target" / kind for kind in ("release", "debug")]
    whole = [one for one in folders if all((one / f"cws-{name}").is_file() for name in ("venue", "risk", "gateway"))]
    return whole[0] if whole else None


BUILT = pytest.mark.skipif(binaries() is None, reason=f"the three native binaries are not built: {INSTALL}")


def until(true: Callable[[], object], what: str, wait_s: float = WAIT_S) -> None:
    deadline = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < deadline, f"it did not happen within {wait_s} s: {what}"
        time.sleep(0.01)


def toml(value: Mapping[str, Any], path: str = "") -> str:
    """Plain values first, then tables, then lists of tables."""
    is_rows = lambda one: isinstance(one, list) and bool(one) and isinstance(one[0], dict)  # noqa: E731
    plain = {name: one for name, one in value.items() if not isinstance(one, dict) and not is_rows(one)}
    lines = [f"{name} = {json.dumps(one)}" for name, one in plain.items()]
    for name, one in value.items():
        here = f"{path}.{name}" if path else name
        if isinstance(one, dict):
            lines += ["", f"[{here}]", toml(one, here)]
        elif is_rows(one):
            for row in one:
                lines += ["", f"[[{here}]]", toml(row, here)]
    return "\n".join(lines)


@dataclass
class World:
    """`quotes` are rows of the replay file, where `flow` says nothing else; `faults`, `duration_s`: as the venue's.

    `limited` is what the strategy's limits say instead of as wide as they go; `walled` needs root.
    """

    folder: Path
    mode: str
    quotes: list[str]
    faults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    flow: Mapping[str, Any] | None = None
    duration_s: int = 0
    limited: Mapping[str, Any] = field(default_factory=dict[str, Any])
    walled: bool = False
    walls: Walls | None = None
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def __post_init__(self) -> None:
        self.midnight_ns = time.time_ns() // DAY_NS * DAY_NS
        self.start_ns = self.day_start_ns(self.mode)
        found = binaries()
        assert found is not None
        self.bin = found
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write()

    @staticmethod
    def day_start_ns(mode: str) -> int:
        """When the venue's day begins: an hour after today's midnight in lockstep, with its process otherwise (0)."""
        return time.time_ns() // DAY_NS * DAY_NS + HOUR_NS if mode == "lockstep" else 0

    def _write(self) -> None:
        orders, copy, request, feed_a, feed_b = free_ports(5)
        market = {
            "group_a": f"239.194.1.1:{feed_a}", "group_b": f"239.194.1.2:{feed_b}",
            "request": f"127.0.0.1:{request}",
        }  # fmt: skip
        header = "time_ns,symbol,action,side,price,qty,id"
        (self.folder / "replay.csv").write_text("\n".join([header, *self.quotes]) + "\n")
        account = {"password": PASSWORD, "firm": "CWSF"}
        venue = {
            "run_dir": ".", "seed": 7, "mode": self.mode, "session": "CWS0000001", "start_ns": self.start_ns,
            "duration_s": self.duration_s,
            "market_data": market,
            "orders": {"listen": f"127.0.0.1:{orders}", "drop_copy": f"127.0.0.1:{copy}", "inherited": self.walled},
            "sessions": [{"user": USER, **account}], "drop_copy": [{"user": COPY_USER, **account}],
            "symbols": [{"name": "ABC", "price": 100_000_000_000, "tick": 10_000_000, "lot": 1, "rate_per_s": 200}],
            "flow": self.flow or {"kind": "replay", "file": "replay.csv"}, "faults": dict(self.faults),
        }  # fmt: skip
        password = self.folder / "session.password"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        line = {"password_file": "session.password"}
        risk = {
            "run_dir": ".", "region": "H", "venue": "CWS", "limits": "limits.toml",
            "limits_public_key": self._limits(), "beat_timeout_ms": 2_000, "beat_cancel_ms": 4_000, "spinners": 9,
            "operators": [os.getuid()], "midnight_ns": self.midnight_ns if self.mode == "lockstep" else 0,
            "order_session": {"address": f"127.0.0.1:{orders}", "user": USER, **line},
            "drop_copy": {"address": f"127.0.0.1:{copy}", "user": COPY_USER, **line},
        }  # fmt: skip
        gateway = {
            "run_dir": ".", "mode": self.mode, "region": "H", "risk_user": isolation.risk_user(self.walled),
            "market_data": {**market, "midnight_ns": self.midnight_ns},
            "hot": {"spinners": 9, "symbols": 16, "book_orders": 65_536, "collar_ppm": 1_000_000},
        }  # fmt: skip
        for name, settings in (("venue", venue), ("risk", risk), ("gateway", gateway)):
            (self.folder / f"{name}.toml").write_text(toml(settings) + "\n")
        if self.walled:
            self.walls = isolation.build(self.folder, (f"127.0.0.1:{orders}", f"127.0.0.1:{copy}"))
            assert self.walls is not None, "no namespace"
            isolation.hand_over(self.folder)

    def _limits(self) -> str:
        """Signed limits as wide as they go; gives the public key."""
        firm = dict.fromkeys(
            ("max_order_notional", "max_gross_notional", "max_net_notional", "max_open_notional", "max_daily_loss",
             "reduce_at_loss", "capital"), WIDE_USD,
        )  # fmt: skip
        rates = {"messages_per_s": WIDE, "message_burst": WIDE}
        strategy = {
            "enabled": True, "patches": ["any"], "currency": "USD", "phases": ["open"],
            "max_order_quantity": 100_000, "max_order_notional": WIDE_USD, "max_position": 10_000_000,
            "max_daily_loss": WIDE_USD, **rates, "rate_kills_at": 1_000, "max_cancel_ratio": WIDE,
            "free_cancels": WIDE, "duplicate_window_ms": 0, "max_repeated_executions": WIDE,
            "repeated_window_ms": 0, **self.limited,
        }  # fmt: skip
        limits = {
            "version": 1, "valid_until_ns": time.time_ns() + DAY_NS,
            "firm": {
                **firm, **rates, "margin_bps": 0, "currencies": ["USD"], "max_orders_a_day": WIDE,
                "max_reference_age_s": 86_400, "max_market_data_age_ms": 60_000, "day_starts_s": 0,
                "gateway_builds": ["any"],
            },
            "strategy": [{**strategy, "no": number, "name": name} for number, name in ((1, "test"), (2, "other"))],
            "symbol": [{
                "locate": 1, "name": "ABC", "currency": "USD", "tick": 0.01, "lot": 1, "unit": 1,
                "max_order_quantity": 100_000,
                "reference_price": 100.0, "reference_ns": time.time_ns(), "collar_bps": 10_000, "adv": 100_000_000,
                "max_adv_share_bps": 10_000, "short_locate": 1_000_000, "restricted": "no", "halted": False,
            }],
        }  # fmt: skip
        (self.folder / "limits.toml").write_text(toml(limits) + "\n")
        key = self.folder / "limits.key"
        said = [self._risk_says("keygen", "--key", str(key)), self._risk_says("sign", "--key", str(key), "limits.toml")]
        return said[0].strip()

    def _risk_says(self, *words: str) -> str:
        command = [str(self.bin / "cws-risk"), *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=WAIT_S)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name: str) -> None:
        """Start one process and wait until its socket answers."""
        command = [str(self.bin / f"cws-{name}"), "--config", f"{name}.toml"]
        with ExitStack() as held:
            log = held.enter_context((self.folder / f"{name}.log").open("ab"))
            cell = isolation.cell(self.walls, f"cws-{name}", command[0], held) if self.walls else None
            child = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                executable=cell.executable if cell else None, preexec_fn=cell.enter if cell else None,
                pass_fds=cell.handles if cell else (), env={**os.environ, **(cell.environment if cell else {})},
            )  # fmt: skip
        self.running[name] = child
        until(lambda: self._answers(name, child), f"{name} answers; {self.log(name)}")

    def _answers(self, name: str, child: "subprocess.Popen[bytes]") -> bool:
        assert child.poll() is None, f"{name} ended: {self.log(name)}"
        try:
            return bool(self.ask(name, cmd="status")["ok"])
        except (OSError, ValueError):
            return False

    def start_all(self) -> None:
        for name in ("venue", "risk", "gateway"):
            self.start(name)
        until(lambda: self.ask("gateway", cmd="status")["risk"]["state"] == "ACTIVE", "risk takes orders")

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text()[-2_000:] if path.exists() else ""

    def ask(self, name: str, /, **request: Any) -> dict[str, Any]:
        """One command, one answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(WAIT_S)
            try:
                line.connect(str(self.folder / f"{name}.sock"))
            except OSError as error:
                error.add_note(f"{name} says: {self.log(name)}")
                raise
            line.sendall(json.dumps(request).encode() + b"\n")
            with line.makefile("rb") as answers:
                return json.loads(answers.readline())

    def parent(self, parent_id: int, **fields: Any) -> None:
        """Hand one parent order over: to risk first, then to the gateway."""
        order = {
            "parent_id": parent_id, "strategy": "test", "strategy_no": 1, "symbol": "ABC", "side": "buy",
            "quantity": 300, "limit_price": 0, "style": "child", "slice_quantity": 100,
            "start_ns": self.start_ns, "end_ns": self.midnight_ns + DAY_NS, "patch": "p1", "data_version": "d1",
            "ledger_id": "l1", **fields,
        }  # fmt: skip
        for name in ("risk", "gateway"):
            answer = self.ask(name, cmd="parent", **order)
            assert answer["ok"], (name, answer)

    def stop(self, name: str, how: str = "terminate") -> int:
        """`terminate` or `kill`; gives the exit status."""
        child = self.running.pop(name)
        getattr(child, how)()
        return child.wait(WAIT_S)

    def kill_at_random(self, names: Sequence[str], count: int, seed: int) -> None:
        """kill -9 one of `names` at a random moment and start it again, so many times."""
        chance = random.Random(seed)
        for _ in range(count):
            time.sleep(chance.uniform(0.02, 0.3))
            name = chance.choice(names)
            self.stop(name, "kill")
            self.start(name)
        until(lambda: self.ask("gateway", cmd="status")["risk"]["state"] == "ACTIVE", "risk takes orders again")

    def stop_all(self) -> dict[str, int]:
        """Ends what runs, the last started first."""
        ended = {name: self.stop(name) for name in reversed(list(self.running))}
        isolation.tear_down(self.folder)
        return ended
