"""The weekly joint re-test: all that shipped since last week's release, as one candidate against the text before it.

Patches that are each better need not be so together. The statistic is the gate's own, on confirm folds and all days
since; the null is turned round: only a bundle that is worse beyond chance is proposed for rollback.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
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
    entry: int

    @property
    def inferior(self) -> bool:
        return self.p_worse is not None and self.p_worse <= LEVEL


def since_release(house: House) -> list[Entry]:
    """Ships in force that no release holds, oldest first."""
    releases = [entry for entry in house.ledger.entries("bundle") if not entry.body["inferior"]]
    last = releases[-1].index if releases else -1
    return [entry for entry in standing(house).values() if entry.index > last]


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
    changes = [
        {key: value for key, value in before.get(name, {}).items() if after_.get(name, {}).get(key) != value}
        for name in SECTIONS
    ]
    return Patch(module, *changes)


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
    said = {
        "ships": [str(entry.index) for entry in ships],
        "modules": [patch.module for patch in back],
        "strategies": [unit.name for unit in units],
        "p_worse": p_worse,
        "annual_effect": effect,
        "inferior": p_worse is not None and p_worse <= LEVEL,
    }
    entry = bench.house.ledger.append("bundle", said)
    return Bundle(
        tuple(said["ships"]), tuple(said["modules"]), tuple(said["strategies"]), p_worse, effect, entry.index
    )  # fmt: skip


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
