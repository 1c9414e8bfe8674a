"""The desk's own limits of its live gateway: in force as they are written, or refused."""

import time
import tomllib
from pathlib import Path

import pytest
from places import STRATEGIES
from wired import house, native_folder

from cws.execution import live, live_folder, live_submit
from cws.execution.desk import strategy_number
from cws.execution.desk_limits import FILE, DeskLimits, desk_limits, narrowed
from cws.execution.limits import WIDE_USD
from cws.execution.places import asked, is_up
from cws.execution.supervisor import stop
from cws.strategies import catalogue
from modules.errors import CwsError

SOUND = """
[firm]
max_gross_notional = 1.0
max_daily_loss = 50_000
capital = 1e6
margin_bps = 2_500
[strategy.ts_momentum]
max_position = 10
[symbol."AAA.XNYS"]
restricted = "sell"
"""


def read(folder: Path, text: str) -> DeskLimits:
    (folder / FILE).write_text(text)
    return desk_limits(folder, ["ts_momentum"], ["AAA.XNYS"])


def test_without_a_file_the_desk_says_nothing(tmp_path: Path) -> None:
    none = desk_limits(tmp_path, [], [])
    assert (none.firm.given(), none.of_strategy("a"), none.of_symbol("A")) == ({}, {}, {})


def test_what_it_names_is_given_and_nothing_else(tmp_path: Path) -> None:
    found = read(tmp_path, SOUND)
    assert found.firm.given() == {
        "max_gross_notional": 1.0, "max_daily_loss": 50_000.0, "capital": 1e6, "margin_bps": 2_500,
    }  # fmt: skip
    assert found.of_strategy("ts_momentum") == {"max_position": 10} and found.of_strategy("xs_reversal") == {}
    assert found.of_symbol("AAA.XNYS") == {"restricted": "sell"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[firm]\nmax_daily_los = 1.0", "max_daily_los"),
        ("[firm]\nmax_daily_loss = -1.0", "max_daily_loss"),
        ("[firm]\nmax_daily_loss = nan", "max_daily_loss"),
        ("[firm]\nmax_daily_loss = '5'", "max_daily_loss"),
        ("[firm]\nmax_daily_loss = 1e18", "max_daily_loss"),
        ("[firm]\ncapital = 1e6", "belong together"),
        ("[strategy.ts_momentun]\nmax_position = 1", "ts_momentum"),
        ("[strategy.ts_momentum]\nmax_position = -1", "max_position"),
        ("[strategy.ts_momentum]\nenabled = 1", "enabled"),
        ("[symbol.BBB]\nhalted = true", "BBB"),
        ("[symbol.'AAA.XNYS']\nrestricted = 'some'", "restricted"),
        ("[firm", "table declaration"),
        ("[firm]\ncapital = 1e6\nmargin_bps = 0", "margin_bps"),
        ("a = " + "[" * 5_000, "recursion"),
        ("#" * 2**20 + "\n", "bytes"),
    ],
)
def test_what_it_cannot_mean_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CwsError, match="CWS-EXECUTION-013") as refusal:
        read(tmp_path, text)
    assert said in str(refusal.value)


def test_it_widens_nothing() -> None:
    ours: dict[str, object] = {"max_order_notional": 10.0, "max_orders_a_day": 5, "enabled": True, "restricted": "no"}
    desk = {"max_order_notional": 1e17, "max_orders_a_day": 4, "enabled": False, "restricted": "buy", "capital": 1.0}
    assert narrowed(ours, desk) == {
        "max_order_notional": 10.0, "max_orders_a_day": 4, "enabled": False, "restricted": "buy", "capital": 1.0,
    }  # fmt: skip


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(CwsError, match="CWS-EXECUTION-013"):
        desk_limits(tmp_path, [], [])
    (tmp_path / FILE).rmdir()
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(CwsError, match="CWS-EXECUTION-013"):
        desk_limits(tmp_path, [], [])


def test_the_live_gateway_is_held_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native_folder()
    home = house(tmp_path / "home")
    monkeypatch.setattr(live_folder, "_closes", lambda house, catalogue: {"AAA.XNYS": 100.0})
    home.home.folder.mkdir()
    (home.home.folder / FILE).write_text("[firm]\nmax_gross = 1.0\n")
    place, number = live.live(home.home), strategy_number("ts_momentum")
    with pytest.raises(CwsError, match="CWS-EXECUTION-013"):
        live.start(home, catalogue(STRATEGIES))
    assert not is_up(place), "nothing starts under limits that nobody can read"
    (home.home.folder / FILE).write_text(SOUND)
    order: dict[str, object] = {
        "cmd": "parent", "parent_id": 7, "strategy": "ts_momentum", "strategy_no": number, "symbol": "AAA",
        "side": "buy", "quantity": 5, "limit_price": 0, "style": "child", "slice_quantity": 5, "start_ns": 0,
        "end_ns": 0, "patch": "", "data_version": "", "ledger_id": "",
    }  # fmt: skip
    live.start(home, catalogue(STRATEGIES))
    try:
        rows = tomllib.loads(place.limits.read_text())
        assert rows["firm"]["max_gross_notional"] == 1.0 and rows["firm"]["max_net_notional"] == WIDE_USD
        assert [row["max_position"] == 10 for row in rows["strategy"]] == [
            row["name"] == "ts_momentum" for row in rows["strategy"]
        ]
        assert [row["restricted"] for row in rows["symbol"]] == ["sell"]
        assert live_submit._given(place, order, ()) == ("taken", "")
        until, said = time.monotonic() + 10.0, dict[str, object]()
        while "R06" not in str(said) and time.monotonic() < until:
            time.sleep(0.02)
            said = asked(place, "cws-gateway", {"cmd": "status"})["risk"]["refusals"]
        assert "R06" in str(said), said
        assert asked(place, "cws-risk", {"cmd": "positions"})["positions"] == []
        assert live.start(home, catalogue(STRATEGIES))["desk_limits"] == str(home.home.folder / FILE)
        (home.home.folder / FILE).write_text(SOUND.replace("50_000", "5_000"))
        assert "has changed" in live.start(home, catalogue(STRATEGIES))["desk_limits"]
        (home.home.folder / FILE).write_text("[firm]\nmax_gross = 1.0\n")
        with pytest.raises(CwsError, match="CWS-EXECUTION-013"):
            live.start(home, catalogue(STRATEGIES))
        assert is_up(place)
    finally:
        stop(place.folder)
