"""Idea -> first backtest -> verdict -> first order, from ledger entries alone."""

from dataclasses import dataclass, field
from typing import Any

from cws.home import Settings
from cws.house import open_house
from cws.stamps import Stamps, stamps

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Said:
    """A ledger entry as far as stamps read it."""

    kind: str
    ts_ns: int
    body: dict[str, Any] = field(default_factory=dict[str, Any])


def executed(ts_ns: int, orders: int, unit: str = "a") -> Said:
    return Said("stage", ts_ns, {"stage": "execute", "unit": unit, "outputs": {"orders": {"rows": orders}}})


def test_the_first_of_each_is_the_stamp() -> None:
    entries = [
        Said("run", 1, {"strategies": ["a", "b"]}),
        Said("lake_commit", 2, {"table": "ohlcv"}),
        Said("trial", 3, {"strategy": "a"}),
        Said("trial", 4, {"strategy": "a"}),
        Said("verdict", 5, {"strategies": ["a"], "shipped": False}),
        executed(6, orders=0),
        executed(7 * SECOND, orders=3),
        executed(9 * SECOND, orders=4),
        Said("run", 10, {"strategies": ["a"]}),
    ]
    assert stamps(entries) == [Stamps("a", 1, 3, 5, 7 * SECOND), Stamps("b", 1)]
    assert stamps(entries)[0].idea_to_order_s == 7.0 - 1e-9 and stamps(entries)[1].idea_to_order_s is None


def test_a_strategy_that_was_tried_without_a_run_has_its_idea_in_its_first_trial() -> None:
    assert stamps([Said("trial", 3, {"strategy": "c"}), Said("verdict", 4, {"strategy": "c"})]) == [
        Stamps("c", 3, 3, 4)
    ]


def test_entries_about_no_strategy_say_nothing() -> None:
    ingest = Said("stage", 1, {"stage": "ingest", "unit": "d", "outputs": {}})
    assert stamps([Said("torn_tail", 1), ingest, Said("verdict", 2, {"batch": 7})]) == []


def test_the_real_run_went_from_idea_to_order_in_order(real_run) -> None:
    found = stamps(open_house(Settings(home=real_run.home)).ledger.entries())
    assert [one.strategy for one in found] == ["btc_intraday", "ts_momentum", "xs_reversal"]
    for one in found:
        assert one.backtest_ns and one.order_ns and one.verdict_ns is None
        assert one.idea_ns < one.backtest_ns < one.order_ns
