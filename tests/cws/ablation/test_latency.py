"""The guard on latency is measured: what takes longer is seen, the rest of a decision counts, and it is kept."""

from collections.abc import Mapping
from dataclasses import asdict, replace

import pytest

from cws.ablation import ablate as ablating
from cws.ablation.ablate import Bench, ablate
from cws.ablation.again import find_verdict, rebuild
from cws.ablation.latency import latency
from cws.gate.guards import Pair
from cws.gate.verdict import Kind, Reason
from cws.patches import Patch
from modules.registry import load
from modules.runner import ModuleRun, Value, run
from modules.settings import Bound

PATCH = Patch("reversal_5d", {"window_bars": 3})


def test_a_decision_is_its_chain_and_the_best_of_several_turns_counts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a clock of our own: half a second a module; the patched one takes 1 s, then 3 s, and now and then 9 more."""
    turns = iter([0, 9, 0, 0, 9, 9] * 20)

    def timed(bound: Bound, tables: Mapping[str, Value]) -> ModuleRun:
        done = run(bound, tables)
        seconds = 0.5
        if bound.module.name == PATCH.module:
            seconds = (1 if bound.settings.window_bars == 5 else 3) + next(turns)  # type: ignore[attr-defined]
        return replace(done, trace=replace(done.trace, cpu_ns=int(seconds * 1e9)))

    for module in ("latency", "rehearsal"):
        monkeypatch.setattr(f"cws.ablation.{module}.run", timed)
    (ground,) = bench.grounds()
    others = len([*ground.strategy.chain("feature"), *ground.strategy.chain("size")]) - 1
    chained = {name for stage in ("feature", "size") for name in ground.strategy.chain(stage)}
    untested = {name for name in chained if "equity" in load(name).takes}
    rest = 0.5 * (others - len(untested))
    assert latency([ground], PATCH) == Pair(rest + 1.0, rest + 3.0)
    assert latency([], Patch("reversal_5d", {"window_bars": 9})) == Pair(1.0, 3.0), "on its example"


def test_what_would_pass_is_timed_and_the_seconds_are_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ablating.decide

    def kinder(evidence: ablating.Evidence) -> ablating.Verdict:
        return real(replace(evidence, level=1.0))

    monkeypatch.setattr(ablating, "decide", kinder)
    monkeypatch.setattr("cws.ablation.again.decide", kinder)
    monkeypatch.setattr("cws.gate.guards.MARGINS", {"drawdown": 9.0, "turnover": 9.0, "latency": 0.1, "capacity": 9.0})
    monkeypatch.setattr(ablating, "latency", lambda grounds, patch: Pair(2.0, 2.5))
    judged = ablate(bench, PATCH)
    assert (judged.verdict.kind, judged.verdict.reason) == (Kind.REJECT, Reason.GUARD_LATENCY)
    assert judged.verdict.batch_p == 1.0
    entry = find_verdict(bench.house, judged.id)
    assert entry is not None and judged.guards is not None
    assert entry.body["guards"] == asdict(judged.guards)
    assert rebuild(replace(bench, _grounds={}, _arms={}), entry).differs == [], "rebuilt with the seconds of then"


def test_what_is_rejected_anyway_is_not_timed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablating, "latency", lambda grounds, patch: pytest.fail("nobody waits for this"))
    judged = ablate(bench, PATCH)
    assert judged.verdict.kind is Kind.REJECT and judged.guards is not None
    assert judged.guards.drawdown.baseline > 0.0 and judged.guards.turnover.baseline > 0.0
