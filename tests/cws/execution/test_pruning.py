"""Run folders go when they are old and the ledger has their journals, and never before."""

import fcntl
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from wired import house, market, parents_of, wired

from cws.execution.places import Place, folders_of_runs, void_place
from cws.execution.processes import note
from cws.execution.pruning import GOING, is_ingested, lock_file, prune
from cws.house import House

RUNS = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A home after so many runs over the wire."""
    home = house(tmp_path_factory.mktemp("made") / "home")
    for seed in range(RUNS):
        tables = market(bars=4, seed=seed)
        wired(home, tables, parents_of(tables))
    return home


@pytest.fixture
def home(made: House, tmp_path: Path) -> House:
    shutil.copytree(made.home.folder, tmp_path / "home")
    return house(tmp_path / "home")


def names(home: House) -> list[str]:
    return [place.name for place in folders_of_runs(home.home)]


def test_a_run_removes_what_is_too_old_by_itself(home: House) -> None:
    before, tables = names(home), market(bars=4, seed=RUNS)
    parents = parents_of(tables)
    wired(replace(home, keep_runs=3), tables, parents)
    assert names(home)[:2] == before[-2:] and len(names(home)) == 3
    journals = home.ledger.entries("journal")
    assert len(journals) == RUNS + 1, "what they said stays in the ledger"
    first = market(bars=4, seed=0)
    again, told = wired(replace(home, keep_runs=3), first, parents_of(first))
    assert again["last_qty"].sum() == first["orders"]["order_qty"].sum(), "it is made again"
    assert told.details["execution"] == "native"


def test_the_newest_are_kept_and_one_that_is_read_removes_nothing(home: House) -> None:
    assert len(names(home)) == RUNS and all(is_ingested(home, place) for place in folders_of_runs(home.home))
    tables = market(bars=4, seed=0)
    wired(replace(home, keep_runs=1), tables, parents_of(tables))
    assert len(names(home)) == RUNS
    newest = names(home)[-1]
    assert prune(replace(home, keep_runs=1)) and names(home) == [newest]


def torn(place: Place, home: House) -> None:
    place.journal.write_bytes(place.journal.read_bytes()[:-10])


def flipped(place: Place, home: House) -> None:
    whole = place.journal.read_bytes()
    place.journal.write_bytes(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])


def without_a_journal(place: Place, home: House) -> None:
    place.journal.unlink()


def renamed(place: Place, home: House) -> None:
    place.folder.rename(place.folder.with_name("unheard-of"))


@pytest.mark.parametrize("change", [torn, flipped, without_a_journal, renamed])
def test_what_the_ledger_does_not_know_stays(home: House, change) -> None:
    first = folders_of_runs(home.home)[0]
    old = first.folder.stat().st_mtime_ns
    change(first, home)
    if first.folder.is_dir():
        os.utime(first.folder, ns=(old, old))  # it is still the oldest
    assert len(prune(replace(home, keep_runs=1))) == RUNS - 2
    assert len(names(home)) == 2


def test_what_the_journal_says_after_the_checkpoint_keeps_it(home: House) -> None:
    """The checkpoint is the ledger's of a shorter journal: another run's place is taken by one that went on."""
    first, second = folders_of_runs(home.home)[:2]
    shutil.copy(second.journal, first.journal)
    assert not is_ingested(home, first) and is_ingested(home, second)


def test_a_run_that_a_caller_holds_stays_and_its_void_days_too(home: House) -> None:
    first = folders_of_runs(home.home)[0]
    aside = void_place(first)
    assert lock_file(aside) == lock_file(first)
    with lock_file(first).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert first.name not in prune(replace(home, keep_runs=1)) and first.folder.is_dir()
    assert prune(replace(home, keep_runs=1)) == [first.name]


def test_a_run_of_which_something_still_runs_stays(home: House) -> None:
    """Whoever called it died; what it started goes on, and its sockets lie there."""
    first = folders_of_runs(home.home)[0]
    old = first.folder.stat().st_mtime_ns
    note(first.folder / "cws-risk.pid", os.getpid())
    os.utime(first.folder, ns=(old, old))
    assert first.name not in prune(replace(home, keep_runs=1)) and first.folder.is_dir()
    (first.folder / "cws-risk.pid").unlink()
    os.utime(first.folder, ns=(old, old))
    assert prune(replace(home, keep_runs=1)) == [first.name]


def test_what_a_dead_one_left_half_removed_goes_and_void_days_have_numbers_of_their_own(home: House) -> None:
    (home.home.gateway / "runs" / f"{GOING}x" / "log").mkdir(parents=True)
    first = folders_of_runs(home.home)[0]
    void_place(first).folder.mkdir()
    second = void_place(first)
    second.folder.mkdir()
    assert second.name.endswith("2")
    first.folder.with_name(f"{first.name}.void-1").rmdir()
    assert void_place(first).name.endswith("3"), "its number is not given again"
    prune(replace(home, keep_runs=100))
    assert not list((home.home.gateway / "runs").glob(f"{GOING}*")) and len(names(home)) == RUNS + 1
