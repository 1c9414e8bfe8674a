"""Dagster's own SQLite event log, with one open connection a database instead of a new one an event.

The main job writes three thousand events; building an engine and opening the file for each took a third of its time.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

# Several threads take turns on the one connection; the storage's own lock lets in one at a time.
CONNECT = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}


def _relax(connection: Any, _: object) -> None:
    """The event log is a view for people; the ledger is the truth and syncs itself. An fsync an event is too dear."""
    connection.execute("PRAGMA synchronous=OFF")


class PooledEventLog(SqliteEventLogStorage):
    """The same files and the same SQL; what is written here the web server reads as before."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "PooledEventLog":
        return cls(config_value["base_dir"], inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Generator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard), poolclass=StaticPool, connect_args=CONNECT
            )
            event.listen(self._engines[shard], "connect", _relax)
        if shard not in self._initialized_dbs:
            self._initdb(self._engines[shard])
            self._initialized_dbs.add(shard)
        return self._engines[shard]

    def dispose(self) -> None:
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
