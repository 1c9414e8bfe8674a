"""A patch by itself: its verdict has one row, and no batch hears of it."""

from pathlib import Path

from cws.ablation.ablate import Bench
from cws.ablation.alone import ablate_alone
from cws.ablation.batch import last_state, run_batch
from cws.ablation.told import batch_rows, told, told_alone
from cws.gate.batch import fresh
from cws.patches import Patch

PATCHES = [Patch("reversal_5d", {"window_bars": bars}) for bars in (3, 9)]


def test_asked_twice_it_has_one_row_and_moves_no_procedure(bench: Bench) -> None:
    first, second = (ablate_alone(bench, PATCHES[0]) for _ in range(2))
    (version,) = bench.house.lake.history("verdicts")
    assert first == second and version["part"] == first.id and version["rows"] == 1
    (row,) = told_alone(bench.house)
    assert (row.judged.id, row.batch, row.outcome, row.placebo) == (first.id, "", "alone", False)
    assert batch_rows(bench.house).empty and last_state(bench.house) == fresh()


def test_what_a_batch_decides_is_told_there_and_nowhere_else(bench: Bench, root: Path) -> None:
    """Whichever was asked first."""
    early = ablate_alone(bench, PATCHES[0])
    batch = run_batch(bench, PATCHES, seed=1, root=root)
    late = ablate_alone(bench, PATCHES[1])
    assert sorted([early.id, late.id]) == [row.judged.id for row in told(bench.house) if not row.placebo]
    assert {version["part"] for version in bench.house.lake.history("verdicts")} == {early.id, batch.id}
    assert told_alone(bench.house) == [] and last_state(bench.house).weeks == 1
