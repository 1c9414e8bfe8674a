"""The judge of runtime, on a module made up for it: the same bytes for less work pass, other bytes never do."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cws.ablation.ablate import Bench, ablate
from cws.ablation.by_runtime import BLOCKS, Question, questions, timed
from cws.gate.timings import judged
from cws.gate.verdict import Kind, Reason
from cws.patches import Patch
from modules.contract import Manifest, Module, ModuleSettings
from modules.examples import keyed_example
from modules.registry import load
from modules.settings import bind
from modules.tables import RETURNS
from modules.values import make_table


class Settings(ModuleSettings):
    rounds: int
    add: float


def test_by_runtime(returns: pd.DataFrame, settings: Any) -> pd.DataFrame:
    """The core of a module is named like its file: this one is no test."""
    for _ in range(settings.rounds):
        returns["value"].to_numpy().copy().sort()
    return returns.assign(value=returns["value"] + settings.add)


test_by_runtime.__test__ = False  # type: ignore[attr-defined]


def question(rounds: int, add: float = 0.0) -> list[Question]:
    made = Module(test_by_runtime, RETURNS, RETURNS, Settings, keyed_example)
    vars(made)["manifest"] = Manifest("runtime", {"rounds": rounds, "add": add})
    frame = keyed_example(np.random.default_rng(3))
    return [(bind(made), {"returns": make_table(frame, RETURNS, "test")})]


def test_the_same_bytes_for_less_work_pass() -> None:
    found = timed(question(rounds=400), question(rounds=1), blocks=8)
    assert found.same_bytes and found.seconds.shape == (8, 4)
    verdict = judged(found, level=0.01, variants=1)
    assert (verdict.kind, verdict.reason) == (Kind.PASS, Reason.FASTER)


def test_more_work_is_not_faster() -> None:
    verdict = judged(timed(question(rounds=1), question(rounds=400), blocks=8), level=0.01, variants=1)
    assert (verdict.kind, verdict.reason) == (Kind.REJECT, Reason.NOT_FASTER)


def test_other_bytes_are_never_timed() -> None:
    found = timed(question(rounds=400), question(rounds=1, add=1e-12), blocks=8)
    assert judged(found, level=0.01, variants=1).reason is Reason.BYTES_DIFFER


def test_enough_blocks_for_a_hundred_variants() -> None:
    assert 100 * 2.0**-BLOCKS < 0.01


def test_a_module_is_timed_on_what_it_takes_in_a_strategy(bench: Bench) -> None:
    ((bound, taken),) = questions("rank_to_weight", bench.grounds())
    assert bound.chosen_skills["schedule"].startswith("weekly") and taken["signal"].rows > 300
    ((_, example),) = questions("momentum_12_1", bench.grounds())
    assert example["bars"].rows != taken["signal"].rows, "no strategy runs it: its own example"


def test_the_judge_of_the_toml_decides(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("reversal_5d")
    monkeypatch.setitem(vars(module), "manifest", replace(module.manifest, judge="runtime"))
    found = ablate(bench, Patch("reversal_5d", {"window_bars": 6}))
    assert (found.judge, found.verdict.reason) == ("runtime", Reason.BYTES_DIFFER)
    assert ablate(bench, Patch("reversal_5d", {"window_bars": 6})).id == found.id
    assert len(bench.house.ledger.entries("confirm")) == 1
