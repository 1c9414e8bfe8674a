"""The weekly joint re-test: all that shipped since last week's release, as one candidate against the text before it.

Patches that are each better need not be so together. The statistic is the gate's own, on confirm folds and all days
since; the null is turned round: only a bundle that is worse beyond chance is proposed for rollback.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from cws.ablation.ablate import Bench
from cws.ablation.arm import after, play
from cws.ablation.deltas import Unit, annual_effect, market_returns, paired
from cws.ablation.folds import folds_of, long_enough
from cws.ablation.ground import Ground, changed, patched
from cws.ablation.shipping import SECTIONS, standing
from cws.gate.p_value import enough_days, mean_tests
from cws.gate.paired import PairedDeltas, averaged
from cws.house import House
from cws.ledger.entry import Entry
from cws.patches import Patch

LEVEL = 0.05
WEEK_NS = 7 * 86_400_000_000_000


@dataclass(frozen=True)
class Bundle:
    """`ships` are ledger entries; `p_worse` is the p-value of "not worse", None with too few days or no effect.

    `entry` is the bundle's own ledger entry: this week's release, unless it is inferior.
    """

    ships: tuple[str, ...]
    modules: tuple[str, ...]
    strategies: tuple[str, ...]
    p_worse: float | None
    annual_effect: float
    entry: int = -1

    @property
    def inferior(self) -> bool:
        return self.p_worse is not None and self.p_worse <= LEVEL


def since_release(house: House) -> list[Entry]:
    """Ships in force that no release holds, oldest first."""
    releases = [entry for entry in house.ledger.entries("bundle") if not entry.body["inferior"]]
    last = releases[-1].index if releases else -1
    return [entry for entry in standing(house).values() if entry.index > last]


def due(house: House) -> bool:
    """Whether something shipped that no release holds, and a week has gone by since the last test, or since it did."""
    ships = since_release(house)
    tested = house.ledger.entries("bundle")[-1:]
    return bool(ships) and house.clock_ns() - (tested or ships)[0].ts_ns >= WEEK_NS


def undone(ships: list[Entry]) -> list[Patch]:
    """One patch a module that puts back what its first ship found."""
    first: dict[str, dict[str, Any]] = {}
    last: dict[str, dict[str, Any]] = {}
    for entry in ships:
        module = str(entry.body["module"])
        first.setdefault(module, tomllib.loads(str(entry.body["before"])))
        last[module] = tomllib.loads(str(entry.body["after"]))
    return [_back(module, first[module], last[module]) for module in first]


def _back(module: str, before: Mapping[str, Any], after_: Mapping[str, Any]) -> Patch:
    settings, skills = (
        {key: value for key, value in before.get(name, {}).items() if after_.get(name, {}).get(key) != value}
        for name in SECTIONS
    )
    return Patch(module, settings, skills)


def retest(bench: Bench) -> Bundle | None:
    """None when nothing shipped since the last release. The caller holds the home's writer lock."""
    ships = since_release(bench.house)
    if not ships:
        return None
    back = undone(ships)
    grounds = [g for g in bench.grounds() if long_enough(g) and any(changed(g, patch) for patch in back)]
    units = [_unit(bench, ground, back) for ground in grounds]
    p_worse, effect = None, 0.0
    if units:
        deltas = paired(units, max(folds_of(ground).horizon_days for ground in grounds))
        p_worse, effect = _p_worse(deltas), annual_effect(deltas)
    numbers = tuple(str(entry.index) for entry in ships)
    found = Bundle(numbers, tuple(p.module for p in back), tuple(u.name for u in units), p_worse, effect)
    entry = bench.house.ledger.append("bundle", {**asdict(found), "inferior": found.inferior})
    return replace(found, entry=entry.index)


def _unit(bench: Bench, ground: Ground, back: list[Patch]) -> Unit:
    """What stands is the candidate, the text before it the baseline."""
    before = ground
    for patch in back:
        before = patched(before, patch)
    start = folds_of(ground).confirm
    now = after(bench.baseline(ground, "all"), start)
    then = after(play(before, f"bundle from {start}", bench.sink, bench.reuse), start)
    return Unit(ground.name, then, now, market_returns(ground))


def _p_worse(deltas: PairedDeltas) -> float | None:
    series = averaged(deltas)
    if not enough_days(series.size, deltas.horizon_days) or not series.any():
        return None
    return float(mean_tests(-series[None, :], deltas.horizon_days, len(deltas.factors)).p[0])
