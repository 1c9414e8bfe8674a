"""`full_disk.py FOLDER [--mount]`: commit on a disk with less and less room, for real, and print what happened as JSON.

With --mount, as root in a mount namespace of its own (unshare -m), the disk is a tmpfs of 1 MiB, which goes with the
process. Else, or where mounting is forbidden, the kernel's file size limit refuses the same writes.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lakes import make_bars, open_lake

from cws.lake.fsck import fsck
from cws.lake.lake import Lake
from modules.errors import CwsError

PAGE_BYTES = 4_096


@contextmanager
def little_room(disk: Path, pages: int) -> Iterator[None]:
    """Fill the tmpfs up to `pages` free pages."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(PAGE_BYTES))
        except OSError:
            file.truncate(max(0, file.tell() // PAGE_BYTES - pages) * PAGE_BYTES)
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def little_files(_: Path, pages: int) -> Iterator[None]:
    """No file may grow beyond an eighth of a page a step."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (pages * PAGE_BYTES // 8, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def attempt(lake: Lake, seed: int) -> str:
    try:
        lake.commit("bars", "p", make_bars(50, seed))
    except CwsError as error:
        return error.code
    return "committed"


def observe(disk: Path, squeeze: Callable[[Path, int], object]) -> Iterator[dict[str, object]]:
    """One row a step: the outcome, and whether everything before stands and the next commit works."""
    lake = open_lake(disk)
    lake.commit("bars", "p", make_bars(50, 1_000))
    for pages in range(14):
        before = lake.pin("bars", "p")
        with squeeze(disk, pages):  # pyright: ignore[reportGeneralTypeIssues]
            outcome = attempt(lake, pages)
            readable = len(open_lake(disk).read(before)) == 50
            unchanged = open_lake(disk).pin("bars", "p") == before
        problems = [problem.path for problem in fsck(open_lake(disk))]
        temporary = [path.name for path in (disk / "lake").rglob("*.tmp")]
        after = attempt(lake, 2_000 + pages)
        yield {"outcome": outcome, "readable": readable, "unchanged": unchanged, "problems": problems,
               "temporary": temporary, "after": after, "sound": fsck(lake) == []}  # fmt: skip


def main(disk: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = "--mount" in sys.argv and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    rows = list(observe(disk, little_room if mounted else little_files))
    sys.stdout.write(json.dumps({"mounted": mounted, "rows": rows}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
