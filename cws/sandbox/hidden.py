"""What lies inside the walls by accident: market data in Python's own folders, and a house or sources kept below them.

Packages bring prices along as examples: years of a share that decides here, and the very index that deltas are
neutralised against. No list of such packages stays complete, so tables are hidden by what they are called.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from cws.environment import ROOT
from cws.sandbox.confine import SYSTEM
from cws.sources import locate
from cws.strategies import Catalogue

# How the endings of their names begin.
TABLES = (
    *(".csv", ".tsv", ".np", ".parquet", ".feather", ".arrow", ".h5", ".hdf", ".pkl", ".pic", ".dta", ".xls"),
    *(".sqlite", ".db", ".jsonl", ".ndjson"),
)
COMPRESSED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})
# Their tables are parts of their algorithms, and none is of a market.
NEEDED = ("numpy", "scipy")
# What oracles demand, what was planted into a world, the fault table, the key to confirm worlds.
TRUTHS = ("cws/oracles", "cws/market", "cws/supervisor", "cws/ablation/secret.py")


def hidden_data(catalogue: Catalogue, houses: Sequence[Path] = ()) -> tuple[Path, ...]:
    """What is bound into the walls and must not be read: every table in Python's folders, the folders of packaged
    sources, other sources and `houses` that lie below what is bound, and TRUTHS where this code is installed there.
    """
    folder = catalogue.folder / "datasets"
    sources = [(dataset.source, locate(dataset.source, folder)) for dataset in catalogue.datasets.values()]
    whole = {path.parent for source, path in sources if source.package}
    apart = [*(path for source, path in sources if not source.package), *(house.resolve() for house in houses)]
    whole |= {path for path in apart if path.exists() and _is_bound(path)}
    whole |= {ROOT / name for name in TRUTHS if _is_bound(ROOT)}
    singly = {path for path in tables_of_packages() if whole.isdisjoint(path.parents)}
    return tuple(sorted(whole | singly))


def _is_bound(path: Path) -> bool:
    return any(path.is_relative_to(Path(root).resolve()) for root in (*SYSTEM, sys.prefix, sys.base_prefix))


@cache
def tables_of_packages() -> tuple[Path, ...]:
    """Every table in Python's folders, read once a process: packages do not come and go."""
    roots = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix)}
    roots |= {path.resolve() for place in ("/usr/lib", "/usr/local/lib") for path in Path(place).glob("python3*")}
    return tuple(sorted({path for root in roots for path in _tables(root)}))


def _tables(root: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name not in NEEDED or Path(folder).name != "site-packages"]
        yield from (path for name in names if is_table(name) and (path := Path(folder, name)).is_file())


def is_table(name: str) -> bool:
    """Whether a file is called like a table, packed or not. Of text alone: a path a file would cost seconds."""
    endings = ["", *("." + ending for ending in name.lower().lstrip(".").split(".")[1:])]
    return (endings[-2] if endings[-1] in COMPRESSED else endings[-1]).startswith(TABLES)
