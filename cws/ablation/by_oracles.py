"""The judge of correctness: breaks of the oracles that a module names, before and after a patch, on made-up worlds.

Search worlds are the same for everybody. Confirm worlds are drawn from the patch and the gate's secret. P&L is reported
beside and never counted: the right repair of a wrong price often lowers it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cws import oracles
from cws.ablation.contract import violations
from cws.ablation.fresh import in_fresh_process
from cws.ablation.record import Judged, count_confirm, keep_verdict, known_verdict, stored_baseline, verdict_id
from cws.ablation.rehearsal import Reuse
from cws.ablation.secret import confirm_seed, gate_secret
from cws.environment import code_hash, file_hash
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun
from cws.gate.oracles import Breaks, Oracle
from cws.gate.oracles import judged as judged_breaks
from cws.gate.verdict import Kind, Reason, Verdict
from cws.house import House
from cws.oracles.pnl import mean_pnl
from cws.oracles.registry import ORACLES, programs_of
from cws.oracles.scene import Program, Scene, changes, play_scene, walk
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.trials import Sink
from modules.canonical import json_hash
from modules.registry import load

# Of the worlds that anybody may look at as often as they like.
SEARCH_SEED = 20_040_102
DAYS_A_YEAR = 252.0
Seeds = Callable[[Program], int]


@dataclass
class Stand:
    """Scenes of the unpatched house, played once a batch; equal module runs are answered once."""

    sink: Sink
    reuse: Reuse = field(default_factory=Reuse)
    _played: dict[tuple[str, bool, int], Scene] = field(default_factory=dict[tuple[str, bool, int], Scene])
    _again: dict[str, str] = field(default_factory=dict[str, str])

    def before(self, program: Program, planted: bool, seed: int) -> Scene:
        world = program.planted if planted else program.untouched
        key = (program.name, planted, seed)
        if key not in self._played:
            self._played[key] = play_scene(program, world, seed, self.sink, reuse=self.reuse)
        return self._played[key]

    def after(self, program: Program, planted: bool, seed: int, patch: Patch) -> Scene:
        world = program.planted if planted else program.untouched
        return play_scene(program, world, seed, self.sink, patch, self.reuse)

    def again(self, names: Sequence[str]) -> dict[str, str]:
        """Hashes of the search worlds from a process that has computed nothing yet; once a batch and program."""
        if missing := [name for name in names if name not in self._again]:
            self._again |= in_fresh_process(_searched, missing)
        return {name: self._again[name] for name in names}


def programs_for(patch: Patch) -> list[Program]:
    """The programs that would run differently under the patch and that an oracle of its module looks at."""
    found = {
        program.name: program
        for name in load(patch.module).manifest.oracles
        for program in programs_of(patch.module, ORACLES[name])
    }
    return [program for program in found.values() if changes(program, patch)]


def breaks(stand: Stand, patch: Patch, programs: Sequence[Program], seeds: Seeds) -> Breaks:
    """All oracles of the patch's module over the programs; the P&L effect is a mean over the programs that have one."""
    names = load(patch.module).manifest.oracles
    counts: dict[str, list[int]] = {name: [0, 0, 0, 0] for name in names}
    effects: list[float] = []
    for program in programs:
        seed = seeds(program)
        for place, planted in ((0, True), (2, False)):
            arms = stand.before(program, planted, seed), stand.after(program, planted, seed, patch)
            for name in names:
                if program in programs_of(patch.module, ORACLES[name]):
                    for side, scene in enumerate(arms):
                        counts[name][place + side] += ORACLES[name].breaks(scene)
            effects.append(mean_pnl(arms[1]) - mean_pnl(arms[0]))
    known = [effect for effect in effects if effect == effect]
    found = tuple(Oracle(name, *counts[name]) for name in names)
    return Breaks(found, sum(known) / len(known) if known else 0.0)


def searched(stand: Stand, program: Program) -> str:
    """The hash of what the unpatched house makes of the program's search worlds."""
    return "+".join(stand.before(program, planted, SEARCH_SEED).hash for planted in (True, False))


def _searched(names: list[str]) -> dict[str, str]:
    """Nothing is opened: a walk shows its hash."""
    return {
        program.name: "+".join(walk(program, world, SEARCH_SEED).hash for world in (program.planted, program.untouched))
        for program in PROGRAMS
        if program.name in names
    }


def by_oracles(house: House, stand: Stand, patch: Patch, programs: Sequence[Program]) -> Judged:
    """A/A, contract, search worlds, then the counted look at confirm worlds that only this patch ever sees."""
    secret = gate_secret(house)
    seeds = {program.name: confirm_seed(secret, patch.id, program.name) for program in programs}
    here = {program.name: searched(stand, program) for program in programs}
    code = code_hash([f"{load(step.module).stage}/{step.module}" for program in programs for step in program.steps])
    asked = [f"world {name} confirmed on {seed}" for name, seed in sorted(seeds.items())]
    wanted = verdict_id(patch, here, json_hash([code, ruler_hash()]), asked)
    if (known := known_verdict(house, wanted)) is not None:
        return known
    keys = {name: json_hash([code, name, SEARCH_SEED]) for name in here}
    stored = {name: stored_baseline(house, keys[name], f"world_{name}", found) for name, found in here.items()}
    # A difference here needs no fresh process to be one.
    again = stand.again(list(here)) if here == stored else here
    verdict, effect = _decided(house, stand, patch, programs, seeds, Rerun(json_hash(stored), json_hash(again)))
    judged = Judged(wanted, patch, "correctness", verdict, effect)
    keep_verdict(house, judged, [])
    return judged


def _decided(
    house: House, stand: Stand, patch: Patch, programs: Sequence[Program], seeds: Mapping[str, int], rerun: Rerun
) -> tuple[Verdict, float]:
    if rerun.stored != rerun.again:
        return Verdict(Kind.INVALID, Reason.BASELINE_DIFFERS), math.nan
    if broken := violations(patch):
        return Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN, detail=broken), math.nan
    search = breaks(stand, patch, programs, lambda program: SEARCH_SEED)
    if (screened := judged_breaks(search)).kind is not Kind.PASS:
        return screened, search.reported_pnl * DAYS_A_YEAR
    variants = count_confirm(house, patch)
    confirm = breaks(stand, patch, programs, lambda program: seeds[program.name])
    return decide(Evidence(rerun, (), confirm, variants)), confirm.reported_pnl * DAYS_A_YEAR


@cache
def ruler_hash() -> str:
    """Of the oracles' own code: with other rulers it is another question."""
    folder = Path(oracles.__file__).parent
    return json_hash({path.name: file_hash(path) for path in sorted(folder.glob("*.py"))})
