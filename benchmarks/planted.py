"""What the gate ships of planted improvements, and what it ships where there is nothing to find.

`python -m benchmarks.planted [--seeds 20] [--budget 800] [--houses 2] [--workers 2] [--json]`. Planted: every mistake
of `cws.supervisor.planted` in so many houses; at least 80 % of true improvements ship, at most 10 % of what ships is
false. Null: seeds whose batch of `budget` patches ships anything, at most 5 of 20. Exit code 1 where a bound is missed.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Sequence

from benchmarks.machine import show, show_lines
from cws.supervisor.planted import MISTAKES, null_week, planted_week

Place = tuple[int, int]
Counts = tuple[int, int, int, int]


def planted(place: Place) -> Counts:
    """(true, true shipped, false, false shipped) of one house."""
    mistake, seed = place
    found = planted_week(MISTAKES[mistake], seed)
    true, false = ([one for one in found if one.is_true is side] for side in (True, False))
    return len(true), sum(one.ships for one in true), len(false), sum(one.ships for one in false)


def null(place: Place) -> int:
    seed, budget = place
    return null_week(seed, budget)


def measure(seeds: int, budget: int, houses: int, workers: int) -> dict[str, object]:
    """All counts of both worlds."""
    told = sys.stderr.write
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        counts: list[Counts] = []
        for one in pool.imap(planted, [(place, seed) for seed in range(houses) for place in range(len(MISTAKES))]):
            counts.append(one)
            told(
                f"planted {len(counts)} of {houses * len(MISTAKES)}: true {one[1]}/{one[0]}, false {one[3]}/{one[2]}\n"
            )
        ships: list[int] = []
        for one in pool.imap(null, [(seed, budget) for seed in range(seeds)]):
            ships.append(one)
            told(f"null {len(ships)} of {seeds}: {one} of {budget} ship\n")
    return {**shares(counts), "null_seeds": seeds, "budget": budget, "null_ships": ships,
            "null_seeds_with_ships": sum(one > 0 for one in ships)}  # fmt: skip


def shares(counts: Sequence[Counts]) -> dict[str, object]:
    """Of all houses together."""
    true, true_ships, false, false_ships = (sum(one[place] for one in counts) for place in range(4))
    return {
        "true": true, "true_ships": true_ships, "false": false, "false_ships": false_ships,
        "power": true_ships / max(1, true), "false_share": false_ships / max(1, true_ships + false_ships),
    }  # fmt: skip


def holds(found: dict[str, object]) -> bool:
    """The three bounds; that of the null worlds is 5 of 20, in proportion."""
    power, false, lucky = (float(str(found[name])) for name in ("power", "false_share", "null_seeds_with_ships"))
    return power >= 0.8 and false <= 0.1 and lucky <= 0.25 * float(str(found["null_seeds"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=int, default=800)
    parser.add_argument("--houses", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.seeds, asked.budget, asked.houses, asked.workers)
    (show if asked.json else show_lines)(found)
    sys.exit(0 if holds(found) else 1)
