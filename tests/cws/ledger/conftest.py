"""A small ledger with three entries a segment, so that every byte of several segments can be tried."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from cws.ledger import chain, verify
from cws.ledger.ledger import Ledger


@pytest.fixture
def three_per_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both implementations hold the same limit, each for itself."""
    monkeypatch.setattr(chain, "ENTRIES_PER_SEGMENT", 3)
    monkeypatch.setattr(verify, "ENTRIES_PER_SEGMENT", 3)


@pytest.fixture
def ticking():
    """A clock that gives 1000, 1001, ... ns."""
    ticks = count(1_000)
    return lambda: next(ticks)


@pytest.fixture
def small(tmp_path: Path, three_per_segment: None, ticking) -> Path:
    """Seven entries in three segments: 3, 3 and 1."""
    folder = tmp_path / "ledger"
    Ledger(folder, ticking).append_many([("run" if i % 2 else "fill", {"i": i, "px": 1.5}) for i in range(7)])
    return folder
