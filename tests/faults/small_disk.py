"""`small_disk.py FOLDER`: run a place whose home has no room left at one step after another; print the JSON of it.

As root in a mount namespace of its own (unshare -m) the home is a tmpfs, which goes with the process. Where mounting is
forbidden the kernel's file size limit refuses the same writes.
"""

import importlib
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from children import walk
from small_house import Place, hashes_in_force, visible

from cws.lake.fsck import fsck
from cws_dagster.main_job import run
from modules.errors import CwsError

PAGE_BYTES, DISK = 4_096, "32m"
# Where the disk gets full (the module that calls, the function, the text that its first arguments hold), and how many
# pages are then free: enough for some of the bytes of a commit, never for all of them.
STEPS = (
    ("cws.flow", "keep", "", 0),
    ("cws.lake.lake", "write_commit", "/instruments", 0),
    ("cws.lake.lake", "write_parquet", "/ohlcv/", 2),
    ("cws.lake.lake", "write_parquet", "/features/", 1),
    ("cws.lake.lake", "write_parquet", "/equity/", 3),
    ("cws.lake.lake", "write_commit", "/trades", 0),
    ("cws.lake.lake", "write_parquet", "/fills/", 0),
    ("cws.lake.lake", "write_parquet", "/module_traces/", 0),
)


class Disk:
    """A home that can be filled up to a few free pages, and freed."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(home)]
        self.mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        self.ballast, self.limits = home / "ballast", resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, pages: int) -> None:
        if not self.mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (pages * PAGE_BYTES // 8, self.limits[1]))
            return
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE_BYTES))
            except OSError:
                file.truncate(max(0, file.tell() // PAGE_BYTES - pages) * PAGE_BYTES)

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)
        self.ballast.unlink(missing_ok=True)


def said(act: Callable[[], object]) -> str:
    """The code that the act was refused with."""
    try:
        act()
    except CwsError as error:
        return error.code
    return "went through"


def at_first(place: Place, disk: Disk, owner: str, name: str, held: str, pages: int) -> dict[str, object]:
    """Walk the stages; the disk gets full before the first call whose arguments hold the text."""
    module = importlib.import_module(owner)
    real, before = getattr(module, name), list[dict[str, object]]()

    def call(*arguments: object, **named: object) -> object:
        if not before and held in f"{arguments[0]}{arguments[-1]}":
            before.append(visible(place.house()))
            disk.fill(pages)
        return real(*arguments, **named)

    setattr(module, name, call)
    try:
        return observed(place, disk, said(lambda: walk(place)), before)
    finally:
        setattr(module, name, real)


def observed(place: Place, disk: Disk, code: str, before: list[dict[str, object]]) -> dict[str, object]:
    """What stands while the disk is still full, then free it."""
    now, problems = visible(place.house()), fsck(place.house().lake)
    disk.free()
    return {
        "code": code,
        "unchanged": before == [now],
        "problems": [asdict(problem) for problem in problems],
        "temporary": [path.name for path in place.home.rglob("*") if path.suffix in (".tmp", ".part")],
    }


def main_job_at_clean(place: Place, disk: Disk) -> dict[str, object]:
    before: list[dict[str, object]] = []

    def progress(stage: str, unit: str, module: str, done: int, total: int) -> None:
        if (stage, module) == ("clean", "bar_sanity"):
            before.append(visible(place.house()))
            disk.fill(0)

    return observed(place, disk, said(lambda: run(place.settings, progress=progress)), before)


def observe(place: Place, disk: Disk) -> Iterator[dict[str, object]]:
    for step in STEPS:
        yield {"step": step, **at_first(place, disk, *step)}
    yield {"step": "main job", **main_job_at_clean(place, disk)}
    walk(place)
    yield {"hashes": hashes_in_force(place), "fsck": [asdict(problem) for problem in fsck(place.house().lake)]}


if __name__ == "__main__":
    chosen = Place(Path(sys.argv[1]))
    sys.stdout.write("\n" + json.dumps(list(observe(chosen, Disk(chosen.home)))))
