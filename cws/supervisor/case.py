"""One house of the certification, with a fault in its release or healthy, from its traces to what ships.

It is a house like any other, with a home of its own, and one night of `cws.supervisor.cycle` goes over it: mine, probe
and propose behind walls, the gate, the batch, what ships. Afterwards it is looked at once more, on worlds that nobody
looked at, whether the repair holds. What is drawn from the case's seed instead of by the house: its worlds, and the
gate's key.
"""

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from blake3 import blake3

from cws.ablation.ablate import Bench
from cws.ablation.arm import annual_ir, play
from cws.ablation.by_oracles import Stand, programs_for
from cws.ablation.by_runtime import questions, timed
from cws.ablation.ground import Ground, changed, until
from cws.ablation.rehearsal import Reuse, rehearse
from cws.ablation.secret import FILE as GATE_KEY
from cws.ablation.shipping import patched_text, toml_path
from cws.gate.timings import judged
from cws.gate.verdict import Kind
from cws.home import settings
from cws.house import house_at
from cws.oracles.scene import KINDS, walk
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.proposers.scoring import Looks
from cws.release import released
from cws.strategies import catalogue
from cws.supervisor.cycle import Asked, cycle
from cws.supervisor.faults import Fault
from cws.supervisor.panel import sources
from cws.supervisor.rulers import Rulers
from cws.trace_log import tracing
from cws.traces import Gathered
from modules.canonical import json_hash
from modules.registry import ROOT

# Looks that the probe may take: enough for everything that is nearby.
BUDGET = 320
LEVEL = 0.01


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
    with tempfile.TemporaryDirectory(prefix="cws-case-") as folder, released(fault):
        bench, root = made_bench(case, Path(folder), reuse), made_root(Path(folder) / "modules", fault)
        grounds = bench.grounds()
        with bench.house.home.writing("certify", 0.0):
            trace_one_run(bench, case.world("search"))
            night = cycle(bench, catalogue(settings().strategies), Asked(BUDGET, proposers=()), root=root)
    shipped = tuple(row.judged.patch for row in night.rows if row.outcome != "reject")
    work_list = night.proposed.work_list
    return Found(
        case,
        work_list[0][1] if work_list else "",
        shipped,
        bool(shipped) and _holds(case, fault, shipped, grounds, reuse),
        tuple(
            f"{row.judged.patch.module}: {row.judged.verdict.kind.name} {row.judged.verdict.reason.name} "
            f"p={row.judged.verdict.p} {row.outcome}"
            for row in night.rows
        ),
        tuple(f"{module} {score:.0f}: {sentence}" for _, module, score, sentence in work_list[:5]),
        time.monotonic() - started,
    )


def made_bench(case: Case, folder: Path, reuse: Reuse) -> Bench:
    """A home of its own below `folder`, the panel of the case's seed, and search worlds of its own."""
    house, looks = house_at(folder / "home"), Looks()
    house.home.folder.mkdir(parents=True)
    (house.home.folder / GATE_KEY).write_bytes(blake3(f"gate {case.seed}".encode()).digest())
    panel = sources(case.world("panel") % 1_000_000)
    return Bench(house, panel, looks, reuse, _stand=Stand(looks, reuse, case.world("search")))


def made_root(folder: Path, release: Sequence[Patch]) -> Path:
    """The modules' TOMLs as that release has them: what ships is written here."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for patch in release:
        path = toml_path(patch.module, folder)
        path.write_text(patched_text(path.read_text(encoding="utf-8"), patch), encoding="utf-8")
    return folder


def trace_one_run(bench: Bench, seed: int) -> None:
    """The traces of one run of everything: each program's search worlds, and each idea's first strategy."""
    runs = [
        (f"{program.name}_{kind}", one)
        for program in PROGRAMS
        for kind in KINDS
        for one in walk(program, kind, seed, reuse=bench.reuse).runs.values()
    ]
    runs += [
        (ground.name, one)
        for ground in bench.grounds()[::2]
        for one in rehearse(until(ground, bench.folds()[ground.name].cut), ("feature", "backtest"), bench.reuse).runs
    ]
    with tracing(bench.house):
        for place, (unit, one) in enumerate(runs):
            bench.house.traces.add(Gathered(one.trace, "run_1", unit, one.trace.stage, place))


def _holds(
    case: Case, fault: Sequence[Patch], shipped: Sequence[Patch], grounds: Sequence[Ground], reuse: Reuse
) -> bool:
    """Correctness: no oracle breaks on fresh worlds. Runtime: faster. Value: half of what the fault cost is back."""
    if case.fault is None:
        return False
    if case.fault.judge == "runtime":
        return _faster(case.fault.module, fault, shipped, grounds)
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


def _faster(module: str, fault: Sequence[Patch], shipped: Sequence[Patch], grounds: Sequence[Ground]) -> bool:
    with released(fault):
        before = questions(module, grounds)
    with released([*fault, *shipped]):
        return judged(timed(before, questions(module, grounds)), LEVEL, 1).kind is Kind.PASS


def mean_ir(grounds: Sequence[Ground], release: Sequence[Patch], reuse: Reuse) -> float:
    """Mean annual information ratio of the grounds' strategies under a release, over all days."""
    with released(release):
        return float(np.mean([annual_ir(play(ground, "all", Looks(), reuse)) for ground in grounds]))
