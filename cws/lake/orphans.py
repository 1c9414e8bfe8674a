"""What a crash before the acknowledgement leaves is renamed, never deleted: somebody's data, though nobody's truth."""

from collections.abc import Iterator
from pathlib import Path

from cws.lake.commits import Index
from cws.lake.log import LOG, is_known, log_names

ASIDE = "_orphans"
MAX_SAME_NAME = 10_000


def find_orphans(folder: Path, index: Index) -> Iterator[Path]:
    """Files of a table that the ledger does not know: log files, data files, temporary files."""
    known = index.of_table(folder.name)
    yield from (folder / LOG / name for name in log_names(folder) if not is_known(name, len(known)))
    files = {file.path for acknowledged in known for file in acknowledged.commit.files}
    for path in sorted(folder.glob("part=*/*")):
        if path.relative_to(folder).as_posix() not in files:
            yield path


def put_aside(folder: Path, index: Index) -> list[str]:
    """Rename all orphans of a table into its `_orphans` folder; returns the new paths. The caller holds the lock."""
    moved: list[str] = []
    for path in list(find_orphans(folder, index)):
        target = _free_name(folder / ASIDE, path.relative_to(folder).as_posix().replace("/", "__"))
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
        moved.append(str(target))
    return moved


def _free_name(folder: Path, name: str) -> Path:
    taken = (folder / f"{name}.{count}" for count in range(MAX_SAME_NAME))
    return next(path for path in taken if not path.exists())
