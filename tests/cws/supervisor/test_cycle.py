"""A cycle: what is asked, behind walls or not at all, once, and resumed where it ended."""

from pathlib import Path

import pytest

from cws.ablation.ablate import Bench
from cws.patches import Patch
from cws.sandbox import confine
from cws.strategies import Catalogue, catalogue
from cws.supervisor.cycle import Asked, asks_for, cycle, given, open_cycle
from modules.errors import CwsError


def recipes(bench: Bench) -> Catalogue:
    (source,) = bench.sources
    return catalogue(source.chosen.strategies)  # type: ignore[attr-defined]


def test_a_whole_cycle_through_real_walls(bench: Bench, root: Path) -> None:
    """Looks behind the walls are trials of the house; the end is written once; the next call asks anew."""
    before = len(bench.house.ledger.entries("trial"))
    said: list[str] = []
    found = cycle(bench, recipes(bench), Asked(8, 1, "reversal_5d"), said.append, root=root)
    assert found.proposed.asks == (("module.reversal_5d", "reversal_5d", 8),) and not found.proposed.resumed
    assert found.proposed.looks > 1
    assert len(bench.house.ledger.entries("trial")) >= before + found.proposed.looks
    assert [row.judged.patch for row in found.rows] == list(found.proposed.patches)
    assert len(bench.house.ledger.entries("cycle")) == 1 and open_cycle(bench.house) is None
    assert any("at most 8 scores" in text for text in said)


def test_without_walls_nobody_is_asked(bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "missing", lambda: "bubblewrap is not installed")
    with pytest.raises(CwsError, match="CWS-SANDBOX-001"):
        cycle(bench, recipes(bench), Asked(8, 1, "reversal_5d"), root=root)
    assert bench.house.ledger.entries("proposals") == []


def test_an_open_cycle_goes_on_before_anybody_is_asked(bench: Bench, root: Path) -> None:
    patches = [Patch("reversal_5d", {"window_bars": 9}), Patch("position_limits", {"max_weight": 0.5})]
    given(bench.house, patches[:1], 4)
    found = cycle(bench, recipes(bench), Asked(8, 1, "reversal_5d"), root=root)
    assert found.proposed.resumed and found.proposed.patches == (patches[0],)
    assert [row.outcome for row in found.rows] == ["reject"]
    assert len(bench.house.ledger.entries("proposals")) == 1


def test_without_findings_about_value_modules_nothing_is_asked(bench: Bench, root: Path) -> None:
    found = cycle(bench, recipes(bench), Asked(8), root=root)
    assert (found.proposed.asks, found.rows, found.proposed.looks) == ((), (), 0)


@pytest.mark.parametrize("module", ["cost_bps", "nonsense"])
def test_only_modules_judged_on_value_can_be_asked_about(module: str) -> None:
    with pytest.raises(CwsError, match="CWS-SUPERVISE-001"):
        asks_for([], Asked(8, 0, module))
