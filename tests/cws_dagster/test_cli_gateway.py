"""The gateway from the command line: up, found again, killed, re-armed, down; and what a run left to look at."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wired import native_folder

from assets.desk import Desk
from assets.wire_highlights import kill_state
from cws.execution import live_folder, supervisor
from cws.execution.isolation import why_off
from cws.execution.processes import running
from cws.execution.supervisor import stop
from cws.home import KEEP_RUNS, Settings
from cws.house import open_house
from cws.pins import published
from cws_dagster.cli import main

Call = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, real_run) -> Iterator[Path]:
    native_folder()
    shutil.copytree(real_run.home, tmp_path / "home")
    yield tmp_path / "home"
    stop(tmp_path / "home" / "gateway" / "live")


@pytest.fixture
def cws(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.setenv("CWS_HOME", str(home))

    def call(*arguments: str) -> Any:
        capsys.readouterr()
        code = main([*arguments, "--json"])
        out, err = capsys.readouterr()
        assert code == 0, err
        return json.loads(out.splitlines()[-1])

    return call


def test_up_kill_rearm_down(
    cws: Call, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = cws("gateway", "up")
    assert first["state"] == "up" and all(first["pids"].values())
    assert cws("gateway", "up")["pids"] == first["pids"], "it is found, not started again"
    risk = cws("gateway", "status")["live"]["said"]["risk"]
    assert risk["state"] in ("ACTIVE", "HALTED") and risk["killed"]["firm"] is False
    status = cws("status")
    assert status["gateway"] == "up" and status["isolation"] == ("off" if why_off() else "on")

    assert cws("kill", "--firm", "--reason", "drill")["told"]["live"] == "done"
    status = cws("gateway", "status")
    assert status["live"]["said"]["risk"]["state"] == "HALTED" and status["killed"][0]["reason"] == "drill"
    cws("gateway", "down")
    cws("gateway", "up")
    risk = cws("gateway", "status")["live"]["said"]["risk"]
    assert risk["killed"]["firm"] is True, "what starts later begins with the kill"
    assert cws("rearm", "--firm", "--reason", "over")["told"]["live"] == "done"
    assert cws("gateway", "status")["live"]["said"]["risk"]["killed"]["firm"] is False

    ahead = cws("risk", "attest")["live"]
    assert ahead["running"] and ahead["seq"] > ahead["signed_seq"] > 0, "the first down signed a part"
    with monkeypatch.context() as stuck:
        stuck.setattr(supervisor, "end", lambda found, grace_s: None)
        assert main(["gateway", "down"]) == 1, "a script must not take it for gone"
        assert "still there" in capsys.readouterr().out
    assert cws("gateway", "down")["ended"] == ["live"]
    assert cws("risk", "attest")["live"] is None
    assert not any(cws("gateway", "status")["live"]["pids"].values())
    kinds = {entry["kind"] for entry in cws("ledger", "show", "--last", "30")["entries"]}
    assert {"kill", "rearm", "limits", "journal"} <= kinds


def test_what_risk_killed_itself_is_shown_and_re_armed(cws: Call, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dead man: nobody looks after the processes any more. The next `up` does again, and a person re-arms."""
    monkeypatch.setattr(live_folder, "DEAD_MAN_S", 1)
    first = cws("gateway", "up")
    folder = home / "gateway" / "live"
    for name in ("supervisor", "cws-gateway"):
        found = running(folder / f"{name}.pid")
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)
    risk = cws("gateway", "status")["live"]["said"]["risk"]
    deadline = time.monotonic() + 30.0
    while not risk["killed"]["firm"]:
        assert time.monotonic() < deadline, risk
        risk = cws("gateway", "status")["live"]["said"]["risk"]
    again = cws("gateway", "up")
    assert again["state"] == "up" and again["pids"]["cws-gateway"] != first["pids"]["cws-gateway"]
    assert again["pids"]["cws-risk"] == first["pids"]["cws-risk"], "what still runs is found, not started again"
    (killed,) = cws("gateway", "status")["killed"]
    assert (killed["scope"], killed["trigger"], killed["who"]) == ("firm", "dead_man", "dead man")
    assert "dead man" in str(kill_state(Desk(open_house(Settings(home=home)), home)).value), "Dagster shows it"
    assert cws("rearm", "--firm", "--reason", "somebody looks again")["told"]["live"] == "done"
    assert cws("gateway", "status")["killed"] == []
    cws("gateway", "down")
    assert cws("gateway", "status")["killed"] == [], "the journal's kill stands in the ledger before the re-arm"


def test_a_run_leaves_orders_positions_and_evidence(cws: Call, home: Path, real_run) -> None:
    native_folder()
    assert real_run.summary["execution"] == "native"
    one = next(one for one in real_run.summary["strategies"] if one["name"] == "ts_momentum")
    newest = max((home / "gateway" / "runs").glob("*/risk.journal"), key=lambda path: path.stat().st_mtime_ns)
    assert cws("orders")["run"] == newest.parent.name
    orders = cws("orders", "--run", "ts_momentum", "--last", "100000")
    assert orders["in_all"] == one["wire"]["orders"] and {row["state"] for row in orders["orders"]} == {"filled"}
    status = cws("gateway", "status")
    assert status["run_folders"] == {"in_all": len(status["runs"]), "void": 0, "keep": KEEP_RUNS}
    house = open_house(Settings(home=home))
    sized = {entry.hash for entry in house.ledger.entries("stage") if entry.body["stage"] == "size"}
    assert {row["ledger_id"] for row in orders["orders"]} <= sized, "the entry that its target is from"
    assert {(row["strategy"], row["data_version"][:3]) for row in orders["orders"]} == {("ts_momentum", "b3:")}
    held = {row["symbol"]: row["units"] for row in cws("positions", "--run", "ts_momentum")["positions"]}
    last = house.lake.read(published(house)["positions", "ts_momentum"]).groupby("symbol")["position_lots"].last()
    assert held == {str(symbol): int(lots) for symbol, lots in last.items() if lots}, (
        "the wire holds what the book says"
    )
    attested = cws("risk", "attest")
    assert attested["checkpoints"]["faults"] == [] and attested["checkpoints"]["journals"] >= 3
    checks = {row["code"]: row for row in attested["checks"]}
    asked = sum(one["wire"]["orders"] for one in real_run.summary["strategies"])
    assert len(checks) == 23 and all(row["evaluated"] >= asked and row["last_ns"] for row in checks.values())


def test_on_paper_there_is_nothing_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is the true one, and so is what to do."""
    monkeypatch.setenv("CWS_HOME", str(tmp_path))
    for name, value, said in (
        ("CWS_EXECUTION", "paper", ("CWS_EXECUTION is paper", "unset CWS_EXECUTION")),
        ("CWS_GATEWAY_BIN", str(tmp_path), (f"cws-gateway not in {tmp_path}", "rustup")),
    ):
        with monkeypatch.context() as setting:
            setting.setenv(name, value)
            assert main(["gateway", "up"]) == 2
        err = capsys.readouterr().err
        assert "CWS-EXECUTION-012" in err and all(word in err for word in said), err
