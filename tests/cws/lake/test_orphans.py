import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import lakes
import pytest
from lakes import make_bars, open_lake

from cws.lake.commits import Index, Pin
from cws.lake.fsck import fsck
from cws.lake.lake import Lake
from cws.lake.log import commit_path
from modules.errors import CwsError

KILLS = 15
ROOT = Path(__file__).parents[3]


class Crash(BaseException):
    pass


def test_a_crash_before_the_acknowledgement_is_undone_by_the_next_writer(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = lake.commit("bars", "p", make_bars(5, 1))

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Index, "acknowledge", crash)
        # A killed process runs no clean-up either.
        patch.setattr(Lake, "_withdraw", crash)
        with pytest.raises(Crash):
            lake.commit("bars", "p", make_bars(6, 2))
    orphan = lake.folder / "bars" / commit_path(1)
    assert orphan.exists()
    other = open_lake(tmp_path)
    assert other.pin("bars", "p") == pin
    assert len(other.read(pin)) == 5
    assert {problem.code for problem in fsck(other)} == {"CWS-LAKE-017"}
    moved = other.recover()
    assert len(moved) == 2
    assert all(Path(path).exists() for path in moved)
    assert not orphan.exists()
    assert fsck(other) == []
    assert lake.commit("bars", "p", make_bars(6, 2)).version == 1


def test_a_crash_in_the_very_first_commit_leaves_no_table(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Index, "acknowledge", lambda *_: (_ for _ in ()).throw(Crash))
        with pytest.raises(Crash):
            lake.commit("bars", "p", make_bars(6))
    assert lake.tables() == []
    with pytest.raises(CwsError, match="CWS-LAKE-007"):
        lake.pin("bars", "p")
    assert len(lake.read(lake.commit("bars", "p", make_bars(6)))) == 6


def test_a_commit_that_the_ledger_refuses_takes_its_data_file_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries on a full disk must not pile up data files among the orphans."""
    pin = lake.commit("bars", "p", make_bars(5, 1))

    def refuse(*_: object) -> None:
        raise CwsError("CWS-LEDGER-009", what="the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Index, "acknowledge", refuse)
        for _ in range(2):
            with pytest.raises(CwsError, match="CWS-LEDGER-009"):
                lake.commit("bars", "p", make_bars(6, 2))
    assert len(list((lake.folder / "bars" / "part=p").iterdir())) == 1
    kept = sorted(path.name for path in (lake.folder / "bars" / "_orphans").iterdir())
    assert kept == [f"{commit_path(1).replace('/', '__')}.{turn}" for turn in range(2)]
    assert lake.pin("bars", "p") == pin


def test_same_named_orphans_do_not_replace_each_other(lake: Lake) -> None:
    lake.commit("bars", "p", make_bars(5))
    for turn in range(3):
        (lake.folder / "bars" / "part=p" / "a.parquet.tmp").write_text(str(turn))
        lake.recover()
    kept = sorted((lake.folder / "bars" / "_orphans").iterdir())
    assert [path.read_text() for path in kept] == ["0", "1", "2"]


def kill_a_writer(host: subprocess.Popen[str], delay_s: float) -> list[Pin]:
    """Let the host fork a writer, kill -9 it after a while, and return the pins it had printed as acknowledged."""
    assert host.stdin is not None
    assert host.stdout is not None
    host.stdin.write("go\n")
    host.stdin.flush()
    writer = int(host.stdout.readline())
    first = host.stdout.readline()
    time.sleep(delay_s)
    os.kill(writer, signal.SIGKILL)
    lines = [first, *iter(host.stdout.readline, "ended\n")]
    return [Pin(**json.loads(line)) for line in lines if line.endswith("}\n")]


def test_what_was_acknowledged_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    chance, acknowledged, orphans = random.Random(5), list[Pin](), 0
    command = [sys.executable, lakes.__file__, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as host:
        for _ in range(KILLS):
            acknowledged += kill_a_writer(host, chance.uniform(0.0, 0.08))
            lake = open_lake(tmp_path)
            assert {problem.code for problem in fsck(lake)} <= {"CWS-LAKE-017"}
            for pin in acknowledged[-3:]:
                assert len(lake.read(pin)) == pin.rows
            orphans += len(lake.recover())
            assert fsck(lake) == []
        assert host.stdin is not None
        host.stdin.close()
    lake = open_lake(tmp_path)
    for pin in acknowledged:
        assert lake.pin("bars", pin.part, pin.version) == pin
        assert len(lake.read(pin)) == pin.rows
    assert len(acknowledged) >= KILLS
    assert orphans > 0
    assert lake.commit("bars", "p0", make_bars(3)).version == len(lake.history("bars")) - 1
