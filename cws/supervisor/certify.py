"""Certify the supervisor: `cws supervise --certify --seed S`.

Faults drawn by seed are put into a house one at a time, and healthy houses on worlds of their own stand beside them.
The fault table is read by this page and the cases, and by nothing that finds or repairs.
"""

import json
import math
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from cws.ablation.by_oracles import Stand, programs_for
from cws.ablation.ground import Ground, changed
from cws.ablation.rehearsal import Reuse
from cws.ledger.disk import replace_file
from cws.oracles.pnl import mean_pnl
from cws.oracles.scene import KINDS
from cws.proposers.scoring import Looks
from cws.supervisor.case import Case, Found, certify_case, mean_ir, seed_for
from cws.supervisor.faults import SHARES, Deck, Fault
from cws.supervisor.panel import panel
from modules.contract import STAGES

FAULTS, CONTROLS, WORKERS = 40, 40, 2
# A fault of a module judged by P&L costs its strategies at least this annual information ratio, or it is none.
LEAST_IR = 1.5
# Of all faults, those whose right repair lowers P&L: a quarter, with one to spare for luck on other worlds.
LOWERING_SHARE = 0.275
MOST_RUNS = 1_500
DAYS_A_YEAR = 252.0
BOUNDS = {"localised_top1": 0.70, "repaired": 0.50, "false_repairs": 1}

Progress = Callable[[int, int, Found], None]


def draw_cases(seed: int, count: int) -> list[Case]:
    """`count` faults over all six stages, none twice, at least a quarter of them such that the repair lowers P&L.

    Measured before, on worlds of the draw's own: a fault that changes no output byte there is none, nor one that costs
    its strategies less than LEAST_IR a year.
    """
    deck, stand = Deck(np.random.default_rng([seed, count])), Stand(Looks(), Reuse(most=MOST_RUNS))
    grounds = panel(seed_for(seed, "draw") % 1_000_000, each=1)
    lowering = math.ceil(count * LOWERING_SHARE)
    cases: list[Case] = []
    stages = _stages(count)
    while stages:
        left = lowering - sum(case.pnl < 0.0 for case in cases)
        able = sum(SHARES[stage] > 0 and stage in LOWERING for stage in stages)
        case = _dealt(deck, stages[0], left >= able and stages[0] in LOWERING, stand, grounds, seed)
        cases += [] if case is None else [case]
        stages = stages[1:]
    return cases


# Stages whose faults may flatter: costs forgotten, spikes believed. The last cases drawn are of these.
LOWERING = ("clean", "execute", "backtest")
ORDER = ("ingest", "feature", "size", *LOWERING)


def _stages(count: int) -> list[str]:
    """The stage of each fault: in their shares, at least one of each."""
    assert set(ORDER) == set(STAGES)
    wanted = {stage: max(1, round(count * SHARES[stage] / sum(SHARES.values()))) for stage in ORDER}
    listed = [stage for stage in ORDER for _ in range(wanted[stage])]
    return [*listed, *["backtest"] * count][:count]


def _dealt(deck: Deck, stage: str, must_lower: bool, stand: Stand, grounds: Sequence[Ground], seed: int) -> Case | None:
    while (fault := deck.deal(stage)) is not None:
        effect = _effect(fault, stand, grounds, seed_for(seed, "draw"))
        if effect is not None and (effect < 0.0 or not must_lower):
            return Case(seed, fault, effect)
    return None


def _effect(fault: Fault, stand: Stand, grounds: Sequence[Ground], seed: int) -> float | None:
    """What the right repair adds to P&L in a year, None when the fault changes nothing. What costs time is believed:
    a draw that leaned on a clock would not be the seed's.
    """
    if fault.judge == "runtime":
        return 0.0
    if fault.judge != "correctness":
        touched = [ground for ground in grounds if changed(ground, fault.patch)]
        lost = mean_ir(touched, [], stand.reuse) - mean_ir(touched, [fault.patch], stand.reuse)
        return lost if lost >= LEAST_IR else None
    effects: list[float] = []
    differs = False
    for program in programs_for(fault.patch):
        for kind in KINDS:
            healthy, faulty = stand.before(program, kind, seed), stand.after(program, kind, seed, fault.patch)
            differs = differs or healthy.hash != faulty.hash
            earned = mean_pnl(healthy, fault.module) - mean_pnl(faulty, fault.module)
            effects += [earned * DAYS_A_YEAR] if math.isfinite(earned) else []
    mean = float(np.mean(effects)) if effects else 0.0
    # Rounding is no P&L.
    return (mean if abs(mean) > 1e-9 else 0.0) if differs else None


def controls(seed: int, count: int) -> list[Case]:
    """Healthy houses, each on worlds of its own."""
    return [Case(seed_for(seed, f"control {number}")) for number in range(count)]


def certify(cases: Sequence[Case], workers: int, progress: Progress) -> list[Found]:
    """All cases, in their order; `workers` processes."""
    found: list[Found] = []
    for one in _all(cases, workers):
        found.append(one)
        progress(len(found), len(cases), one)
    return found


def _all(cases: Sequence[Case], workers: int) -> Iterator[Found]:
    if workers <= 1:
        yield from map(_in_worker, cases)
        return
    # Of an executor: a pool's workers are daemons, which may have no process of their own for A/A.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_in_worker, cases)


@cache
def _memo() -> Reuse:
    """Of this process: the healthy part of one house answers for the next."""
    return Reuse(most=MOST_RUNS)


def _in_worker(case: Case) -> Found:
    return certify_case(case, _memo())


def figures(seed: int, found: Sequence[Found]) -> dict[str, object]:
    """The keys that certification answers for, the counts behind them, and every case."""
    faulty = [one for one in found if one.case.fault is not None]
    lowering = [one for one in faulty if one.case.pnl < 0.0]
    count = max(1, len(faulty))
    keys: dict[str, object] = {
        "faults": len(faulty),
        "localised_top1": sum(one.localised for one in faulty) / count,
        "repaired": sum(one.repaired for one in faulty) / count,
        "false_repairs": sum(bool(one.shipped) for one in found if one.case.fault is None),
    }
    counts = {"controls": len(found) - len(faulty), "lowering": len(lowering)}
    shipped = sum(one.repaired for one in lowering)
    return {**keys, "seed": seed, **counts, "lowering_repaired": shipped, "cases": [row(one) for one in found]}


def passed(result: Mapping[str, object]) -> bool:
    """Within every bound of BOUNDS."""
    share, ships = BOUNDS["localised_top1"], BOUNDS["false_repairs"]
    return (
        float(str(result["localised_top1"])) >= share
        and float(str(result["repaired"])) >= BOUNDS["repaired"]
        and int(str(result["false_repairs"])) <= ships
    )


def row(found: Found) -> Mapping[str, object]:
    """A case for people and for the file."""
    fault = found.case.fault
    about: Mapping[str, object] = {"kind": "healthy", "module": "", "judge": "", "size": {}}
    if fault is not None:
        about = {"kind": fault.kind, "module": fault.module, "judge": fault.judge, "size": dict(fault.size)}
    return {
        **about, "repair_adds_pnl": found.case.pnl, "first": found.first, "localised": found.localised,
        "shipped": [asdict(patch) for patch in found.shipped], "repaired": found.repaired,
        "verdicts": list(found.verdicts), "work_list": list(found.work_list), "seconds": found.seconds,
    }  # fmt: skip


def keep(folder: Path, result: Mapping[str, object], now_s: float | None = None) -> Path:
    """The result as `supervise_SEED.json` in the home's folder of certificates."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"supervise_{result['seed']}.json"
    text = json.dumps({**result, "at_s": time.time() if now_s is None else now_s}, indent=1, sort_keys=True)
    replace_file(path, text.encode())
    return path
