"""A small house whose six stages were published once, without Dagster; every test works on a copy of its own."""

from pathlib import Path

import pytest
from small_house import Place, copy_place, make_place
from walking import publish_stages

from cws.house import House

CAPPED = '["rank_to_weight", "leverage_cap", "capacity_cap", "lot_round"]'


@pytest.fixture(scope="session")
def _executed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = make_place(tmp_path_factory.mktemp("executed") / "place")
    # A module between the backtest's sizing and the lots: its settings are asked of no backtest module.
    place.edit(place.strategy, '["rank_to_weight", "leverage_cap", "lot_round"]', CAPPED)
    publish_stages(place, place.house())
    return place


@pytest.fixture
def executed(_executed: Place, tmp_path: Path) -> Place:
    """All six stages are published."""
    return copy_place(_executed, tmp_path / "executed")


@pytest.fixture
def house(executed: Place) -> House:
    return executed.house()
