"""Scores on the search folds of a view: the same chains, the same pairing and the same statistic as the gate's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cws.ablation.arm import Arm, play
from cws.ablation.deltas import Unit, market_returns, paired
from cws.ablation.folds import horizon_days
from cws.ablation.ground import Ground, changed, patched
from cws.ablation.rehearsal import Reuse
from cws.gate.p_value import MeanTests, enough_days, mean_tests
from cws.gate.paired import averaged
from cws.patches import Patch, check
from cws.trials import Task
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


@dataclass
class Scorer:
    """Grounds of search folds, baselines played once."""

    grounds: Sequence[Ground]
    looks: Looks = field(default_factory=Looks)
    reuse: Reuse = field(default_factory=Reuse)
    baselines: dict[str, Arm] = field(default_factory=dict[str, Arm])

    def __call__(self, patch: Patch) -> float | None:
        """The studentised mean paired delta, apart from common factors; None for what cannot run or change anything."""
        found = self.test(patch)
        return None if found is None else float(found.t[0])

    def test(self, patch: Patch) -> MeanTests | None:
        """The gate's own test on the search folds: one row."""
        try:
            check(patch, "proposal")
        except CwsError:
            return None
        units: list[Unit] = []
        grounds = [ground for ground in self.grounds if changed(ground, patch)]
        for ground in grounds:
            candidate = play(patched(ground, patch), "search", self.looks, self.reuse)
            if candidate.failure:
                return None
            units.append(Unit(ground.name, self._baseline(ground), candidate, market_returns(ground)))
        if not units:
            return None
        deltas = paired(units, max(horizon_days(ground) for ground in grounds))
        series = averaged(deltas)
        if not enough_days(series.size, deltas.horizon_days) or not series.any():
            return None
        return mean_tests(series[None, :], deltas.horizon_days, len(deltas.factors))

    def _baseline(self, ground: Ground) -> Arm:
        if ground.name not in self.baselines:
            self.baselines[ground.name] = play(ground, "search", self.looks, self.reuse)
        return self.baselines[ground.name]
