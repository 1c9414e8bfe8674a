"""What is said to proposers and heard from them: each time it is to a new process behind walls, with a fresh view."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cws.ablation.ablate import Bench
from cws.ablation.folds import nothing_to_search
from cws.ablation.ground import Ground, until
from cws.patches import Patch
from cws.proposers.proposal import Ask, written
from cws.sandbox.confine import VIEW, Budget, confined
from cws.sandbox.hidden import hidden_data
from cws.sandbox.view import write_view
from cws.strategies import Catalogue
from cws.supervisor.heard import Looked, Nearby, Said, patch_of, read_said
from cws.trials import Task
from modules.errors import CwsError

START_S, SECONDS_PER_SCORE = 60.0, 20.0


@dataclass(frozen=True)
class Tried:
    """What was tried nearby a module on search folds: how many changes, and the best of them with its p and gain."""

    module: str
    count: int
    best: Patch | None
    p: float
    gain: float


@dataclass
class Talk:
    """What proposers said so far. Raises CWS-SANDBOX-001 to -004 whenever something is put to them."""

    bench: Bench
    catalogue: Catalogue
    patches: list[str] = field(default_factory=list[str])
    scores: dict[str, list[tuple[str, float | None]]] = field(default_factory=dict[str, list[tuple[str, float | None]]])
    refused: list[str] = field(default_factory=list[str])
    looks: int = 0

    def put(self, asks: Sequence[Ask], proposers: Sequence[str]) -> None:
        """Asks with their budgets, to proposers by name."""
        said = self._said({"asks": [written(ask) for ask in asks], "proposers": [*proposers]}, _budget(asks))
        self.patches += said.patches
        for ask, scored in zip(asks, said.scores, strict=True):
            known = [(text, score) for text, score in scored if self._patch(ask, text) is not None]
            self.scores.setdefault(ask.module, []).extend(known)

    def nearby(self, to_try: Sequence[Ask], budget: int, to_list: Sequence[Ask]) -> tuple[list[Tried], list[Patch]]:
        """What is nearby modules: tried on at most `budget` looks at search folds, or only listed, likeliest first."""
        about = {"try": [written(ask) for ask in to_try], "try_budget": budget}
        said = self._said({**about, "list": [written(ask) for ask in to_list]}, budget)
        tried = [self._tried(ask, one) for ask, one in zip(to_try, said.tried, strict=True)]
        pairs = zip(to_list, said.listed, strict=True)
        found = [self._patch(ask, text) for ask, texts in pairs for text in texts[: ask.budget]]
        return tried, [patch for patch in found if patch is not None]

    def _tried(self, ask: Ask, one: Nearby) -> Tried:
        best = None if one.best is None else self._patch(ask, one.best)
        return Tried(ask.module, one.count, best, one.p, one.gain)

    def _patch(self, ask: Ask, text: str) -> Patch | None:
        """What comes from behind the walls is text of anybody's: checked, and of the module that was asked about."""
        try:
            return patch_of(text, f"nearby {ask.module}", [ask])
        except CwsError as refusal:
            self.refused.append(str(refusal))
            return None

    def _said(self, about: Mapping[str, Any], scores: int) -> Said:
        asked: dict[str, Any] = {"asks": [], "proposers": [], "try": [], "try_budget": 0, "list": [], **about}
        with tempfile.TemporaryDirectory(prefix="cws-view-") as folder:
            view = Path(folder)
            write_view(view, search_grounds(self.bench), asked)
            command = [sys.executable, "-m", "cws.proposers.child", str(VIEW)]
            seconds = START_S + SECONDS_PER_SCORE * scores
            hidden = hidden_data(self.catalogue, [self.bench.house.home.folder])
            text = confined(view, hidden, command, Budget(wall_s=seconds, cpu_s=int(seconds)))
        said = read_said(text, *(len(asked[name]) for name in ("asks", "try", "list")))
        # Counted at once: what was looked at counts, whatever comes after.
        for look in said.looks:
            self.bench.sink.record(_task(look))
        self.looks += len(said.looks)
        return said


def _budget(asks: Sequence[Ask]) -> int:
    return sum(ask.budget for ask in asks)


def search_grounds(bench: Bench) -> list[Ground]:
    """What the days before each ground's cut are, for grounds that have enough of them."""
    folds = bench.folds()
    open_ = [ground for ground in bench.grounds() if ground.name in folds and not folds[ground.name].hidden_by]
    return [until(ground, folds[ground.name].cut) for ground in open_]


def unsearched(bench: Bench) -> str:
    """Why nobody is shown certain strategies, with its code; "" when every one that can be cut is shown."""
    hidden = {name: folds for name, folds in bench.folds().items() if folds.hidden_by}
    return str(nothing_to_search(hidden)) if hidden else ""


def _task(look: Looked) -> Task:
    return Task(look.strategy, look.settings, look.data, look.folds, look.code, dict)
