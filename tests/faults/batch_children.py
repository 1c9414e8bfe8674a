"""Processes that run a batch and die on the way: started by the tests through the fork server of `children`.

As a script, `batch_children.py FOLDER` is the parent of two workers: the fork server's children may have none.
"""

import importlib
import multiprocessing
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "helpers"))

from batching import batch_of
from children import die, strike_at
from small_house import Place


def batch_and_die(folder: Path, recipe: str, owner: str, name: str, at: int, when: str) -> None:
    """A batch of one process, killed `before` or `after` the `at`-th call of a function of the house."""
    strike_at(importlib.import_module(owner), name, at, when, die)
    batch_of(Place(folder), recipe, grid_of(recipe))


def two_workers_and_die(folder: Path) -> None:
    """A batch of two workers: their parent tells their ids and dies when it is to conclude its second chunk."""

    def tell_and_die() -> None:
        (folder / "workers").write_text(" ".join(str(child.pid) for child in multiprocessing.active_children()))
        die()

    strike_at(importlib.import_module("cws.batch.register"), "Register.conclude", 2, "before", tell_and_die)
    batch_of(Place(folder), "small_cross", "", processes=2)


def grid_of(recipe: str) -> str:
    from batching import GRID

    return GRID if recipe == "small_reversal" else ""


if __name__ == "__main__":
    two_workers_and_die(Path(sys.argv[1]))
