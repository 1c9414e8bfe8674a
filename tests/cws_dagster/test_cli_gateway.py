"""The gateway from the command line: up, found again, killed, re-armed, down; and what a run left to look at."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wired import native_folder

from cws.execution.isolation import why_off
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


def test_up_kill_rearm_down(cws: Call, home: Path) -> None:
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

    assert cws("gateway", "down")["ended"] == ["live"]
    assert not any(cws("gateway", "status")["live"]["pids"].values())
    kinds = {entry["kind"] for entry in cws("ledger", "show", "--last", "30")["entries"]}
    assert {"kill", "rearm", "limits", "journal"} <= kinds


def test_a_run_leaves_orders_positions_and_evidence(cws: Call, home: Path, real_run) -> None:
    if real_run.summary["execution"] != "native":
        pytest.skip("the session's run was on paper: the binaries are not where it looks for them")
    one = next(one for one in real_run.summary["strategies"] if one["name"] == "ts_momentum")
    orders = cws("orders", "--run", "ts_momentum", "--last", "100000")
    assert orders["in_all"] == one["wire"]["orders"] and {row["state"] for row in orders["orders"]} == {"filled"}
    status = cws("gateway", "status")
    assert status["run_folders"] == {"in_all": len(status["runs"]), "void": 0, "keep": KEEP_RUNS}
    held = {row["symbol"]: row["units"] for row in cws("positions", "--run", "ts_momentum")["positions"]}
    house = open_house(Settings(home=home))
    last = house.lake.read(published(house)["positions", "ts_momentum"]).groupby("symbol")["position_lots"].last()
    assert held == {str(symbol): int(lots) for symbol, lots in last.items() if lots}, (
        "the wire holds what the book says"
    )
    checks = {row["code"]: row for row in cws("risk", "attest")["checks"]}
    asked = sum(one["wire"]["orders"] for one in real_run.summary["strategies"])
    assert len(checks) == 23 and all(row["evaluated"] >= asked and row["last_ns"] for row in checks.values())
