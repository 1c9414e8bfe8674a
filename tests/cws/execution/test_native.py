"""The real processes in lockstep: the same fills as on paper, the same bytes twice, and nothing doubled by a kill."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from wired import by_order, house, market, native_folder, parents_of, wired

from cws.execution import submit
from cws.execution.collect import story
from cws.execution.journal import read_journal
from cws.execution.orders import orders
from cws.execution.places import all_places, processes
from cws.execution.processes import running
from cws.execution.run_folder import run_id
from cws.execution.submit import MOST_DAYS
from cws.execution.supervisor import PID
from cws.house import House
from modules.canonical import content_hash
from modules.errors import CwsError


def test_wire_and_paper_fill_alike_where_the_tick_divides_the_price(home: House) -> None:
    tables = market()
    from wired import given

    fills, told = wired(home, tables, parents_of(tables))
    paper = given("paper_fill", tables, "fills")
    ours, theirs = by_order(fills), by_order(paper)
    assert (fills["venue"] == "CWSX").all() and len(ours) == len(tables["orders"])
    assert np.allclose(ours.pop("commission_usd"), theirs.pop("commission_usd"), rtol=1e-12)
    assert ours.equals(theirs)
    assert told.details["execution"] == "native"
    (place,) = all_places(home.home)
    assert not any(processes(place).values()) and running(place.folder / PID) is None, (
        "a run that has ended runs no more"
    )


def test_off_the_tick_a_fill_is_within_one_tick(home: House) -> None:
    tables = market(bars=12)
    tables["bars"] = tables["bars"].assign(open=tables["bars"]["open"] + 0.0043)
    from wired import given

    both = by_order(wired(home, tables, parents_of(tables))[0]).merge(
        given("paper_fill", tables, "fills"), on=["ts_event", "symbol", "cl_ord_id", "side"]
    )
    assert len(both) == len(tables["orders"])
    off = (both["last_px_x"] - both["last_px_y"]).abs()
    assert 0 < off.max() <= 10_000_000 and (both["last_px_x"] % 10_000_000 == 0).all()


def test_large_orders_go_out_in_slices_and_fill_whole(home: House) -> None:
    tables = market(bars=6)
    fills, _ = wired(home, tables, parents_of(tables, slice_qty=37))
    from wired import given

    assert by_order(fills)["last_qty"].tolist() == by_order(given("paper_fill", tables, "fills"))["last_qty"].tolist()
    assert len(fills) > 2 * len(tables["orders"])


def test_two_homes_get_the_same_bytes(tmp_path: Path) -> None:
    tables = market(bars=20)
    parents = parents_of(tables)
    hashes = [wired(house(tmp_path / name), tables, parents)[1].executions.hash for name in ("one", "two")]
    assert hashes[0] == hashes[1]


def test_a_second_call_reads_what_the_first_did(home: House) -> None:
    tables = market(bars=8)
    parents = parents_of(tables)
    first, told = wired(home, tables, parents)
    (place,) = all_places(home.home)
    before = place.journal.read_bytes()
    # Sized again the same targets come from another ledger entry: they are the same orders.
    again, told_again = wired(home, tables, parents.assign(ledger_id="later"))
    assert content_hash(again) == content_hash(first) and told_again.details == told.details
    assert place.journal.read_bytes() == before and len(home.ledger.entries("journal")) == 1


def _trades(home: House) -> list[tuple[int, int]]:
    (place,) = all_places(home.home)
    return [(one.parent_id, one.last_qty) for one in story(read_journal(place.journal)).trades]


def _kill_in_the_middle(folder: Path, name: str, bytes_seen: int) -> None:
    """SIGKILL as soon as the journal has grown that far."""
    journal, deadline = folder / "risk.journal", time.monotonic() + 30.0
    while time.monotonic() < deadline:
        found = running(folder / f"{name}.pid")
        if found is not None and journal.exists() and journal.stat().st_size > bytes_seen:
            os.kill(found.pid, signal.SIGKILL)
            return
        time.sleep(0.002)


@pytest.mark.parametrize("victim", ["cws-gateway", "cws-risk", "cws-venue", "supervisor"])
def test_a_killed_process_doubles_and_loses_nothing(home: House, victim: str) -> None:
    tables = market(bars=60)
    parents = parents_of(tables)
    folder = home.home.gateway / "runs" / f"small-{run_id(parents)}"
    killer = threading.Thread(target=_kill_in_the_middle, args=(folder, victim, 100_000))
    killer.start()
    fills, told = wired(home, tables, parents)
    killer.join()
    from wired import given

    expected = by_order(given("paper_fill", tables, "fills"))
    assert by_order(fills)[["cl_ord_id", "last_qty", "last_px"]].equals(expected[["cl_ord_id", "last_qty", "last_px"]])
    voids = [entry.body for entry in home.ledger.entries("journal") if "void" in entry.body]
    assert len(voids) == (victim != "supervisor"), (
        "a day in which a process died is void, one that lost its nurse is not"
    )
    assert len(_trades(home)) == len(set(_trades(home))) == len(parents) and told.details["execution"] == "native"


CALLER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from wired import house, market, parents_of, wired
tables = market(bars=60)
wired(house(Path(sys.argv[1])), tables, parents_of(tables))
"""


@pytest.mark.parametrize("gateway_too", [False, True])
def test_a_killed_caller_is_followed_by_one_that_finishes(home: House, gateway_too: bool) -> None:
    native_folder()
    tables = market(bars=60)
    parents = parents_of(tables)
    helpers = str(Path(__file__).parents[2] / "helpers")
    caller = subprocess.Popen([sys.executable, "-c", CALLER, str(home.home.folder), helpers])
    folder = home.home.gateway / "runs" / f"small-{run_id(parents)}"
    journal, deadline = folder / "risk.journal", time.monotonic() + 60.0
    while not (journal.exists() and journal.stat().st_size > 100_000):
        assert time.monotonic() < deadline and caller.poll() is None
        time.sleep(0.002)
    caller.kill()
    caller.wait()
    if gateway_too:
        found = running(folder / "cws-gateway.pid")
        assert found is not None, "it outlived its caller"
        os.kill(found.pid, signal.SIGKILL)
    fills, _ = wired(home, tables, parents)
    assert by_order(fills)["last_qty"].sum() == tables["orders"]["order_qty"].sum()
    assert len(_trades(home)) == len(set(_trades(home))) == len(parents)


def test_what_the_ledger_killed_does_not_go_out(home: House) -> None:
    from cws.execution.switch import Act, kill, rearm

    tables = market(bars=6)
    kill(home, Act("strategy", "small", "a test", "tester"))
    with pytest.raises(CwsError, match="CWS-EXECUTION-003") as refused:
        wired(home, tables, parents_of(tables))
    assert "cws rearm --strategy small" in str(refused.value) and all_places(home.home) == []
    rearm(home, Act("strategy", "small", "it was a test", "tester"))
    assert len(wired(home, tables, parents_of(tables))[0])


def test_a_kill_while_the_day_is_made_ready_stops_it(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """No risk core runs yet that could be told: the ledger alone knows."""
    from cws.execution import submit
    from cws.execution.switch import Act, kill, rearm

    def killed_first(folder: Path) -> None:
        told = kill(home, Act("firm", "", "just now", "tester"))["told"]
        assert told == {}
        launch(folder)

    launch = submit.launch
    monkeypatch.setattr(submit, "launch", killed_first)
    tables = market(bars=6)
    with pytest.raises(CwsError, match="CWS-EXECUTION-003"):
        wired(home, tables, parents_of(tables))
    (place,) = all_places(home.home)
    assert not orders(read_journal(place.journal)) and not any(processes(place).values())
    monkeypatch.setattr(submit, "launch", launch)
    rearm(home, Act("firm", "", "over", "tester"))
    assert len(wired(home, tables, parents_of(tables))[0])


def test_a_journal_that_changed_after_the_end_is_refused(home: House) -> None:
    tables = market(bars=6)
    parents = parents_of(tables)
    wired(home, tables, parents)
    (place,) = all_places(home.home)
    whole = place.journal.read_bytes()
    place.journal.write_bytes(whole[:5_000] + bytes([whole[5_000] ^ 1]) + whole[5_001:])
    with pytest.raises(CwsError, match="CWS-JOURNAL-002"):
        wired(home, tables, parents)
    place.journal.write_bytes(whole[:-10])
    with pytest.raises(CwsError, match="CWS-EXECUTION-008"):
        wired(home, tables, parents)


def test_without_binaries_it_says_what_to_install(home: House, tmp_path: Path) -> None:
    from dataclasses import replace

    tables = market(bars=6)
    with pytest.raises(CwsError, match="CWS-EXECUTION-001") as refused:
        wired(replace(home, native=tmp_path), tables, parents_of(tables))
    assert "rustup" in str(refused.value)


def test_a_process_that_will_not_stay_up_ends_the_wait(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from cws.execution import run_folder

    monkeypatch.setattr(run_folder, "_risk", lambda wiring, public, day_ns: "nonsense = true\n")
    tables = market(bars=6)
    with pytest.raises(CwsError, match="CWS-EXECUTION-007") as refused:
        wired(home, tables, parents_of(tables))
    assert "a process died" in str(refused.value) and all_places(home.home) == []
    voids = sorted((home.home.gateway / "runs").glob("*.void-*"))
    assert len(voids) == MOST_DAYS and "nonsense" in (voids[0] / "log" / "cws-risk.log").read_text()
    assert json.loads((voids[0] / "supervisor.state.json").read_text())["lost"] is True


def test_a_day_that_does_not_reconcile_is_kept_as_that(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = market(bars=6)
    parents = parents_of(tables)

    def broken(told: object, held: object, where: str) -> None:
        raise CwsError("CWS-EXECUTION-004", what="drop copy tells another trade", where=where, fix="look")

    with monkeypatch.context() as differs:
        differs.setattr(submit, "reconcile", broken)
        with pytest.raises(CwsError, match="CWS-EXECUTION-004"):
            wired(home, tables, parents)
    assert [path.name.rpartition(".void-")[2] for path in (home.home.gateway / "runs").glob("*.void-*")] == ["1"]
    wired(home, tables, parents)
    voids = [entry.body["void"] for entry in home.ledger.entries("journal") if "void" in entry.body]
    assert voids == ["it does not reconcile: drop copy tells another trade"]
