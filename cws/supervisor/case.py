"""One house of the certification, with a fault in its release or healthy, from its traces to what ships.

Run it on search worlds, mine its traces, probe, rank; propose for what stands first; let the gate decide on worlds that
nobody looked at; ship; and look once more, on others, whether the repair holds.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cws.ablation.arm import after, annual_ir, play
from cws.ablation.by_oracles import Stand, breaks, programs_for
from cws.ablation.contract import violations
from cws.ablation.deltas import Unit, guards, market_returns, paired
from cws.ablation.folds import folds_of
from cws.ablation.ground import Ground, changed, patched, until
from cws.ablation.rehearsal import Reuse, rehearse
from cws.gate.batch import Outcome, Slot, fresh, weekly
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.guards import Pair
from cws.gate.verdict import Kind, Verdict
from cws.oracles.scene import KINDS, Program, walk
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.proposers.scoring import Looks, Scorer
from cws.release import released
from cws.supervisor.faults import Fault
from cws.supervisor.findings import Finding, ranked
from cws.supervisor.gather import declared
from cws.supervisor.mine import mine
from cws.supervisor.panel import panel
from cws.supervisor.probes import Guilt, Rulers, finding_of, probe_rulers, probe_strategies
from cws.supervisor.seen import Seen
from cws.traces import Gathered, trace_rows
from modules.canonical import json_hash
from modules.registry import load

# Plays of search worlds that a house's probe of the rulers may take.
MOST_PLAYS = 320
# How many findings are put to proposers.
ASKED = 2
SAME = Pair(1.0, 1.0)


@dataclass(frozen=True)
class Case:
    """One house: the seed of its worlds and the fault in it, if any. `pnl` is what the right repair adds in a year."""

    seed: int
    fault: Fault | None = None
    pnl: float = 0.0

    def world(self, purpose: str) -> int:
        return seed_for(self.seed, purpose)


@dataclass(frozen=True)
class Found:
    """What became of a case. `first` is the module at the top of the work list, "" when the list is empty."""

    case: Case
    first: str
    shipped: tuple[Patch, ...]
    repaired: bool
    verdicts: tuple[str, ...]
    work_list: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    @property
    def localised(self) -> bool:
        return self.case.fault is not None and self.first == self.case.fault.module


def seed_for(seed: int, purpose: str) -> int:
    return int(json_hash([seed, purpose]).removeprefix("b3:")[:12], 16) % 2**40


def certify_case(case: Case, reuse: Reuse) -> Found:
    """A house from its traces to what ships. The fault stands in the release; nothing below knows of it.

    `reuse` may be shared by cases: equal questions have equal answers. A/A asks without it.
    """
    started = time.monotonic()
    fault = [case.fault.patch] if case.fault is not None else []
    with released(fault):
        grounds = panel(case.world("panel") % 1_000_000)
        stand = Stand(Looks(), reuse)
        guilts, traces = _probed(case, stand, grounds)
        listed = ranked([*mine(traces), *(finding_of(guilt, 0) for guilt in guilts)])
        shipped, verdicts = _shipped(case, stand, grounds, listed, guilts)
    repaired = bool(shipped) and _holds(case, fault, shipped, grounds, reuse)
    lines = tuple(f"{one.module} {one.score:.0f} {one.miner}/{one.kind}: {one.sentence}" for one in listed[:5])
    return Found(
        case,
        listed[0].module if listed else "",
        tuple(shipped),
        repaired,
        tuple(verdicts),
        lines,
        time.monotonic() - started,
    )


def _probed(case: Case, stand: Stand, grounds: Sequence[Ground]) -> tuple[list[Guilt], Seen]:
    """Rulers first: where they are bent, no P&L is looked at."""
    rulers = Rulers(stand, case.world("search"))
    search = [until(ground, folds_of(ground).cut) for ground in grounds]
    seen = _seen(case, stand, search)
    if rulers.now():
        return probe_rulers(rulers, MOST_PLAYS, [one.module for one in mine(seen)]), seen
    return probe_strategies(Scorer(search, Looks(), stand.reuse)), seen


def _seen(case: Case, stand: Stand, search: Sequence[Ground]) -> Seen:
    """The traces of one run of everything: each program's worlds, and each idea's first strategy."""
    runs = [
        (f"{program.name}_{kind}", one)
        for program in PROGRAMS
        for kind in KINDS
        for one in walk(program, kind, case.world("search"), reuse=stand.reuse).runs.values()
    ]
    runs += [
        (ground.name, one)
        for ground in search[::2]
        for one in rehearse(ground, ("feature", "backtest"), stand.reuse).runs
    ]
    gathered = [Gathered(one.trace, "run_1", unit, one.trace.stage, place) for place, (unit, one) in enumerate(runs)]
    rows = trace_rows(gathered)
    return Seen(rows, declared(sorted(set(rows["module"]))))


def _shipped(
    case: Case, stand: Stand, grounds: Sequence[Ground], listed: Sequence[Finding], guilts: Sequence[Guilt]
) -> tuple[list[Patch], list[str]]:
    """One week of the house: patches for the head of the list, verdicts, the batch over all of them."""
    best = {guilt.module: guilt.patch for guilt in guilts}
    asked = list(dict.fromkeys(one.module for one in listed if one.module in best))[:ASKED]
    judged = [(best[name], _verdict(case, stand, grounds, best[name])) for name in asked]
    _, outcomes = weekly(fresh(), [Slot(verdict) for _, verdict in judged])
    shipped = [
        patch
        for (patch, verdict), outcome in zip(judged, outcomes, strict=True)
        if verdict.kind is Kind.PASS and (verdict.batch_p is None or outcome is not Outcome.REJECT)
    ]
    said = [f"{patch.module}: {verdict.kind.name} {verdict.reason.name} p={verdict.p}" for patch, verdict in judged]
    return shipped, said


def _verdict(case: Case, stand: Stand, grounds: Sequence[Ground], patch: Patch) -> Verdict:
    """The gate on worlds and folds that neither probes nor proposers saw."""
    if load(patch.module).manifest.judge == "correctness":
        programs = programs_for(patch)
        seeds = {program.name: case.world(f"confirm {program.name}") for program in programs}
        # A/A: what stands in the memo against a run that reads none.
        twice = [_hashes(programs, case.world("search"), memo) for memo in (stand.reuse, None)]
        measured = breaks(stand, patch, programs, seeds)
        return decide(Evidence(Rerun(*twice), violations(patch), measured))
    touched = [ground for ground in grounds if changed(ground, patch)]
    late = [_late(_unit(ground, patch, stand.reuse), ground) for ground in touched]
    twice = [play(touched[0], "all", Looks(), memo).hash for memo in (stand.reuse, None)]
    deltas = paired(late, max(folds_of(ground).horizon_days for ground in touched))
    return decide(Evidence(Rerun(*twice), violations(patch), Value(deltas, guards(late, SAME))))


def _hashes(programs: Sequence[Program], seed: int, reuse: Reuse | None) -> str:
    return "+".join(walk(program, kind, seed, reuse=reuse).hash for program in programs for kind in KINDS)


def _unit(ground: Ground, patch: Patch, reuse: Reuse) -> Unit:
    arms = play(ground, "all", Looks(), reuse), play(patched(ground, patch), "all", Looks(), reuse)
    return Unit(ground.name, *arms, market_returns(ground))


def _late(unit: Unit, ground: Ground) -> Unit:
    first = folds_of(ground).confirm
    return Unit(unit.name, after(unit.baseline, first), after(unit.candidate, first), unit.market)


def _holds(
    case: Case, fault: Sequence[Patch], shipped: Sequence[Patch], grounds: Sequence[Ground], reuse: Reuse
) -> bool:
    """Correctness: no oracle breaks on fresh worlds. Value: half of what the fault cost is back."""
    if case.fault is None:
        return False
    if case.fault.judge == "correctness":
        touched = {program.name for one in [*fault, *shipped] for program in programs_for(one)}
        programs = [program for program in PROGRAMS if program.name in touched]
        with released([*fault, *shipped]):
            left = Rulers(Stand(Looks(), reuse), case.world("afterwards"), programs).now()
        return not left or left == Rulers(Stand(Looks(), reuse), case.world("afterwards"), programs).now()
    touched = [ground for ground in grounds if changed(ground, case.fault.patch)]
    healthy = mean_ir(touched, [], reuse)
    faulty = mean_ir(touched, fault, reuse)
    mended = mean_ir(touched, [*fault, *shipped], reuse)
    return mended - faulty >= 0.5 * (healthy - faulty)


def mean_ir(grounds: Sequence[Ground], release: Sequence[Patch], reuse: Reuse) -> float:
    """Mean annual information ratio of the grounds' strategies under a release, over all days."""
    with released(release):
        return float(np.mean([annual_ir(play(ground, "all", Looks(), reuse)) for ground in grounds]))
