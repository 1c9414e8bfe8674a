"""Certify the supervisor: faults put into a house one at a time, and healthy houses beside them.

For each house: run it on search worlds, mine its traces, probe, rank; propose for what stands first; let the gate decide
on worlds that nobody looked at; ship; and look once more on others whether the repair holds. The fault table is read by
nothing but this page.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

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
from cws.oracles.pnl import mean_pnl
from cws.oracles.scene import KINDS, walk
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.proposers.scoring import Looks, Scorer
from cws.release import released
from cws.supervisor.faults import SHARES, Deck, Fault
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
# A fault of a module judged by P&L costs its strategies at least this annual information ratio, or it is none.
LEAST_IR = 1.5
DAYS_A_YEAR = 252.0
SAME = Pair(1.0, 1.0)
ORDER = ("ingest", "clean", "feature", "backtest", "size", "execute")


@dataclass(frozen=True)
class Case:
    """One house: its worlds' seeds and the fault in it, none in a control. `pnl` is what the right repair adds a year."""

    seed: int
    fault: Fault | None = None
    pnl: float = 0.0

    def world(self, purpose: str) -> int:
        return _seed(self.seed, purpose)


@dataclass(frozen=True)
class Found:
    """What became of a case. `first` is the module at the top of the work list, "" when the list is empty."""

    case: Case
    first: str
    shipped: tuple[Patch, ...]
    repaired: bool
    verdicts: tuple[str, ...]
    work_list: tuple[str, ...] = field(default=())

    @property
    def localised(self) -> bool:
        return self.case.fault is not None and self.first == self.case.fault.module


def _seed(seed: int, purpose: str) -> int:
    return int(json_hash([seed, purpose]).removeprefix("b3:")[:12], 16) % 2**40


def certify_case(case: Case) -> Found:
    """A house from its traces to what ships. The fault stands in the release; nothing below knows of it."""
    reuse = Reuse(most=3_000)
    fault = [case.fault.patch] if case.fault is not None else []
    with released(fault):
        grounds = panel(case.world("panel") % 1_000_000)
        stand = Stand(Looks(), reuse)
        guilts, traces = _probed(case, stand, grounds)
        listed = ranked([*mine(traces), *(finding_of(guilt, 0) for guilt in guilts)])
        shipped, verdicts = _shipped(case, stand, grounds, listed, guilts)
    repaired = bool(shipped) and case.fault is not None and _holds(case, fault, shipped, grounds, reuse)
    lines = tuple(f"{one.module} {one.score:.0f} {one.miner}/{one.kind}: {one.sentence}" for one in listed[:5])
    return Found(case, listed[0].module if listed else "", tuple(shipped), repaired, tuple(verdicts), lines)


def _probed(case: Case, stand: Stand, grounds: Sequence[Ground]) -> tuple[list[Guilt], Seen]:
    """Rulers first: where they are bent, no P&L is looked at."""
    rulers = Rulers(stand, case.world("search"))
    search = [until(ground, folds_of(ground).cut) for ground in grounds]
    seen = _seen(case, stand, search)
    if rulers.now():
        return probe_rulers(rulers, MOST_PLAYS), seen
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
        seeds = {program.name: case.world(f"confirm {patch.id} {program.name}") for program in programs}
        # A/A: what stands in the memo against a run that reads none.
        twice = [
            "+".join(walk(program, kind, case.world("search"), reuse=memo).hash for program in programs for kind in KINDS)
            for memo in (stand.reuse, None)
        ]
        measured = breaks(stand, patch, programs, seeds)
        return decide(Evidence(Rerun(*twice), violations(patch), measured))
    touched = [ground for ground in grounds if changed(ground, patch)]
    units = [_unit(ground, patch, stand.reuse) for ground in touched]
    again = play(touched[0], "all", Looks(), None).hash
    deltas = paired(
        [_late(unit, ground) for unit, ground in zip(units, touched, strict=True)],
        max(folds_of(ground).horizon_days for ground in touched),
    )
    late = [_late(unit, ground) for unit, ground in zip(units, touched, strict=True)]
    measured = Value(deltas, guards(late, SAME))
    return decide(Evidence(Rerun(units[0].baseline.hash, again), violations(patch), measured))


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
    assert case.fault is not None
    if case.fault.judge == "correctness":
        with released([*fault, *shipped]):
            left = Rulers(Stand(Looks(), reuse), case.world("afterwards")).now()
        return not left or left == Rulers(Stand(Looks(), reuse), case.world("afterwards")).now()
    touched = [ground for ground in grounds if changed(ground, case.fault.patch)]
    healthy = _irs(touched, [], reuse)
    faulty = _irs(touched, fault, reuse)
    mended = _irs(touched, [*fault, *shipped], reuse)
    return mended - faulty >= 0.5 * (healthy - faulty)


def _irs(grounds: Sequence[Ground], release: Sequence[Patch], reuse: Reuse) -> float:
    """Mean annual information ratio of the grounds' strategies under a release, over all days."""
    with released(release):
        return float(np.mean([annual_ir(play(ground, "all", Looks(), reuse)) for ground in grounds]))


def draw_cases(seed: int, count: int) -> list[Case]:
    """`count` faults over all six stages, none twice, at least a quarter of them such that the repair lowers P&L.

    Measured before on worlds of the draw's own: a fault that changes no output byte there is none, nor one that costs
    its strategies less than LEAST_IR a year.
    """
    deck, reuse, looks = Deck(np.random.default_rng([seed, 40])), Reuse(most=3_000), Looks()
    grounds = panel(_seed(seed, "draw") % 1_000_000, each=1)
    stand = Stand(looks, reuse)
    cases: list[Case] = []
    for stage in ORDER:
        wanted = round(count * SHARES[stage] / sum(SHARES.values())) or 1
        while wanted and (fault := deck.deal(stage)) is not None:
            effect = _effect(fault, stand, grounds, _seed(seed, "draw"))
            if effect is not None:
                cases.append(Case(_seed(seed, f"case {len(cases)}"), fault, effect))
                wanted -= 1
    return cases


def _effect(fault: Fault, stand: Stand, grounds: Sequence[Ground], seed: int) -> float | None:
    """What the right repair adds to P&L in a year, None when the fault changes nothing."""
    if fault.judge != "correctness":
        touched = [ground for ground in grounds if changed(ground, fault.patch)]
        lost = _irs(touched, [], stand.reuse) - _irs(touched, [fault.patch], stand.reuse)
        return lost if lost >= LEAST_IR else None
    effects: list[float] = []
    differs = False
    for program in programs_for(fault.patch):
        for kind in KINDS:
            healthy, faulty = stand.before(program, kind, seed), stand.after(program, kind, seed, fault.patch)
            differs = differs or healthy.hash != faulty.hash
            earned = mean_pnl(healthy, fault.module) - mean_pnl(faulty, fault.module)
            effects += [earned * DAYS_A_YEAR] if math.isfinite(earned) else []
    return (float(np.mean(effects)) if effects else 0.0) if differs else None


def figures(found: Sequence[Found]) -> Mapping[str, object]:
    """The keys that certification answers for, and the counts behind them."""
    faulty = [one for one in found if one.case.fault is not None]
    controls = [one for one in found if one.case.fault is None]
    lowering = [one for one in faulty if one.case.pnl < 0.0]
    count = max(1, len(faulty))
    return {
        "faults": len(faulty),
        "localised_top1": sum(one.localised for one in faulty) / count,
        "repaired": sum(one.repaired for one in faulty) / count,
        "false_repairs": sum(bool(one.shipped) for one in controls),
        "controls": len(controls),
        "repairs_that_lower_pnl": len(lowering),
        "of_those_shipped": sum(one.repaired for one in lowering),
        "cases": [_row(one) for one in found],
    }


def _row(found: Found) -> Mapping[str, object]:
    fault = found.case.fault
    about = {"kind": "healthy", "module": "", "judge": "", "size": {}}
    if fault is not None:
        about = {"kind": fault.kind, "module": fault.module, "judge": fault.judge, "size": dict(fault.size)}
    return {
        **about, "repair_adds_pnl": found.case.pnl, "first": found.first, "localised": found.localised,
        "shipped": [asdict(patch) for patch in found.shipped], "repaired": found.repaired,
        "verdicts": list(found.verdicts), "work_list": list(found.work_list),
    }  # fmt: skip
