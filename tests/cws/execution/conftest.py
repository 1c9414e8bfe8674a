"""Homes of this folder's tests: one with nothing in it, one whose gateway is up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from places import STRATEGIES
from wired import house, native_folder

from cws.execution import live, live_folder
from cws.execution.supervisor import stop
from cws.house import House
from cws.strategies import catalogue


@pytest.fixture
def home(tmp_path: Path) -> House:
    return house(tmp_path / "home")


@pytest.fixture
def up(home: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    native_folder()
    monkeypatch.setattr(live_folder, "_closes", lambda house, catalogue: {"AAA.XNYS": 100.0})
    monkeypatch.setattr(live_folder, "_units", lambda house, catalogue: {"AAA.XNYS": 0.25})
    live.start(home, catalogue(STRATEGIES))
    yield home
    stop(live.live(home.home).folder)
