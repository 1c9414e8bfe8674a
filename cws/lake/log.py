"""The Delta log of a table: written through delta-rs, so that other tools read it; believed if the ledger agrees."""

import re
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction, PostCommitHookProperties, create_table_with_add_actions

from cws.lake.commits import Index
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


def write_commit(folder: Path, spec: TableSpec, part: str, mode: str, version: int, data: FileRef) -> FileRef:
    """Commit one data file as `version` and sync; `replace` removes the part's other files in the same commit."""
    stamp_ms = (folder / data.path).stat().st_mtime_ns // 1_000_000
    add = AddAction(data.path, data.bytes, {"part": part}, stamp_ms, True, f'{{"numRecords":{data.rows}}}')
    schema = Schema.from_arrow(pa.schema([*spec.schema, pa.field("part", pa.string(), nullable=False)]))
    if version == 0:
        create_table_with_add_actions(
            str(folder), schema, [add], mode="error", partition_by=["part"], name=spec.name, description=spec.why,
            configuration=CONFIGURATION, post_commithook_properties=NO_HOOKS,
        )  # fmt: skip
    else:
        DeltaTable(str(folder)).create_write_transaction(
            [add], "append" if mode == "append" else "overwrite", schema, ["part"],
            partition_filters=None if mode == "append" else [("part", "=", part)], post_commithook_properties=NO_HOOKS,
        )  # fmt: skip
    sync(folder / commit_path(version))
    sync(folder / LOG)
    return describe(folder, folder / commit_path(version))


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
    """A crash leaves at most the one commit after the last acknowledged one, or a temporary file of delta-rs."""
    return name == f"{versions:020d}.json" or UNFINISHED_NAME.fullmatch(name) is not None
