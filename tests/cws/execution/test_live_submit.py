"""What is due at the newest bar, handed to the live gateway: once, by one at a time, and told as it was."""

import os
import signal
from collections import Counter

import pandas as pd
import pytest

from cws.execution import live, live_submit
from cws.execution.desk import strategy_number
from cws.execution.places import Place, asked, processes
from cws.execution.processes import running
from cws.execution.supervisor import PID
from cws.house import House
from modules.execute.order_side import SELL
from modules.execute.short_sales import SELL_SHORT


def test_what_an_earlier_parent_sells_the_next_does_not_hold() -> None:
    row = {
        "parent_id": 1, "strategy": "a", "strategy_no": 1, "symbol": "AAA.XNYS", "side": SELL, "wire_qty": 60,
        "limit_px": 0, "style": "child", "slice_qty": 60, "patch": "", "data_version": "", "ledger_id": "",
    }  # fmt: skip
    held = Counter({(1, "AAA"): 100})
    sides = [live_submit._request(row, {"AAA.XNYS": "AAA"}, held)["side"] for _ in range(2)]
    assert sides == [SELL, SELL_SHORT]


def test_what_open_parents_still_sell_the_next_submitter_does_not_hold() -> None:
    parent = {"strategy_no": 1, "symbol": "AAA", "side": SELL, "state": "working", "leaves": 60}
    there = {
        1: parent,
        2: {**parent, "state": "canceled"},
        3: {**parent, "side": SELL_SHORT},
        4: parent,  # the one that is handed over again
    }
    held = [{"strategy_no": 1, "symbol": "AAA", "position": 100}]
    assert live_submit._free(there, held, {4}) == {(1, "AAA"): 40}


@pytest.fixture
def due() -> pd.DataFrame:
    row = {
        "parent_id": 1, "strategy": "ts_momentum", "strategy_no": strategy_number("ts_momentum"), "ts_event": 5,
        "symbol": "AAA.XNYS", "side": "buy", "wire_qty": 10, "limit_px": 0, "style": "child", "slice_qty": 10,
        "patch": "", "data_version": "v1", "ledger_id": "",
    }  # fmt: skip
    return pd.DataFrame([row])


def test_a_new_version_of_the_data_makes_no_second_order(up: House, due: pd.DataFrame) -> None:
    """Nor does another size of it: what stands for the bar was handed over."""
    given = [
        live_submit.hand_over(up, due.assign(**change), lambda said: None)
        for change in ({}, {}, {"data_version": "v2", "parent_id": 2}, {"wire_qty": 20}, {"ts_event": 6})
    ]
    assert [(one["taken"], one["known"]) for one in given if one] == [(1, 0), (0, 1), (0, 1), (0, 1), (1, 0)]
    assert len(asked(live.live(up.home), "cws-gateway", {"cmd": "parents"})["parents"]) == 2


def test_a_hand_over_waits_for_what_is_being_started_again_and_says_what_stays_down(
    up: House, due: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = live.live(up.home)
    nurse, gateway = running(place.folder / PID), processes(place)["cws-gateway"]
    assert nurse is not None and gateway is not None
    os.kill(nurse.pid, signal.SIGSTOP)
    os.kill(gateway, signal.SIGKILL)
    monkeypatch.setattr(live_submit, "RESTART_S", 0.2)
    down = live_submit.hand_over(up, due, lambda said: None)
    monkeypatch.undo()
    os.kill(nurse.pid, signal.SIGCONT)
    assert down is not None and down["refused"] == 1 and "cws-gateway" in down["why"], down
    again = live_submit.hand_over(up, due, lambda said: None)
    assert again is not None and again["taken"] == 1, again


def test_a_gateway_that_does_not_answer_may_have_taken_it(
    up: House, due: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = live_submit.asked

    def deaf(place: Place, name: str, request: dict[str, object]) -> dict[str, object]:
        silent: dict[str, object] = {
            "ok": False,
            "code": live_submit.SILENT,
            "what": "no answer",
            "where": "",
            "fix": "",
        }
        return silent if (name, request["cmd"]) == ("cws-gateway", "parent") else told(place, name, request)

    monkeypatch.setattr(live_submit, "asked", deaf)
    two = pd.concat([due, due.assign(ts_event=6)])
    outcome = live_submit.hand_over(up, two, lambda said: None)
    assert outcome is not None and (outcome["unknown"], outcome["refused"]) == (1, 1), "and nobody waits for it again"
