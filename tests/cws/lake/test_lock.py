from pathlib import Path
from threading import Thread

import pytest

from cws.lake import lock
from cws.lake.lock import table_lock
from modules.errors import CwsError


def test_a_second_writer_is_refused_after_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_LIMIT_S", 0.05)
    with table_lock(tmp_path / "bars"):
        with pytest.raises(CwsError) as refused, table_lock(tmp_path / "bars"):
            pass
        with table_lock(tmp_path / "stats"):
            pass
    assert refused.value.code == "CWS-LAKE-016"
    with table_lock(tmp_path / "bars"):
        pass


def test_writers_take_turns(tmp_path: Path) -> None:
    seen: list[str] = []

    def write() -> None:
        with table_lock(tmp_path / "bars"):
            seen.extend(["in", "out"])

    threads = [Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["in", "out"] * 8
