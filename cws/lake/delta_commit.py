"""One Delta commit, written by ourselves: a few JSON lines, put in place whole or not at all.

Why not through delta-rs: it reads every earlier commit before it writes one, so a table that only grows would get
slower with each append. Our writer holds the table's lock and knows from the ledger what the table contains.
Source: the Delta transaction log protocol, actions `commitInfo`, `add` and `remove` (reader 1, writer 2).
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from cws.lake.files import FileRef, sync


def put_commit(path: Path, part: str, data: FileRef, removed: Sequence[FileRef], stamp_ms: int) -> None:
    """Write the commit file `path`: it adds `data` to the part and takes `removed` out of it; durable when it returns.

    Raises FileExistsError when somebody committed this version first; whatever fails, `path` is whole or absent.
    """
    actions = [_info(stamp_ms, replaces=bool(removed)), _add(part, data, stamp_ms)]
    actions += [_remove(part, file, stamp_ms) for file in removed]
    draft = path.with_name(f"_commit_{path.stem}.tmp")
    try:
        draft.write_text("".join(json.dumps(action, separators=(",", ":")) + "\n" for action in actions))
        sync(draft)
        # A link, unlike a rename, never replaces a commit that is already there.
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def _info(stamp_ms: int, *, replaces: bool) -> dict[str, object]:
    how = {"mode": "Overwrite" if replaces else "Append", "partitionBy": '["part"]'}
    fields = {"timestamp": stamp_ms, "operation": "WRITE", "operationParameters": how, "engineInfo": "cws"}
    return {"commitInfo": fields}


def _add(part: str, data: FileRef, stamp_ms: int) -> dict[str, object]:
    fields = {"path": data.path, "partitionValues": {"part": part}, "size": data.bytes, "modificationTime": stamp_ms}
    return {"add": {**fields, "dataChange": True, "stats": json.dumps({"numRecords": data.rows})}}


def _remove(part: str, file: FileRef, stamp_ms: int) -> dict[str, object]:
    fields = {"path": file.path, "dataChange": True, "deletionTimestamp": stamp_ms, "extendedFileMetadata": True}
    return {"remove": {**fields, "partitionValues": {"part": part}, "size": file.bytes}}
