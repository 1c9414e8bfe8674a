"""What shipped since the last release is tested together against the text before, and blamed only beyond chance."""

from pathlib import Path

import pytest

from cws.ablation.ablate import Bench, anew
from cws.ablation.bundle import due, retest, since_release, undone
from cws.ablation.shipping import rollback, ship, toml_path
from cws.patches import Patch
from modules.registry import load

FIRST, SECOND = Patch("reversal_5d", {"window_bars": 9}), Patch("reversal_5d", {"window_bars": 12})


@pytest.fixture
def shipped(bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Two ships to one module, in a copy of the TOMLs that the registry reads meanwhile."""
    module = load("reversal_5d")
    monkeypatch.setattr(module, "path", toml_path("reversal_5d", root).with_suffix(".py"))
    for number, patch in enumerate((FIRST, SECOND)):
        ship(bench.house, patch, f"v{number}", root)
    yield anew(bench)  # type: ignore[misc]
    module.__dict__.pop("manifest", None)


def test_what_is_put_back_is_what_the_first_ship_found(shipped: Bench) -> None:
    assert undone(since_release(shipped.house)) == [Patch("reversal_5d", {"window_bars": 5})]


def test_a_bundle_that_is_not_worse_is_a_release(shipped: Bench) -> None:
    found = retest(shipped)
    assert found is not None and len(found.ships) == 2 and found.strategies == ("small_reversal",)
    assert found.p_worse is None or 0.0 <= found.p_worse <= 1.0
    if not found.inferior:
        assert since_release(shipped.house) == [] and retest(shipped) is None


def test_an_inferior_bundle_stays_open_until_it_is_rolled_back(
    shipped: Bench, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cws.ablation.bundle._p_worse", lambda deltas: 0.001)
    found = retest(shipped)
    assert found is not None and found.inferior
    assert len(since_release(shipped.house)) == 2, "it is tested again next week"
    for one in reversed(found.ships):
        rollback(shipped.house, one, "bundle", root)
    assert since_release(shipped.house) == [] and retest(anew(shipped)) is None


def test_it_is_due_a_week_after_the_ship(shipped: Bench) -> None:
    assert not due(shipped.house)
    last = shipped.house.ledger.entries("ship")[0].ts_ns
    later = type(shipped.house)(
        shipped.house.home, shipped.house.ledger, shipped.house.lake, lambda: last + 8 * 86_400 * 10**9
    )
    assert due(later)


def test_nothing_shipped_is_nothing_to_test(bench: Bench) -> None:
    assert retest(bench) is None and not due(bench.house)
