"""One patch through the gate: the way from a typed diff to a verdict, step by step, each of which can say no.

0. A/A         baselines rerun in a fresh process must give the stored bytes
1. contract    the module under the patch keeps its rules
2. screen      search folds only: most ideas end here and cost no confirm look
3. confirm     counted first, then paired deltas on the confirm folds
4. decide      `cws.gate.decide`, which sees no proposer and no patch

A module's judge says what is confirmed: the paired P&L delta here, breaks of oracles on made-up worlds in
`cws.ablation.by_oracles`, cost at the same bytes in `cws.ablation.by_runtime`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from cws.ablation.arm import Arm, after, play, task
from cws.ablation.by_oracles import Stand, by_oracles, programs_for
from cws.ablation.by_runtime import by_runtime
from cws.ablation.contract import violations
from cws.ablation.deltas import Unit, annual_effect, guards, market_returns, paired
from cws.ablation.folds import Folds, all_folds, folds_for
from cws.ablation.fresh import hashes_again
from cws.ablation.ground import Ground, Source, changed, patched, until
from cws.ablation.latency import latency
from cws.ablation.record import (
    Judged,
    count_confirm,
    counted,
    keep_verdict,
    known_verdict,
    open_question,
    question,
    stored_baseline,
    verdict_id,
)
from cws.ablation.rehearsal import Reuse
from cws.environment import code_hash
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.guards import Pair
from cws.gate.p_value import enough_days, mean_tests
from cws.gate.paired import averaged
from cws.gate.placebo import swapped
from cws.gate.verdict import Kind, Reason, Verdict
from cws.house import House
from cws.patches import Patch, check
from cws.trials import Sink
from modules.errors import CwsError
from modules.registry import load

# A screen is no test: it keeps what looks better at all, so that confirm looks are spent on something.
SCREEN_P = 0.3
SAME = Pair(1.0, 1.0)
Place = TypeVar("Place")


@dataclass
class Bench:
    """What all ablations of a batch share: opened grounds, their folds, baselines, and reuse of equal module runs."""

    house: House
    sources: Sequence[Source]
    sink: Sink
    reuse: Reuse = field(default_factory=Reuse)
    _grounds: dict[str, Ground] = field(default_factory=dict[str, Ground])
    _arms: dict[tuple[str, str], Arm] = field(default_factory=dict[tuple[str, str], Arm])
    _folds: dict[str, Folds] | None = None
    _again: dict[str, str] | None = None
    _stand: Stand | None = None

    def stand(self) -> Stand:
        """Where oracles count: made-up worlds."""
        self._stand = self._stand or Stand(self.sink, self.reuse)
        return self._stand

    def grounds(self) -> list[Ground]:
        for source in self.sources:
            if source.name not in self._grounds:
                self._grounds[source.name] = source.open()
        return [self._grounds[source.name] for source in self.sources]

    def folds(self) -> Mapping[str, Folds]:
        """Of every ground that is long enough, cut so that nobody searches what another is confirmed on."""
        if self._folds is None:
            self._folds = all_folds(self.grounds())
        return self._folds

    def baseline(self, ground: Ground, folds: str) -> Arm:
        """The unpatched arm, looked at once a batch."""
        if (ground.name, folds) not in self._arms:
            self._arms[ground.name, folds] = play(ground, folds, self.sink, self.reuse)
        return self._arms[ground.name, folds]

    def again(self) -> Mapping[str, str]:
        """Hashes of every baseline from a process of its own; once a batch, never from a cache."""
        if self._again is None:
            self._again = hashes_again(self.sources)
        return self._again


def anew(bench: Bench) -> Bench:
    """The same house and sources, nothing remembered."""
    return Bench(bench.house, bench.sources, bench.sink)


def ablate(bench: Bench, patch: Patch, placebo_seed: int | None = None) -> Judged:
    """The verdict on one patch; a verdict that was given before on the same baselines is returned, not made again.

    With `placebo_seed` a coin swaps the labels baseline and candidate per block before the gate sees them.
    Raises what `cws.patches.check` and `folds_for` raise, and CWS-ABLATE-001 when no strategy would run differently.
    """
    check(patch, f"patch {patch.id}")
    patch = counted(bench.house, patch)
    judge = load(patch.module).manifest.judge
    if judge == "correctness":
        return by_oracles(bench.house, bench.stand(), patch, _some(programs_for(patch), patch))
    grounds = [ground for ground in bench.grounds() if changed(ground, patch)]
    if judge == "runtime":
        return by_runtime(bench.house, bench.sources, grounds, patch)
    folds = folds_for(_some(grounds, patch), bench.folds())
    grounds = [ground for ground in grounds if ground.name in folds]
    baselines = {ground.name: bench.baseline(ground, "all") for ground in grounds}
    hashes = {name: arm.hash for name, arm in baselines.items()}
    names = [text for name in sorted(folds) for text in folds[name].names]
    names += [] if placebo_seed is None else [f"placebo {placebo_seed}"]
    code = code_hash([f"{load(patch.module).stage}/{patch.module}"])
    wanted, invalid = open_question(bench.house, verdict_id(patch, hashes, code, names))
    if (known := known_verdict(bench.house, wanted)) is not None:
        return known
    judged, units = _by_value(bench, patch, wanted, grounds, folds, baselines, placebo_seed)
    judged = replace(judged, placebo=placebo_seed is not None)
    if invalid is not None and judged.verdict.kind is Kind.INVALID:
        return invalid
    keep_verdict(bench.house, judged, units, question(patch, hashes, code, names))
    return judged


def _some(found: list[Place], patch: Patch) -> list[Place]:
    if not found:
        raise CwsError(
            "CWS-ABLATE-001",
            what=f"no strategy runs {patch.module} with these values: not in a chain, or set by the recipes themselves",
            where=f"patch {patch.id}",
            fix="patch a module that a strategy or a made-up world takes its values from: cws modules list",
        )
    return found


def _by_value(
    bench: Bench, patch: Patch, wanted: str, grounds: Sequence[Ground], folds: Mapping[str, Folds],
    baselines: Mapping[str, Arm], placebo_seed: int | None,
) -> tuple[Judged, list[Unit]]:  # fmt: skip
    def ended(verdict: Verdict) -> tuple[Judged, list[Unit]]:
        return Judged(wanted, patch, "value", verdict), []

    again = bench.again()
    stored = {
        ground.name: stored_baseline(bench.house, task(ground, "all", {}).key, ground.name, baselines[ground.name].hash)
        for ground in grounds
    }
    here = {ground.name: baselines[ground.name].hash for ground in grounds}
    there = {name: again[name] for name in stored}
    # Three answers to one question: what was recorded, what this process computed, and what a fresh one did.
    rerun = Rerun(_joined(stored), _joined(there if here == stored else here))
    if rerun.stored != rerun.again:
        return ended(Verdict(Kind.INVALID, Reason.BASELINE_DIFFERS))
    if broken := violations(patch):
        return ended(Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN, detail=broken))
    if (early := screened(bench, patch, grounds, folds)) is not None:
        return ended(early)
    variants = count_confirm(bench.house, patch)
    units, failures = [], []
    for ground in grounds:
        fold = folds[ground.name]
        candidate = play(patched(ground, patch), fold.names[1], bench.sink, bench.reuse)
        failures += [f"{ground.name}: {candidate.failure}"] if candidate.failure else []
        baseline = after(baselines[ground.name], fold.confirm)
        units.append(Unit(ground.name, baseline, after(candidate, fold.confirm), market_returns(ground)))
    if failures:
        return ended(Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN, variants=variants, detail=tuple(failures)))
    deltas = paired(units, max(fold.horizon_days for fold in folds.values()))
    if placebo_seed is not None:
        deltas = swapped(deltas, np.random.default_rng(placebo_seed))
    evidence = Evidence(rerun, (), Value(deltas, guards(units, SAME)), variants)
    if decide(evidence).kind is Kind.PASS:
        # A clock costs more than all the rest, and what is rejected anyway ships no slower than this.
        evidence = replace(evidence, measured=Value(deltas, guards(units, latency(grounds, patch))))
    seen = evidence.measured.guards if isinstance(evidence.measured, Value) else None
    return Judged(wanted, patch, "value", decide(evidence), annual_effect(deltas), seen), units


def screened(bench: Bench, patch: Patch, grounds: Sequence[Ground], folds: Mapping[str, Folds]) -> Verdict | None:
    """A rejection where the patch does not even look better on the search folds; None lets it pass."""
    units = []
    for ground in (ground for ground in grounds if not folds[ground.name].hidden_by):
        fold = folds[ground.name]
        early = until(ground, fold.cut)
        arms = bench.baseline(early, fold.names[0]), play(patched(early, patch), fold.names[0], bench.sink, bench.reuse)
        if arms[1].failure:
            return Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN, detail=(f"{ground.name}: {arms[1].failure}",))
        units.append(Unit(ground.name, arms[0], arms[1], market_returns(early)))
    deltas = paired(units, max(fold.horizon_days for fold in folds.values()))
    series = averaged(deltas)
    if not enough_days(series.size, deltas.horizon_days):
        return None
    p = float(mean_tests(series[None, :], deltas.horizon_days, len(deltas.factors)).p[0])
    return Verdict(Kind.REJECT, Reason.SCREENED, p_alone=p) if p > SCREEN_P else None


def _joined(hashes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={digest}" for name, digest in sorted(hashes.items()))
