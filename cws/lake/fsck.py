"""Check everything: all tables, all versions, all files, all content. Reports, repairs nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from cws.lake.commits import Acknowledged
from cws.lake.files import verify
from cws.lake.lake import Lake
from cws.lake.orphans import find_orphans
from modules.errors import CwsError

# An orphan is no damage: no reader sees it, and the next write puts it aside.
ORPHAN = "CWS-LAKE-017"


@dataclass(frozen=True)
class Problem:
    """`version` is -1 where a file belongs to none; `path` is relative to the lake's folder."""

    table: str
    version: int
    path: str
    code: str
    what: str


def fsck(lake: Lake) -> list[Problem]:
    """All problems of a lake, by table and version. Raises only what a ledger that was tampered with raises."""
    lake.index.refresh()
    folders = {path.name for path in lake.folder.iterdir() if path.is_dir()} if lake.folder.is_dir() else set[str]()
    return [problem for table in sorted({*folders, *lake.index.tables()}) for problem in _check_table(lake, table)]


def _check_table(lake: Lake, table: str) -> Iterator[Problem]:
    for acknowledged in lake.index.of_table(table):
        yield from _check_commit(lake, acknowledged)
    for path in find_orphans(lake.folder / table, lake.index):
        yield Problem(table, -1, path.relative_to(lake.folder).as_posix(), ORPHAN, "the ledger does not know this file")


def _check_commit(lake: Lake, acknowledged: Acknowledged) -> Iterator[Problem]:
    commit = acknowledged.commit
    folder, version = lake.folder / commit.pin.table, commit.pin.version

    def check(path: str, test: Callable[[], None]) -> Iterator[Problem]:
        try:
            test()
        except CwsError as error:
            yield Problem(commit.pin.table, version, f"{commit.pin.table}/{path}", error.code, error.what)

    yield from check(commit.commit.path, partial(verify, folder, commit.commit, version))
    broken = [problem for file in commit.files for problem in check(file.path, partial(verify, folder, file, version))]
    yield from broken
    if not broken:
        yield from check(commit.files[0].path, partial(lake.reader.verify_batch, commit))
