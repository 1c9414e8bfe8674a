"""The free-running gateway where it cannot start: the reason, what to do, and nothing left behind."""

from pathlib import Path

import pytest
from places import STRATEGIES
from wired import house, native_folder

from cws.execution import live
from cws.execution.places import is_up
from cws.house import House
from cws.strategies import catalogue
from modules.errors import CwsError


@pytest.fixture
def home(tmp_path: Path) -> House:
    return house(tmp_path / "home")


def test_before_anything_was_published_there_is_nothing_to_trade(home: House) -> None:
    with pytest.raises(CwsError, match="CWS-EXECUTION-009"):
        live.start(home, catalogue(STRATEGIES))


def test_a_gateway_that_does_not_come_up_is_taken_down(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    native_folder()
    monkeypatch.setattr(live, "_closes", lambda house, catalogue: {"AAA.XNYS": 100.0})
    monkeypatch.setattr(live, "FIRM", "a name that no wire can say")
    monkeypatch.setattr(live, "MAX_RESTARTS", 0)
    with pytest.raises(CwsError, match="CWS-EXECUTION-010"):
        live.start(home, catalogue(STRATEGIES))
    assert not is_up(live.live(home.home))
