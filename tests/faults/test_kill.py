"""`kill -9` anywhere: what was published stands, nothing half-written is visible, and a rerun gives the same bytes."""

import signal
from pathlib import Path
from typing import Any

import pytest
from children import ended, run_and_die, start, walk, walk_and_die
from small_house import Place, hashes_in_force, make_place, result_hashes

from cws.lake.fsck import ORPHAN, fsck
from cws.ledger.verify import verify
from cws.pins import published
from cws.stages import COMMITS
from cws.trials import distinct
from modules.contract import STAGES

IN_THE_MIDDLE = {
    "ingest": "csv_ohlcv",
    "clean": "session_filter",
    "feature": "reversal_5d",
    "backtest": "performance",
    "size": "lot_round",
    "execute": "paper_fill",
}
# The n-th commit of a Delta log falls between two commits of this stage's publication.
COMMIT_OF = {"ingest": 2, "clean": 6, "feature": 8, "backtest": 13, "size": 20, "execute": 23}
LOG = ("cws.lake.lake", "write_commit")
OTHERS = [
    ("cws.lake.lake", "write_parquet", 15, "after"),
    ("cws.ledger.ledger", "Ledger.append", 3, "before"),
    ("cws.ledger.ledger", "Ledger.append", 12, "after"),
    ("cws.flow", "keep", 1, "after"),
    ("cws.publish", "evaluate", 1, "after"),
    ("cws.trace_log", "keep_traces", 1, "before"),
    ("cws.trace_log", "keep_traces", 1, "after"),
]


def stages_published(place: Place) -> list[str]:
    return [str(entry.body["stage"]) for entry in place.house().ledger.entries("stage")]


def assert_sound_after_death(place: Place) -> None:
    """Every pin in force can be read, the ledger verifies, and what the crash left is no damage."""
    house = place.house()
    for pin in published(house).values():
        assert len(house.lake.read(pin)) == pin.rows
    assert {problem.code for problem in fsck(house.lake)} <= {ORPHAN}
    if house.home.ledger.exists():
        assert verify(house.home.ledger, None)["ok"]


def assert_whole(place: Place, hashes: dict[str, str]) -> None:
    """As an untouched home: same bytes, one trial, nothing left over where readers look."""
    house = place.house()
    assert hashes_in_force(place) == hashes
    assert fsck(house.lake) == []
    assert verify(house.home.ledger, None)["ok"]
    assert verify(house.home.ledger, None)["torn_bytes"] == 0
    assert len(distinct(house.ledger)) == 1
    assert list(house.home.raw.glob("*.part")) == []


def test_killed_in_every_stage_in_turn_and_run_again(tmp_path: Path, done: Any) -> None:
    """Each rerun gets past the stage in which the one before it died."""
    place = make_place(tmp_path / "place")
    for stage, module in IN_THE_MIDDLE.items():
        assert ended(start(run_and_die, place.folder, stage, module)) == -signal.SIGKILL
        assert_sound_after_death(place)
        assert stage not in stages_published(place)
        assert set(stages_published(place)) == set(STAGES[: STAGES.index(stage)])
    assert result_hashes(place.run()) == done.hashes
    assert_whole(place, done.hashes)


@pytest.mark.parametrize("stage", COMMIT_OF)
def test_killed_between_two_commits_of_a_publication(tmp_path: Path, done: Any, stage: str) -> None:
    place = make_place(tmp_path / "place")
    assert ended(start(walk_and_die, place.folder, *LOG, COMMIT_OF[stage], "after")) == -signal.SIGKILL
    assert_sound_after_death(place)
    before = STAGES[: STAGES.index(stage)]
    assert stages_published(place) == list(before)
    commits = place.house().ledger.entries("lake_commit")
    assert len(commits) == COMMIT_OF[stage] - 1
    assert {commits[-1].body["table"]} <= {*COMMITS[stage].values(), "features"}, "a commit of this very stage stands"
    assert any(problem.code == ORPHAN for problem in fsck(place.house().lake))
    walk(place)
    assert_whole(place, done.hashes)


@pytest.mark.parametrize(("owner", "name", "at", "when"), OTHERS, ids=[f"{o[1]} {o[2]}" for o in OTHERS])
def test_killed_at_other_steps_of_a_publication(
    tmp_path: Path, done: Any, owner: str, name: str, at: int, when: str
) -> None:
    place = make_place(tmp_path / "place")
    assert ended(start(walk_and_die, place.folder, owner, name, at, when)) == -signal.SIGKILL
    assert_sound_after_death(place)
    walk(place)
    assert_whole(place, done.hashes)
