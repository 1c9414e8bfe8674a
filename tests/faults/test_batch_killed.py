"""`kill -9` at every seam of a batch: what was recorded stays so, and going on gives the bytes of no death at all."""

import errno
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import batch_children
import pytest
from batch_children import batch_and_die, grid_of
from batching import batch_of, bytes_of, rows_of, write_sweep
from children import WAIT_LIMIT_S, ended, start
from places import ROOT, pure_environment
from small_house import Place, copy_place

import cws.lake.lake
from cws.batch.run import KIND
from cws.lake.fsck import fsck
from cws.ledger.verify import verify
from cws.trial_batches import spans
from cws.trials import distinct
from modules.errors import CwsError

# (owner, function, which call, when): three chunks of two sets; commits are returns, rows, returns, rows, ...
SEAMS = [
    ("cws.batch.register", "Register.record", 2, "after"),
    ("cws.trials", "unseal", 4, "after"),
    ("cws.lake.lake", "Lake.append", 3, "after"),
    ("cws.lake.lake", "Lake.append", 4, "after"),
    ("cws.lake.lake", "Lake.commit", 1, "after"),
    ("cws.batch.conclusion", "_in_full", 1, "before"),
]


@pytest.fixture(scope="module")
def whole(done: Any, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Both batches without any death."""
    place = copy_place(done.place, tmp_path_factory.mktemp("whole") / "place")
    write_sweep(place)
    for recipe in ("small_reversal", "small_cross"):
        batch_of(place, recipe, grid_of(recipe))
    return place


def living(done: Any, tmp_path: Path) -> Place:
    place = copy_place(done.place, tmp_path / "place")
    write_sweep(place)
    return place


def assert_as_if_nothing_happened(place: Place, whole: Place, recipe: str) -> None:
    batch, untouched = batch_of(place, recipe, grid_of(recipe)), batch_of(whole, recipe, grid_of(recipe))
    assert untouched.now is False
    assert bytes_of(place, batch) == bytes_of(whole, untouched)
    for name in ("rows_hash", "best", "median", "worst", "best_in_full", "trials", "failed", "judges"):
        assert batch.body[name] == untouched.body[name], name
    house = place.house()
    rows = rows_of(house, batch)
    assert rows["set"].tolist() == list(range(batch.plan.sets))
    told = Counter(n for span in spans(house.ledger, batch.plan.id) for n in range(span.first, span.end))
    assert set(told.values()) == {1} and len(told) == batch.plan.sets, "each set is on record once"
    counted = distinct(house.ledger, house.lake, batch.plan.counted_as)
    assert counted.set_index("key")["looks"].to_dict() == _looks(whole, batch.plan.counted_as)
    assert fsck(house.lake) == [] and verify(house.home.ledger, None)["ok"]
    assert len(house.ledger.entries(KIND)) == 1


def _looks(place: Place, strategy: str) -> dict[str, int]:
    house = place.house()
    return distinct(house.ledger, house.lake, strategy).set_index("key")["looks"].to_dict()


@pytest.mark.parametrize(("owner", "name", "at", "when"), SEAMS, ids=[f"{s[1]} {s[2]}" for s in SEAMS])
def test_killed_at_a_seam_and_run_again(
    tmp_path: Path, done: Any, whole: Place, owner: str, name: str, at: int, when: str
) -> None:
    place = living(done, tmp_path)
    assert ended(start(batch_and_die, place.folder, "small_reversal", owner, name, at, when)) == -signal.SIGKILL
    assert place.house().ledger.entries(KIND) == [], "an unfinished batch is not shown as one"
    assert_as_if_nothing_happened(place, whole, "small_reversal")


def test_killed_again_and_again(tmp_path: Path, done: Any, whole: Place) -> None:
    """Each run gets one chunk further and dies with the next one recorded and not concluded."""
    place = living(done, tmp_path)
    for _ in range(2):
        died = start(batch_and_die, place.folder, "small_cross", "cws.lake.lake", "Lake.append", 3, "before")
        assert ended(died) in (0, -signal.SIGKILL)
    assert_as_if_nothing_happened(place, whole, "small_cross")


def test_the_parent_of_two_workers_dies_and_they_with_it(tmp_path: Path, done: Any, whole: Place) -> None:
    place = living(done, tmp_path)
    command = [sys.executable, batch_children.__file__, str(place.folder)]
    died = subprocess.run(command, cwd=ROOT, env=pure_environment(), capture_output=True, text=True, timeout=200)
    assert died.returncode == -signal.SIGKILL, died.stderr[-3000:]
    workers = [int(word) for word in (place.folder / "workers").read_text().split()]
    assert len(workers) == 2
    deadline_s = time.monotonic() + WAIT_LIMIT_S
    while any(_runs(worker) for worker in workers):
        assert time.monotonic() < deadline_s, "a worker outlives its parent"
        time.sleep(0.05)
    assert_as_if_nothing_happened(place, whole, "small_cross")


def _runs(pid: int) -> bool:
    """Whether there is such a process; one that nobody has waited for yet is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_full_disk_is_a_coded_error_and_the_batch_goes_on(
    tmp_path: Path, done: Any, whole: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, real, calls = living(done, tmp_path), cws.lake.lake.write_parquet, []

    def full(path: Path, table: Any) -> None:
        calls.append(path)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, table)

    monkeypatch.setattr(cws.lake.lake, "write_parquet", full)
    with pytest.raises(CwsError, match="CWS-LAKE-015"):
        batch_of(place)
    assert_as_if_nothing_happened(place, whole, "small_reversal")


def test_an_interrupt_between_chunks_loses_nothing(tmp_path: Path, done: Any, whole: Place) -> None:
    from cws.batch.run import Ask, run_batch
    from cws.strategies import catalogue

    def interrupt(sets: int, total: int, rate: float, left_s: float) -> None:
        if sets == 2:
            raise KeyboardInterrupt

    place = living(done, tmp_path)
    ask = Ask("small_reversal", batch_children.grid_of("small_reversal"), processes=1, chunk_sets=2)
    with pytest.raises(KeyboardInterrupt):
        run_batch(place.house(), catalogue(place.strategies), ask, interrupt)
    assert_as_if_nothing_happened(place, whole, "small_reversal")
