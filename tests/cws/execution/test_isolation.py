"""What walls need, and what is said without them. Who can do what behind them: tests/gateway/test_isolation.py."""

import os
from pathlib import Path

import pytest

from cws.execution.isolation import NAMESPACES, build, tear_down, told, why_off


def test_without_root_there_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert why_off() == "not root"
    assert build(tmp_path, ("127.0.0.1:1", "127.0.0.1:2")) is None


def test_two_processes_of_one_user_are_not_apart() -> None:
    state, why = told(os.getpid(), os.getpid())
    assert state == "off" and why


@pytest.mark.skipif(bool(why_off()), reason=f"no walls here: {why_off()}")
def test_a_namespace_is_made_anew_and_removed(tmp_path: Path) -> None:
    addresses = ("127.0.0.1:1", "127.0.0.1:2")
    walls = build(tmp_path, addresses)
    assert walls is not None and Path(walls.namespace).parent == NAMESPACES and walls.listeners == addresses
    first = Path(walls.namespace).stat().st_ino
    assert build(tmp_path, addresses) == walls and Path(walls.namespace).stat().st_ino != first
    tear_down(tmp_path)
    assert not Path(walls.namespace).exists()
