"""The Delta log of a table: other tools read it; we believe it where the ledger agrees. delta-rs creates the table."""

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from deltalake import Schema
from deltalake.transaction import AddAction, PostCommitHookProperties, create_table_with_add_actions

from cws.lake.commits import Index
from cws.lake.delta_commit import put_commit
from cws.lake.files import FileRef, describe, sync, verify
from cws.lake.tables import TableSpec
from modules.errors import CwsError

LOG = "_delta_log"
# A checkpoint or a cleaned log would replace commit files that the ledger has acknowledged.
NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
CONFIGURATION = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}
COMMIT_NAME = re.compile(r"(\d{20})\.json")
UNFINISHED_NAME = re.compile(r"_commit_.*\.tmp|\d{20}\.json#\d+")


def commit_path(version: int) -> str:
    return f"{LOG}/{version:020d}.json"


def write_commit(
    folder: Path, spec: TableSpec, part: str, version: int, data: FileRef, removed: Sequence[FileRef]
) -> FileRef:
    """Commit one data file as `version` and sync; the part's files in `removed` go out of it in the same commit."""
    stamp_ms = (folder / data.path).stat().st_mtime_ns // 1_000_000
    if version == 0:
        _create_table(folder, spec, part, data, stamp_ms)
        sync(folder / commit_path(version))
        sync(folder / LOG)
    else:
        put_commit(folder / commit_path(version), part, data, removed, stamp_ms)
    return describe(folder, folder / commit_path(version))


def _create_table(folder: Path, spec: TableSpec, part: str, data: FileRef, stamp_ms: int) -> None:
    add = AddAction(data.path, data.bytes, {"part": part}, stamp_ms, True, f'{{"numRecords":{data.rows}}}')
    schema = Schema.from_arrow(pa.schema([*spec.schema, pa.field("part", pa.string(), nullable=False)]))
    create_table_with_add_actions(
        str(folder), schema, [add], mode="error", partition_by=["part"], name=spec.name, description=spec.why,
        configuration=CONFIGURATION, post_commithook_properties=NO_HOOKS,
    )  # fmt: skip


def verify_log(folder: Path, index: Index, version: int | None = None) -> None:
    """Compare every commit file up to `version` (default: all) with the ledger; refuse files that no crash leaves.

    Raises CWS-LAKE-009 (missing), -010 (changed), -011 (unknown file). Leaves the index fresh.
    """
    names = log_names(folder)
    # Listed before the ledger is read: a writer in another process can then be ahead by its one open commit only.
    index.refresh()
    known = index.of_table(folder.name)
    for name in names:
        if not is_known(name, len(known)) and not is_crash_residue(name, len(known)):
            raise CwsError(
                "CWS-LAKE-011",
                what="a file in the log that the ledger does not know; Delta readers would believe it",
                where=f"table {folder.name}, after version {len(known) - 1}, file {LOG}/{name}",
                fix="check that ledger and lake belong together, then move the file away",
            )
    for acknowledged in known if version is None else known[: version + 1]:
        verify(folder, acknowledged.commit.commit, acknowledged.commit.pin.version)


def log_names(folder: Path) -> list[str]:
    log = folder / LOG
    return sorted(path.name for path in log.iterdir()) if log.is_dir() else []


def is_known(name: str, versions: int) -> bool:
    match = COMMIT_NAME.fullmatch(name)
    return match is not None and int(match[1]) < versions


def is_crash_residue(name: str, versions: int) -> bool:
    """A crash leaves at most the one commit after the last acknowledged one, or a draft of it."""
    return name == f"{versions:020d}.json" or UNFINISHED_NAME.fullmatch(name) is not None
