"""Writing and reading without accidents: order, kinds, segments, several writers, limits."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from threading import Thread

import pytest

from cws.ledger import chain, disk
from cws.ledger.ledger import MAX_GROUP_ENTRIES, Head, Ledger
from cws.ledger.verify import verify
from modules.errors import CwsError

ROOT = Path(__file__).parents[3]


def test_an_entry_is_hashed_over_its_predecessor(tmp_path: Path, ticking) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger", ticking)
    first, second = ledger.append("run", {"b": 2, "a": 1}), ledger.append("fill", {})
    assert (first.index, first.ts_ns, first.prev, second.prev) == (0, 1_000, "0" * 64, first.hash)
    spelled = '{"body":{"a":1,"b":2},"index":0,"kind":"run","prev":"' + "0" * 64 + '","ts_ns":1000}'
    assert first.hash == sha256(spelled.encode()).hexdigest()
    assert Ledger(tmp_path / "deep" / "ledger").entries() == [first, second]
    assert ledger.entries("fill") == [second]


def test_a_ledger_that_was_never_written_is_empty_and_makes_no_folder(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "none")
    assert (ledger.entries(), ledger.head().entries, ledger.append_many([])) == ([], 0, [])
    assert ledger.head().root == sha256(b"").hexdigest()
    assert not (tmp_path / "none").exists()


def test_both_implementations_agree_on_the_head(tmp_path: Path, three_per_segment: None) -> None:
    ledger = Ledger(tmp_path)
    for size in range(1, 12):
        ledger.append("run", {"size": size})
        found = verify(tmp_path, None)
        assert found["ok"] and ledger.head() == Ledger(tmp_path).head() == Head(size, found["head"], found["root"])
    assert chain.segment_numbers(tmp_path) == [0, 1, 2, 3]


def test_a_thousand_entries_cross_the_real_segment_limit(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append_many([("row", {"i": i}) for i in range(1_000)])
    ledger.append_many([("row", {"i": i}) for i in range(1_000, 1_030)])
    assert [entry.body["i"] for entry in Ledger(tmp_path).entries()] == list(range(1_030))
    assert len((tmp_path / "segment-000000.jsonl").read_bytes().splitlines()) == chain.ENTRIES_PER_SEGMENT
    assert verify(tmp_path, None)["root"] == ledger.head().root


def test_a_reader_sees_what_another_writer_added(tmp_path: Path, three_per_segment: None) -> None:
    reader, writer = Ledger(tmp_path), Ledger(tmp_path)
    for size in range(1, 9):
        (reader if size == 5 else writer).append("run", {"size": size})
        assert [entry.body["size"] for entry in reader.entries()] == list(range(1, size + 1))


def test_a_caller_cannot_change_what_the_next_caller_reads(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("run", {"fills": [1]})
    ledger.entries()[0].body["fills"] = []
    assert ledger.entries()[0].body == {"fills": [1]}


def test_a_bad_entry_in_a_group_leaves_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("run", {})
    with pytest.raises(CwsError, match="CWS-LEDGER-001"):
        ledger.append_many([("run", {}), ("run", {"x": float("nan")})])
    with pytest.raises(CwsError, match="CWS-LEDGER-012"):
        ledger.append_many([("run", {})] * (MAX_GROUP_ENTRIES + 1))
    assert len(Ledger(tmp_path).entries()) == 1 == len(ledger.entries())


def test_threads_and_processes_write_one_chain(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from cws.ledger.ledger import Ledger\n"
    code += "[Ledger(Path(sys.argv[1])).append('run', {'by': sys.argv[2], 'i': i}) for i in range(25)]"
    command = [sys.executable, "-c", code, str(tmp_path / "ledger")]
    children = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("a", "b")]
    ledger = Ledger(tmp_path / "ledger")
    threads = [Thread(target=lambda: [ledger.append("run", {"by": "t"}) for _ in range(25)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert [child.wait(60) for child in children] == [0, 0]
    for thread in threads:
        thread.join(60)
    by = [entry.body["by"] for entry in ledger.entries()]
    assert (by.count("a"), by.count("b"), by.count("t")) == (25, 25, 50)
    assert verify(tmp_path / "ledger", None)["entries"] == 100


def test_a_held_lock_is_waited_for_with_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("run", {})
    monkeypatch.setattr(disk, "LOCK_TRIES", 3)
    with (tmp_path / ".lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for act in (ledger.entries, lambda: ledger.append("run", {})):
            with pytest.raises(CwsError, match="CWS-LEDGER-010"):
                act()
    assert ledger.append("run", {}).index == 1


def test_the_acknowledged_length_names_the_end(small: Path) -> None:
    acknowledged = json.loads((small / "acknowledged.json").read_bytes())
    last = small / "segment-000002.jsonl"
    assert (acknowledged["entries"], acknowledged["segment"], acknowledged["bytes"]) == (
        7,
        last.name,
        last.stat().st_size,
    )
    assert (acknowledged["hash"], acknowledged["root"]) == (Ledger(small).head().hash, Ledger(small).head().root)
