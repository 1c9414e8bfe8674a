import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from lakes import make_bars, untimed

from cws.lake.commits import Index
from cws.lake.lake import Lake
from cws.ledger.ledger import Entry, Ledger
from modules.errors import CwsError


class SlowIndex(Index):
    """The real index, giving other threads time before it takes in an entry."""

    def _take(self, entry: Entry) -> None:
        time.sleep(0.02)
        super()._take(entry)


class CountingLedger(Ledger):
    """The real ledger, counting how often all entries are decoded."""

    calls = 0

    def entries(self, kind: str | None = None) -> list[Entry]:
        self.calls += 1
        return super().entries(kind)


def test_a_gap_in_the_versions_is_refused(lake: Lake, tmp_path: Path) -> None:
    lake.commit("bars", "p", make_bars(3))
    commit = lake.index.of_table("bars")[0].commit
    ledger = Ledger(tmp_path / "ledger")
    ledger.append("lake_commit", replace(commit, pin=replace(commit.pin, version=2)).body())
    with pytest.raises(CwsError) as refused:
        Index(ledger).refresh()
    assert refused.value.code == "CWS-LAKE-019"
    assert "ledger entry 1" in refused.value.where


def test_the_ledger_is_decoded_once_not_at_each_read(lake: Lake, tmp_path: Path) -> None:
    ledger = CountingLedger(tmp_path / "ledger")
    counted = Lake(lake.folder, ledger, lake.specs)
    for seed in range(4):
        pin = counted.commit("bars", "p", make_bars(3, seed))
        counted.read(pin)
        counted.pin("bars", "p")
    assert ledger.calls == 0
    lake.commit("bars", "p", make_bars(9))
    assert counted.pin("bars", "p").rows == 9
    counted.read(counted.pin("bars", "p"))
    assert ledger.calls == 1


def test_threads_that_write_side_by_side_share_the_index(lake: Lake) -> None:
    def write(table: str, part: str) -> None:
        for seed in range(5):
            bars = make_bars(3, seed)
            lake.commit(table, part, bars if table == "bars" else untimed(bars))

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(write, table, part) for table in ("bars", "stats") for part in ("p", "q")]
    assert [job.result() for job in jobs] == [None] * 4
    assert [row["version"] for row in lake.history("bars")] == list(range(10))
    assert len(lake.read(lake.pin("stats", "q"))) == 3


def test_two_threads_that_refresh_at_once_take_each_entry_once(lake: Lake, tmp_path: Path) -> None:
    lake.commit("bars", "p", make_bars(3))
    index = SlowIndex(Ledger(tmp_path / "ledger"))
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(index.refresh) for _ in range(4)]
    assert [job.result() for job in jobs] == [None] * 4
    assert len(index.of_table("bars")) == 1


def test_a_commit_is_the_same_after_the_ledger(lake: Lake, tmp_path: Path) -> None:
    lake.commit("bars", "p", make_bars(3))
    lake.append("bars", "p", make_bars(3))
    again = Index(Ledger(tmp_path / "ledger"))
    again.refresh()
    assert again.of_table("bars") == lake.index.of_table("bars")
    assert again.parts("bars") == ["p"]
