"""Outputs whose quantiles moved between two versions of a step's work: new data, or new settings.

Modules after a moved one move too, so a step is only named when nothing that it read had moved.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import STEP, Seen, groups

MINER = "drift"
# The middle may move by half the spread between p01 and p99, the spread may halve or double.
MAX_SHIFT, MAX_SPREAD_RATIO, MAX_NAN_CHANGE = 0.5, 2.0, 0.05
MAX_BADNESS = 10.0


@dataclass(frozen=True)
class Moved:
    """A column that moved between the traces at two places of the frame; badness 1 is just over the limit."""

    before: Any
    after: Any
    column: str
    said: str
    badness: float


def mine(seen: Seen) -> list[Finding]:
    """One finding a step and column; the cost is how far it moved, in units of what is tolerated."""
    moves = list(_moves(seen))
    roots = _roots(seen, {move.after for move in moves})
    by_step: dict[tuple[str, ...], list[Moved]] = {}
    for move in moves:
        if move.after in roots:
            row = seen.worked.loc[move.after]
            by_step.setdefault((*(str(row[name]) for name in STEP), move.column), []).append(move)
    return [_finding(seen, step, found_here) for step, found_here in sorted(by_step.items())]


def _finding(seen: Seen, step: tuple[str, ...], moves: list[Moved]) -> Finding:
    unit, unit_stage, module, column = step
    last = moves[-1]
    changed = _changed(seen.choices(last.before), seen.choices(last.after))
    why = f"after a change of {', '.join(changed)}" if changed else "with the same settings, on other data"
    sentence = f"{column} of {module} ({unit_stage} of {unit}) moved: {last.said}, {why}"
    kind, cost = "settings" if changed else "data", max(move.badness for move in moves)
    about = About(MINER, kind, f"{unit}/{unit_stage}/{column}", sentence, cost, "badness", changed)
    return found(_with_that_output(seen, step, moves), about, seen.newest)


def _with_that_output(seen: Seen, step: tuple[str, ...], moves: list[Moved]) -> pd.DataFrame:
    """The traces of the step that gave what had moved, later runs that gave the same again among them."""
    here = seen.worked[(seen.worked[STEP] == list(step[:3])).all(axis=1)]
    return here[here["outputs"].isin({str(seen.worked.at[move.after, "outputs"]) for move in moves})]


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _moves(seen: Seen) -> Iterator[Moved]:
    for _, group in groups(seen.worked, STEP):
        # The same output again is no new version; a chain that runs a module twice is compared run by run.
        versions = group.drop_duplicates("outputs").drop_duplicates("run_id", keep="last")
        for before, after in pairwise(versions.index):
            old, new = seen.told["profile"][before], seen.told["profile"][after]
            for column in sorted(old.keys() & new.keys()):
                said, badness = compare(old[column], new[column])
                if badness > 1.0:
                    yield Moved(before, after, column, said, min(badness, MAX_BADNESS))


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, float]:
    """(what moved most, how far in units of what is tolerated) between two column profiles."""
    lost = abs(new["nan_share"] - old["nan_share"]) / MAX_NAN_CHANGE
    candidates = [(lost, f"share without a value {old['nan_share']:.3f} -> {new['nan_share']:.3f}")]
    figures = [old["p01"], old["p50"], old["p99"], new["p01"], new["p50"], new["p99"]]
    if all(value is not None and math.isfinite(value) for value in figures):
        spread, now = old["p99"] - old["p01"], new["p99"] - new["p01"]
        if spread > 0.0:
            shift = abs(new["p50"] - old["p50"]) / spread / MAX_SHIFT
            candidates.append((shift, f"median {old['p50']:.6g} -> {new['p50']:.6g}"))
            ratio = max(now / spread, spread / now) if now > 0.0 else math.inf
            candidates.append((ratio / MAX_SPREAD_RATIO, f"spread p01 to p99 {spread:.6g} -> {now:.6g}"))
    badness, said = max(candidates)
    return said, badness


def _roots(seen: Seen, moved: set[Any]) -> set[Any]:
    """The moved traces that read nothing which a moved trace had made, by the hashes, in run order."""
    tainted: set[str] = set()
    roots: set[Any] = set()
    for place in seen.worked.index:
        taken, given = seen.told["inputs"][place].values(), seen.told["outputs"][place].values()
        follows = not tainted.isdisjoint(taken)
        if place in moved and not follows:
            roots.add(place)
        if place in moved or follows:
            tainted |= set(given) - set(taken)
    return roots
