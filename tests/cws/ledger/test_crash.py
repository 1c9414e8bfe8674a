"""Whatever a writer dies of, what it acknowledged is there, what it half wrote is not, and the next append works."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cws.ledger.ledger import Ledger
from cws.ledger.verify import verify
from modules.errors import CwsError

ROOT = Path(__file__).parents[3]
DYING = [sys.executable, str(Path(__file__).with_name("dying_writer.py"))]
KILLS = 20
ENDLESS = """
import sys
from pathlib import Path
from cws.ledger.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
while True:
    for entry in ledger.append_many([("run", {"text": "x" * 900}), ("fill", {}), ("run", {"px": 1.5})]):
        sys.stdout.write(f"{entry.index} {entry.hash}\\n")
    sys.stdout.flush()
    last = ledger.append("run", {})
    sys.stdout.write(f"{last.index} {last.hash}\\n")
    sys.stdout.flush()
"""


@pytest.fixture
def crashed(small: Path) -> Path:
    """Seven complete entries of which five were acknowledged: a crash between the data and its acknowledgement."""
    older = small.with_name("older")
    Ledger(older, lambda: 1).append_many([("run", {"i": i}) for i in range(5)])
    promise = (older / "acknowledged.json").read_bytes()
    Ledger(older, lambda: 1).append_many([("run", {"i": i}) for i in (5, 6)])
    (older / "acknowledged.json").write_bytes(promise)
    return older


def test_killed_writers_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    folder, rng, acknowledged = tmp_path / "ledger", random.Random(7), dict[int, str]()
    for _ in range(KILLS):
        command = [sys.executable, "-c", ENDLESS, str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            heard = child.stdout.readline()
            time.sleep(rng.uniform(0, 0.03))
            child.send_signal(signal.SIGKILL)
            heard += child.stdout.read()
        lines = [line.split() for line in heard.decode().splitlines(keepends=True) if line.endswith("\n")]
        acknowledged |= {int(index): digest for index, digest in lines}
        assert verify(folder, None)["ok"]
    entries = Ledger(folder).entries()
    assert len(acknowledged) >= KILLS
    assert {index: entries[index].hash for index in acknowledged} == acknowledged
    Ledger(folder).append("run", {})
    assert verify(folder, None)["torn_bytes"] == 0


def strike(folder: Path, how: str, at: int, act: str) -> subprocess.CompletedProcess[str]:
    command = [*DYING, str(folder), how, str(at), act]
    return subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("start", ["empty", "half full"])
def test_a_kill_at_any_system_call_of_an_append(tmp_path: Path, three_per_segment: None, start: str) -> None:
    for at in range(60):
        folder = tmp_path / str(at)
        before = [] if start == "empty" else Ledger(folder).append_many([("run", {}), ("run", {})])
        ended = strike(folder, "kill", at, "append")
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        entries = Ledger(folder).entries()
        assert entries[: len(before)] == before
        assert [entry.body["i"] for entry in entries[len(before) :]] == list(range(len(entries) - len(before)))
        Ledger(folder).append("run", {"after": True})
        found = verify(folder, None)
        assert (found["ok"], found["torn_bytes"]) == (True, 0)
        assert [entry.hash for entry in Ledger(folder).entries()[: len(entries)]] == [entry.hash for entry in entries]
        if ended.returncode == 0:
            assert at > 10
            return
    pytest.fail("the append never came to its end")


@pytest.mark.parametrize("start", ["empty", "half full"])
def test_a_full_disk_at_any_system_call_of_an_append(tmp_path: Path, three_per_segment: None, start: str) -> None:
    for at in range(60):
        folder = tmp_path / str(at)
        before = [] if start == "empty" else Ledger(folder).append_many([("run", {}), ("run", {})])
        ended = strike(folder, "fail", at, "append")
        assert (ended.returncode, ended.stdout) in ((0, ""), (3, "CWS-LEDGER-009")), ended.stderr
        entries = Ledger(folder).entries()
        # All four stand only when the error came after the acknowledgement was in place.
        assert len(entries) - len(before) in (0, 4)
        assert verify(folder, None)["torn_bytes"] == 0
        assert Ledger(folder).append("run", {}).index == len(entries)
        if ended.returncode == 0:
            assert at > 10
            return
    pytest.fail("the append never came to its end")


def test_a_kill_at_any_system_call_of_a_recovery_never_hides_the_cut(crashed: Path) -> None:
    tail = crashed / "segment-000002.jsonl"
    tail.write_bytes(tail.read_bytes() + b'{"body":{"torn' * 30)
    for at in range(60):
        folder = crashed.with_name(str(at))
        shutil.copytree(crashed, folder)
        ended = strike(folder, "kill", at, "recover")
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        Ledger(folder).recover()
        assert verify(folder, None)["ok"]
        assert len(Ledger(folder).entries("run")) == 7
        assert Ledger(folder).entries("torn_tail")[0].body["bytes"] == 420
        if ended.returncode == 0:
            assert at > 5
            return
    pytest.fail("the recovery never came to its end")


def test_complete_entries_beyond_the_acknowledged_length_are_kept(crashed: Path) -> None:
    assert len(Ledger(crashed).entries()) == 7
    assert verify(crashed, None)["entries"] == 7
    assert Ledger(crashed).recover() == 0
    assert b'"entries":7' in (crashed / "acknowledged.json").read_bytes()


def test_a_tail_cut_at_any_byte_beyond_the_acknowledged_length_is_recorded(crashed: Path) -> None:
    tails = sorted(crashed.glob("segment-*"))[1:]
    whole = b"".join(path.read_bytes() for path in tails)
    sizes = [path.stat().st_size for path in tails]
    promised = len(b"".join(whole.splitlines(keepends=True)[:2]))
    for size in range(promised, len(whole)):
        folder = crashed.with_name(f"cut-{size}")
        shutil.copytree(crashed, folder)
        (folder / tails[0].name).write_bytes(whole[: min(size, sizes[0])])
        (folder / tails[1].name).write_bytes(whole[sizes[0] : size])
        kept = 3 + whole[:size].count(b"\n")
        torn = size - (whole[:size].rfind(b"\n") + 1)
        assert (verify(folder, None)["ok"], verify(folder, None)["torn_bytes"]) == (True, torn)
        assert len(Ledger(folder).entries()) == kept
        assert Ledger(folder).recover() == torn
        assert Ledger(folder).recover() == 0
        records = Ledger(folder).entries("torn_tail")
        assert [record.body["bytes"] for record in records] == ([torn] if torn else [])
        assert verify(folder, None)["entries"] == kept + len(records)


@pytest.mark.parametrize("where", ["segment-000000.jsonl", "segment-000002.jsonl", "segment-000003.jsonl"])
def test_garbage_that_was_never_acknowledged_is_cut_and_recorded(small: Path, where: str) -> None:
    with (small / "segment-000009.jsonl").open("wb") as later:
        later.write(b"\x00" * 5)
    promised = where != "segment-000000.jsonl"
    with (small / where).open("ab") as file:
        file.write(b"\xff\n{}\n")
    if not promised:
        with pytest.raises(CwsError, match="CWS-LEDGER-004"):
            Ledger(small).append("run", {})
        return
    assert Ledger(small).append("run", {"after": 1}).index == 8
    assert [entry.body["bytes"] for entry in Ledger(small).entries("torn_tail")] == [10]
    assert not (small / "segment-000009.jsonl").exists()
    assert verify(small, None)["ok"]


def test_a_file_size_limit_in_the_middle_of_a_line(tmp_path: Path) -> None:
    """The kernel itself refuses: the first write is short, the next one fails."""
    ledger, soft_hard = Ledger(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    ledger.append_many([("run", {"i": i}) for i in range(3)])
    segment = tmp_path / "segment-000000.jsonl"
    whole = segment.read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 500, soft_hard[1]))
    try:
        with pytest.raises(CwsError, match="CWS-LEDGER-009"):
            ledger.append_many([("run", {"i": 3}), ("run", {"i": 4}), ("run", {"i": 5})])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, soft_hard)
    assert segment.read_bytes() == whole
    assert len(ledger.entries()) == len(Ledger(tmp_path).entries()) == 3
    assert ledger.append("run", {"i": 3}).index == 3
    assert verify(tmp_path, None)["ok"]


def test_an_acknowledgement_that_cannot_be_written_takes_the_entries_back(small: Path) -> None:
    ledger = Ledger(small)
    before = ledger.entries()
    segment = small / "segment-000002.jsonl"
    mtime_ns = segment.stat().st_mtime_ns
    blocker = small / "acknowledged.json.tmp"
    blocker.mkdir()
    with pytest.raises(CwsError, match="CWS-LEDGER-009"):
        ledger.append_many([("run", {"i": i}) for i in range(4)])
    os.utime(segment, ns=(mtime_ns, mtime_ns))  # A coarse clock would show the same time before and after.
    assert ledger.entries() == Ledger(small).entries() == before
    blocker.rmdir()
    assert ledger.append("run", {}).index == len(before)
    assert verify(small, None)["ok"]
