"""The pooled event log: Dagster's own classes read what it wrote, and it opens each database once."""

import threading
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cws_dagster.event_log import PooledEventLog
from cws_dagster.instance import instance_at


@dg.asset(check_specs=[dg.AssetCheckSpec("is_one", asset="one")])
def one():
    yield dg.MaterializeResult(data_version=dg.DataVersion("b3:1"), check_results=[dg.AssetCheckResult(passed=True)])


@pytest.fixture
def opened():
    """The database files that connections were opened to."""
    files: list[str] = []

    def note(connection, _):
        files.append(Path(connection.execute("PRAGMA database_list").fetchone()[2]).name)

    event.listen(Engine, "connect", note)
    yield files
    event.remove(Engine, "connect", note)


def test_dagsters_own_storage_reads_every_event(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        assert isinstance(instance.event_log_storage, PooledEventLog)
        result = dg.materialize([one], instance=instance)
        ours = [record.event_log_entry for record in instance.get_records_for_run(result.run_id).records]
    with dg.DagsterInstance.from_config(str(tmp_path)) as plain:
        assert not isinstance(plain.event_log_storage, PooledEventLog)
        assert [record.event_log_entry for record in plain.get_records_for_run(result.run_id).records] == ours
        latest = plain.get_latest_materialization_event(dg.AssetKey("one"))
        assert latest is not None
        assert latest.run_id == result.run_id
    assert len(ours) > 10


def test_each_database_is_opened_once(tmp_path: Path, opened: list[str]) -> None:
    with instance_at(tmp_path) as instance:
        dg.materialize([one], instance=instance)
        opened.clear()  # a new home makes its tables first
        result = dg.materialize([one], instance=instance)
    assert opened.count(f"{result.run_id}.db") == 1
    # Dagster asks three times by itself whether a table is there; each of its events would open the index again.
    assert opened.count("index.db") <= 3


def test_threads_take_turns(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        result = dg.materialize([one], instance=instance)
        counts: list[int] = []
        readers = [
            threading.Thread(target=lambda: counts.append(len(instance.get_records_for_run(result.run_id).records)))
            for _ in range(8)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout=30)
    assert len(counts) == 8
    assert len(set(counts)) == 1
