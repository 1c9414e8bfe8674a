import html
import logging
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from publishing import backtest_unit, make_equity, publish

from cws.house import House
from cws.views.published import Backtest, open_backtest
from cws.views.tearsheet import tearsheet_html, yearly_returns


@pytest.fixture
def backtest(house: House) -> Backtest:
    unit = backtest_unit()
    strategy: Any = unit.strategy
    marked = replace(unit, strategy=strategy.model_copy(update={"caveat": "Losers <b>& winners</b> known beforehand."}))
    return open_backtest(house, marked, publish(house, marked, make_equity(400)))


def test_page_says_its_caveat_first_and_loads_nothing(
    backtest: Backtest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the tearsheet opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with caplog.at_level(logging.INFO):
        path = tearsheet_html(backtest, tmp_path)
    assert path == tmp_path / "tearsheet.html" and path is not None
    page = path.read_text(encoding="utf-8")
    assert 0 < page.index(html.escape(backtest.caveat)) < page.index("Key Performance Metrics")
    assert "<b>& winners" not in page, "a caveat is text, never markup"
    assert backtest.key in page and f"ledger entry {backtest.ledger_index}" in page
    # Left as the library writes it, the page asks a server for its icon, calls a missing function, shows a glyph that
    # fonts lack, and calls the sum of a year's returns its return.
    for wrong in (
        "shortcut icon",
        "onload",
        "CAGR\ufe6a",
        "<th>Return</th>",
        "<th>Cumulative</th>",
        "<th>Recovered</th>",
    ):
        assert wrong not in page
    assert 'alt="yearly returns"' in page
    assert page.count("data:image/png;base64,") >= 12
    assert capfd.readouterr() == ("", "")
    assert not caplog.records, "fonts are looked for in vain"


def test_too_short_an_account_has_no_page(backtest: Backtest, tmp_path: Path) -> None:
    assert tearsheet_html(replace(backtest, equity=make_equity(10)), tmp_path) is None
    assert not (tmp_path / "tearsheet.html").exists()


def test_intraday_account_is_read_by_days(backtest: Backtest, tmp_path: Path) -> None:
    # 30 days of 15-minute bars: were they read as days, the page would end years later.
    intraday = replace(backtest, equity=make_equity(30 * 96, step_ns=900_000_000_000))
    path = tearsheet_html(intraday, tmp_path)
    assert path is not None
    assert "3 Jan, 2020 -  1 Feb, 2020" in path.read_text(encoding="utf-8")


def test_yearly_returns_start_from_the_first_value_and_chain() -> None:
    days = pd.DatetimeIndex(["2020-06-01", "2020-12-31", "2021-12-31", "2023-03-01"])
    returns = yearly_returns(pd.Series([100.0, 110.0, 99.0, 198.0], index=days))
    assert list(returns.index) == [2020, 2021, 2023]
    assert list(returns.round(12)) == [0.1, -0.1, 1.0]
