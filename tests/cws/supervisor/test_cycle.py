"""A cycle: what is asked, behind walls or not at all, once, and resumed where it ended."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from cws.ablation import batch
from cws.ablation.ablate import Bench, anew
from cws.ablation.batch import MAX_PATCHES
from cws.ablation.shipping import patched_text
from cws.gate.batch import BatchState, Outcome, Slot
from cws.gate.verdict import Reason
from cws.home import Settings
from cws.house import house_at
from cws.patches import Patch
from cws.release import released
from cws.sandbox import confine
from cws.strategies import Catalogue, catalogue
from cws.supervisor import cycle as cycles
from cws.supervisor.cycle import Asked, cycle, decided, given, open_cycle, proposals
from cws.supervisor.panel import IDEAS, sources
from cws.trials import LedgerSink
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


def test_what_a_batch_decided_before_the_kill_is_not_asked_again(
    bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed behind a ship, which moves the others' baselines: they would get a second verdict in a second batch."""
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    patches = [Patch("reversal_5d", {"window_bars": bars}) for bars in (9, 7)]
    weekly, ledger = batch.weekly, bench.house.ledger

    def ships(state: BatchState, slots: Sequence[Slot]) -> tuple[BatchState, list[Outcome]]:
        return weekly(state, slots)[0], [Outcome.SHIP, *[Outcome.REJECT] * (len(slots) - 1)]

    with monkeypatch.context() as dying:
        dying.setattr(batch, "weekly", ships)
        dying.setattr(cycles, "rows_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            decided(bench, given(bench.house, patches, 4), root=root)
    before, (ship,) = len(ledger.entries("verdict")), ledger.entries("ship")
    waiting = open_cycle(bench.house)
    assert waiting is not None
    with released([patch for patch in patches if patch.id == ship.body["patch"]]):
        found = decided(anew(bench), waiting, root=root)
    assert (len(ledger.entries("verdict")), len(ledger.entries("batch"))) == (before, 1)
    assert sorted(row.outcome for row in found.rows) == ["reject", "ship"] and found.refused == ()
    assert open_cycle(bench.house) is None


def test_what_could_not_be_read_back_is_never_proposed(bench: Bench) -> None:
    """Every later cycle of the home reads the last proposals first."""
    with pytest.raises(CwsError, match="CWS-PATCH-001"):
        given(bench.house, [Patch("reversal_5d", {"window_bars": 9}, why="x" * 30_000)], 0)
    assert not bench.house.ledger.entries("proposals")
    given(bench.house, [Patch("reversal_5d", {"window_bars": 9}, why="a\x7fb")], 0)
    waiting = open_cycle(bench.house)
    assert waiting is not None and waiting.patches[0].why == "a\x7fb"


def test_more_than_a_batch_holds_is_never_proposed(bench: Bench) -> None:
    """Else every later night would go on with it and be refused."""
    with pytest.raises(CwsError, match="CWS-ABLATE-002"):
        given(bench.house, [Patch("reversal_5d", {"window_bars": 9})] * (MAX_PATCHES + 1), 4)
    assert open_cycle(bench.house) is None


def test_without_findings_about_value_modules_nothing_is_asked(bench: Bench, root: Path) -> None:
    found = cycle(bench, recipes(bench), Asked(8), root=root)
    assert (found.proposed.asks, found.rows, found.proposed.looks) == ((), (), 0)


@pytest.mark.parametrize("module", ["position_limits", "nonsense"])
def test_only_modules_that_take_patches_can_be_asked_about(bench: Bench, module: str) -> None:
    with pytest.raises(CwsError, match="CWS-SUPERVISE-001"):
        proposals(bench, recipes(bench), Asked(8, 0, module))
    assert bench.house.ledger.entries("proposals") == []


def test_a_patch_that_shipped_since_is_still_what_was_proposed(bench: Bench) -> None:
    patch = Patch("reversal_5d", {"window_bars": 9})
    given(bench.house, [patch], 4)
    with released([patch]):
        found = open_cycle(bench.house)
    assert found is not None and found.patches == (patch,)


def test_one_night_in_a_house_whose_ranks_do_work_again(tmp_path: Path, root: Path) -> None:
    """From traces to what ships: rulers are in order, P&L has nothing to say, the same bytes come in less time."""
    house, slow = house_at(tmp_path / "home"), Patch("cs_rank", {"rows_at_once": 1})
    (root / "feature" / "cs_rank.toml").write_text('judge = "runtime"\n\n[settings]\nrows_at_once = 1\n')
    made = Bench(house, sources(5, IDEAS[:1], each=1), LedgerSink(house.ledger, house.lake, house.clock_ns))
    with released([slow]):
        found = cycle(made, catalogue(Settings().strategies), Asked(8, proposers=()), root=root)
    (row,) = found.rows
    assert (row.judged.judge, row.judged.verdict.reason, row.outcome) == ("runtime", Reason.FASTER, "ship")
    assert "-rows_at_once = 1\n" in row.diff and found.proposed.work_list[0][1] == "cs_rank"
    assert tomllib.loads((root / "feature" / "cs_rank.toml").read_text())["settings"]["rows_at_once"] > 1


def test_a_bent_ruler_is_found_mended_and_nothing_else_asked(bench: Bench, root: Path) -> None:
    """The daily loop with everybody to ask: nobody is, for P&L is measured by a bent ruler."""
    bent = Patch("cost_half_spread", {"half_spread_bps": 200.0})
    toml = root / "backtest" / "cost_half_spread.toml"
    toml.write_text(patched_text(toml.read_text(), bent))
    with released([bent]):
        found = cycle(bench, recipes(bench), Asked(40), root=root)
    assert found.proposed.asks == ()
    (row,) = found.rows
    assert (row.judged.patch.proposer, row.judged.verdict.reason, row.outcome) == ("nearby", Reason.REPAIRED, "ship")
    assert tomllib.loads(toml.read_text())["settings"]["half_spread_bps"] == 2.0
