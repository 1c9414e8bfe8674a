"""The free-running gateway: why it cannot start, and that kills and re-arms reach it whatever of it ran meanwhile."""

import os
import signal
import threading
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from places import STRATEGIES
from wired import house, native_folder

from cws.execution import live, live_folder, supervisor
from cws.execution.checkpoints import REARM
from cws.execution.limits import WIDE_USD
from cws.execution.patience import patient_answer
from cws.execution.places import Place, asked, is_up, market, processes
from cws.execution.processes import running
from cws.execution.supervisor import PID, stop
from cws.execution.switch import Act, kill, rearm
from cws.execution.unheard import killed_now
from cws.house import House
from cws.strategies import Catalogue, catalogue
from modules.errors import CwsError


def test_before_anything_was_published_there_is_nothing_to_trade(home: House) -> None:
    with pytest.raises(CwsError, match="CWS-EXECUTION-009"):
        live.start(home, catalogue(STRATEGIES))


def test_a_gateway_that_does_not_come_up_is_taken_down(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    native_folder()
    monkeypatch.setattr(live_folder, "_closes", lambda house, catalogue: {"AAA.XNYS": 100.0})
    monkeypatch.setattr(live_folder, "FIRM", "a name that no wire can say")
    monkeypatch.setattr(live_folder, "MAX_RESTARTS", 0)
    with pytest.raises(CwsError, match="CWS-EXECUTION-010"):
        live.start(home, catalogue(STRATEGIES))
    assert not is_up(live.live(home.home))


def test_its_limits_stop_a_runaway(up: House) -> None:
    limits = tomllib.loads(live.live(up.home).limits.read_text())
    assert {row["name"] for row in limits["strategy"]} == set(catalogue(STRATEGIES).strategies)
    for row in (limits["firm"], *limits["strategy"]):
        assert row["messages_per_s"] == row["message_burst"] == live_folder.MESSAGES_PER_S
    assert limits["firm"]["max_orders_a_day"] == live_folder.ORDERS_A_DAY


def test_its_limits_are_in_money_and_an_order_s_is_the_strategy_s(up: House) -> None:
    limits = tomllib.loads(live.live(up.home).limits.read_text())
    assert [row["unit"] for row in limits["symbol"]] == [0.25]
    declared = tomllib.loads((STRATEGIES / "btc_intraday.toml").read_text())["settings"]["pre_trade_checks"]
    largest = {row["name"]: row["max_order_notional"] for row in limits["strategy"]}
    assert largest["btc_intraday"] == declared["max_notional_usd"]
    assert limits["firm"]["max_order_notional"] == max(largest.values()) < WIDE_USD


def test_a_symbol_keeps_its_number_and_name_for_the_journals_that_go_on(
    up: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.end(up)
    # A recipe with other symbols: one sorts before ours, one has our ticker elsewhere, and nobody has a close of ours.
    monkeypatch.setattr(live_folder, "_closes", lambda house, catalogue: {"AAA.XLON": 7.0, "A.XNYS": 50.0})
    live.start(up, catalogue(STRATEGIES))
    rows = tomllib.loads(live.live(up.home).limits.read_text())["symbol"]
    assert [(row["locate"], row["name"], row["reference_price"]) for row in rows] == [
        (1, "AAA", 100.0), (2, "A", 50.0), (3, "S000003", 7.0),
    ]  # fmt: skip
    assert [name for name, _ in market(live.live(up.home)).values()] == ["AAA", "A", "S000003"]
    # What is not traded any more may still be held: its unit stays, too.
    assert [row["unit"] for row in rows] == [0.25, 1.0, 1.0]
    assert asked(live.live(up.home), "cws-risk", {"cmd": "status"})["limits"]


def test_what_will_not_go_is_said_and_stays_named(up: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as stuck:
        stuck.setattr(supervisor, "end", lambda found, grace_s: None)
        assert live.end(up) == {"ended": [], "left": ["live"]}
    assert all(processes(live.live(up.home)).values()), "nobody starts a second set beside them"
    assert live.end(up) == {"ended": ["live"], "left": []}


def test_two_that_start_it_at_once_start_one(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    native_folder()
    monkeypatch.setattr(live_folder, "_closes", lambda house, catalogue: {"AAA.XNYS": 100.0})
    prepare, both = live.prepare, threading.Barrier(2)
    prepared: list[Place] = []

    def prepares(house: House, place: Place, catalogue: Catalogue) -> None:
        prepared.append(place)
        with suppress(threading.BrokenBarrierError):  # the second comes here meanwhile, or waits outside
            both.wait(0.5)
        prepare(house, place, catalogue)

    monkeypatch.setattr(live, "prepare", prepares)
    place = live.live(home.home)
    try:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda _: live.start(house(home.home.folder), catalogue(STRATEGIES)), range(2))
        assert prepared == [place] and first == second and first["state"] == "up"
    finally:
        stop(place.folder)


KILL, OVER = Act("firm", "", "drill", "me"), Act("firm", "", "over", "me")


def _killed(home: House) -> bool:
    return bool(asked(live.live(home.home), "cws-risk", {"cmd": "status"})["killed"]["firm"])


def test_what_was_recorded_while_nothing_ran_holds_when_it_runs(up: House) -> None:
    kill(up, KILL)
    live.end(up)
    assert rearm(up, OVER)["told"] == {}
    live.start(up, catalogue(STRATEGIES))
    assert not _killed(up), "a person said that it may go on"
    live.end(up)
    assert kill(up, KILL)["told"] == {}
    live.start(up, catalogue(STRATEGIES))
    assert _killed(up)


def test_the_gateway_starts_when_risk_knows_what_was_killed(up: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before: what is open is worked at once. A start that ends there is gone on with, or comes down whole."""
    live.end(up)
    kill(up, KILL)
    place, tell = live.live(up.home), live._as_recorded

    def told(house: House, place: Place) -> None:
        time.sleep(0.2)
        found = processes(place)
        assert found["cws-risk"] is not None and found["cws-gateway"] is None
        tell(house, place)
        assert _killed(house)

    def dies(house: House, place: Place) -> None:
        raise KeyboardInterrupt

    def fails(house: House, place: Place) -> None:
        raise CwsError("CWS-EXECUTION-010", what="risk could not be told", where="here", fix="again")

    monkeypatch.setattr(live, "_as_recorded", dies)
    with pytest.raises(KeyboardInterrupt):
        live.start(up, catalogue(STRATEGIES))
    monkeypatch.setattr(live, "_as_recorded", fails)
    with pytest.raises(CwsError, match="CWS-EXECUTION-010"):
        live.start(up, catalogue(STRATEGIES))
    assert not is_up(place)
    monkeypatch.setattr(live, "_as_recorded", dies)
    with pytest.raises(KeyboardInterrupt):
        live.start(up, catalogue(STRATEGIES))
    monkeypatch.setattr(live, "_as_recorded", told)
    assert live.start(up, catalogue(STRATEGIES))["state"] == "up"


def test_a_kill_that_risk_does_not_take_is_no_start(up: House, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(up, KILL)
    monkeypatch.setattr(live, "patient_answer", _refusing("kill"))
    with pytest.raises(CwsError, match=r"CWS-EXECUTION-010.*could not be told to kill firm"):
        live.start(up, catalogue(STRATEGIES))


def _refusing(word: str) -> Callable[[Place, str, dict[str, object], float], dict[str, Any] | None]:
    def answer(place: Place, name: str, request: dict[str, object], patience_s: float) -> dict[str, Any] | None:
        refusal = {"ok": False, "code": "CWS-SOCKET-002", "what": "no answer", "where": "", "fix": ""}
        return refusal if request["cmd"] == word else patient_answer(place, name, request, patience_s)

    return answer


def test_without_limits_in_force_it_is_not_up(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    native_folder()
    monkeypatch.setattr(live_folder, "_closes", lambda house, catalogue: {"AAA.XNYS": 100.0})
    monkeypatch.setattr(live_folder, "write_signed", lambda path, text, key: path.write_text(text))
    with pytest.raises(CwsError, match=r"CWS-EXECUTION-010.*no limits"):
        live.start(home, catalogue(STRATEGIES))
    assert not is_up(live.live(home.home))


def test_what_risk_killed_after_the_re_arm_nobody_has_ended(up: House) -> None:
    """By whatever starts it again, or finds it running; and a re-arm stands behind the kill that it ends."""
    kill(up, KILL)
    rearm(up, OVER)
    place = live.live(up.home)
    own = Act("firm", "", "what the ledger does not know of", "me")
    assert asked(place, "cws-risk", {"cmd": "kill", **own.body})["ok"]
    live.start(up, catalogue(STRATEGIES))
    assert _killed(up)
    rearm(up, OVER)
    live.end(up)
    assert killed_now(up) == []


def test_a_kill_reaches_a_risk_core_that_is_being_started_again(up: House) -> None:
    place = live.live(up.home)
    nurse, risk = running(place.folder / PID), processes(place)["cws-risk"]
    assert nurse is not None and risk is not None
    os.kill(nurse.pid, signal.SIGSTOP)
    os.kill(risk, signal.SIGKILL)
    waking = threading.Timer(0.3, os.kill, (nurse.pid, signal.SIGCONT))
    waking.start()
    told = kill(up, KILL)["told"]
    waking.join()
    assert told == {"live": "done"} and _killed(up)
    assert processes(place)["cws-risk"] != risk


def test_what_a_risk_core_holds_killed_can_be_armed_again_whatever_the_ledger_says(up: House) -> None:
    kill(up, KILL)
    up.ledger.append(REARM, OVER.body)
    assert _killed(up)
    assert rearm(up, OVER)["told"] == {"live": "done"} and not _killed(up)


def test_a_parent_without_an_end_ends_with_its_day(up: House) -> None:
    order = {
        "cmd": "parent", "parent_id": 7, "strategy": "ts_momentum", "strategy_no": 1, "symbol": "AAA", "side": "buy",
        "quantity": 10, "limit_price": 0, "style": "child", "slice_quantity": 10, "start_ns": 0, "end_ns": 0,
    }  # fmt: skip
    place, day_ns = live.live(up.home), 86_400_000_000_000
    tomorrow_ns = (time.time_ns() // day_ns + 1) * day_ns
    assert asked(place, "cws-gateway", order)["ok"]
    (taken,) = asked(place, "cws-gateway", {"cmd": "parents"})["parents"]
    assert taken["end_ns"] - tomorrow_ns in (0, day_ns), "the day after, where midnight passed meanwhile"
