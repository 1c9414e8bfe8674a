"""Scores on the search folds of a view: the same chains, the same pairing and the same statistic as the gate's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cws.ablation.arm import Arm, annual_ir, play
from cws.ablation.deltas import Unit, market_returns, paired
from cws.ablation.folds import horizon_days
from cws.ablation.ground import Ground, changed, patched
from cws.ablation.rehearsal import Reuse
from cws.gate.p_value import enough_days, mean_tests
from cws.gate.paired import averaged
from cws.patches import Patch, check
from cws.trials import Task
from kernels.ordered import ordered_mean
from modules.errors import CwsError
from modules.values import Table


@dataclass
class Looks:
    """A sink that only remembers what was asked: the house counts it when the proposer has ended."""

    tasks: list[Task] = field(default_factory=list[Task])

    def record(self, task: Task) -> int:
        self.tasks.append(task)
        return len(self.tasks)

    def conclude(self, task: Task, looks: int, tables: Mapping[str, Table]) -> None:
        """Figures of a search stay where they were made."""


@dataclass(frozen=True)
class Look:
    """What a patch does on search folds: the gate's own test, and what it adds to the annual information ratio."""

    t: float
    p: float
    gain: float


@dataclass
class Scorer:
    """Grounds of search folds, baselines played once."""

    grounds: Sequence[Ground]
    looks: Looks = field(default_factory=Looks)
    reuse: Reuse = field(default_factory=Reuse)
    baselines: dict[str, Arm] = field(default_factory=dict[str, Arm])

    def __call__(self, patch: Patch) -> float | None:
        """The studentised mean paired delta, apart from common factors; None for what cannot run or change anything."""
        found = self.look(patch)
        return None if found is None else found.t

    def look(self, patch: Patch) -> Look | None:
        """The same look with all that it shows."""
        try:
            check(patch, "proposal")
        except CwsError:
            return None
        units: list[Unit] = []
        grounds = [ground for ground in self.grounds if changed(ground, patch)]
        for ground in grounds:
            candidate = play(patched(ground, patch), "search", self.looks, self.reuse)
            baseline = self._baseline(ground)
            if candidate.failure or baseline.failure:
                return None
            units.append(Unit(ground.name, baseline, candidate, market_returns(ground)))
        if not units:
            return None
        deltas = paired(units, max(horizon_days(ground) for ground in grounds))
        series = averaged(deltas)
        if not enough_days(series.size, deltas.horizon_days) or not series.any():
            return None
        test = mean_tests(series[None, :], deltas.horizon_days, len(deltas.factors))
        gains = [annual_ir(unit.candidate) - annual_ir(unit.baseline) for unit in units]
        return Look(float(test.t[0]), float(test.p[0]), ordered_mean(np.array(gains)))

    def _baseline(self, ground: Ground) -> Arm:
        if ground.name not in self.baselines:
            self.baselines[ground.name] = play(ground, "search", self.looks, self.reuse)
        return self.baselines[ground.name]
