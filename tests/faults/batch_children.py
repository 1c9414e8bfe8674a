"""Processes that run a batch and die on the way: started by the tests through the fork server of `children`."""

import importlib
from pathlib import Path

from batching import batch_of
from children import die, strike_at
from small_house import Place


def batch_and_die(folder: Path, recipe: str, owner: str, name: str, at: int, when: str) -> None:
    """A batch of one process, killed `before` or `after` the `at`-th call of a function of the house."""
    strike_at(importlib.import_module(owner), name, at, when, die)
    batch_of(Place(folder), recipe, grid_of(recipe))


def two_workers_and_die(folder: Path, recipe: str, at: int) -> None:
    """A batch of two worker processes, whose parent is killed when it is about to conclude its `at`-th chunk."""
    strike_at(importlib.import_module("cws.batch.register"), "Register.conclude", at, "before", die)
    batch_of(Place(folder), recipe, grid_of(recipe), processes=2)


def grid_of(recipe: str) -> str:
    from batching import GRID

    return GRID if recipe == "small_reversal" else ""
