"""Lots of the summary as units, weight and money, from the published tables."""

import pandas as pd
import pytest

from cws.home import Settings
from cws.house import open_house
from cws.pins import published
from cws.publish import Report
from cws.strategies import Catalogue
from cws_dagster.main_job import Outcome
from cws_dagster.positions import Position, adjusted, positions, valued

TARGETS = pd.DataFrame(
    {
        "ts_event": [1, 1, 2, 2], "symbol": ["A", "B", "A", "B"], "target_lots": [1, 5, 3, -5],
        "weight": [0.1, -0.25, 0.3, float("nan")], "reference_price": [10.0, 20.0, 30.0, 40.0],
    }
)  # fmt: skip
INSTRUMENTS = pd.DataFrame({"symbol": ["B", "A"], "lot_size": [0.5, 100.0]})


def test_units_and_value_are_of_the_last_bar_the_largest_first() -> None:
    assert valued({"B": -5, "A": 3}, TARGETS, INSTRUMENTS) == [
        Position("A", 3, 300.0, 0.3, 9000.0),
        Position("B", -5, -2.5, -0.25, -100.0),
    ]
    assert valued({}, TARGETS, INSTRUMENTS) == []


def test_every_position_of_the_real_run_is_worth_its_weight_of_the_account(real_run, real: Catalogue) -> None:
    house = open_house(Settings(home=real_run.home))
    pins = published(house)
    wanted = [("size", "targets", name) for name in real.strategies]
    wanted += [("ingest", "instruments", name) for name in real.datasets]
    reports = [Report(stage, name, 0, 0, 0, 0, {table: pins[table, name]}, {}) for stage, table, name in wanted]
    lots = {one["name"]: one["targets"] for one in real_run.summary["strategies"]}
    found = positions(Outcome(house, real, reports), lots)
    assert {name: {p.symbol: p.lots for p in held} for name, held in found.items()} == lots
    assert any(found.values())
    for name, held in found.items():
        equity_usd = float(house.lake.read(pins["equity", name])["equity_usd"].iloc[-1])
        for p in held:
            assert p.lots * p.weight > 0
            # Decided at an earlier bar, valued at the last one: the account and the price have moved since.
            assert p.value_usd / equity_usd == pytest.approx(p.weight, rel=0.5), (name, p)


def test_adjusted_series_are_not_shares(real_run, real: Catalogue) -> None:
    house = open_house(Settings(home=real_run.home))
    assert adjusted(Outcome(house, real)) == {
        "ts_momentum": "units of the series that split_adjust and dividend_adjust made of us_tech, not shares"
    }
