"""What walls need, and what is said without them. Who can do what behind them: tests/gateway/test_isolation.py."""

import os
from pathlib import Path

import pytest

from cws.execution.isolation import GROUP, NAMESPACES, USERS, build, hand_over, tear_down, told, why_off


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


@pytest.mark.skipif(bool(why_off()), reason=f"no walls here: {why_off()}")
def test_a_home_that_was_copied_or_had_no_walls_gets_its_owners(tmp_path: Path) -> None:
    risk, gateway = USERS["cws-risk"], USERS["cws-gateway"]
    for name in ("risk.journal", "gateway.journal", "executions.ring", "elsewhere"):
        (tmp_path / name).touch()
    os.chown(tmp_path / "executions.ring", gateway, GROUP)
    (tmp_path / "risk.beat").symlink_to(tmp_path / "elsewhere")
    os.link(tmp_path / "elsewhere", tmp_path / "intents.cursor")
    before = os.umask(0o077)
    try:
        (tmp_path / "limits.toml").touch()
        (tmp_path / "limits.toml.sig").touch()
    finally:
        os.umask(before)
    hand_over(tmp_path)
    limits = [(tmp_path / name).stat() for name in ("limits.toml", "limits.toml.sig")]
    assert [(one.st_uid, one.st_gid, one.st_mode & 0o777) for one in limits] == [(0, GROUP, 0o640)] * 2
    owners = {path.name: path.stat().st_uid for path in tmp_path.iterdir() if path.name != "capture"}
    assert owners == {
        "risk.journal": risk, "gateway.journal": gateway, "executions.ring": gateway, "elsewhere": 0, "risk.beat": 0,
        "intents.cursor": 0, "limits.toml": 0, "limits.toml.sig": 0,
    }, "what another laid down, or what is a link, is nobody's gift"  # fmt: skip
