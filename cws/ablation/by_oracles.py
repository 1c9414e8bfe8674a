"""The judge of correctness: breaks of the oracles that a module names, before and after a patch, on made-up worlds.

Search worlds are the same for everybody. Confirm worlds are drawn from the patch and the gate's secret. P&L is reported
beside and never counted: the right repair of a wrong price often lowers it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from cws import oracles
from cws.ablation.contract import violations
from cws.ablation.fresh import in_fresh_process
from cws.ablation.record import (
    Judged,
    count_confirm,
    keep_verdict,
    known_verdict,
    open_question,
    question,
    stored_baseline,
    verdict_id,
)
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
from cws.oracles.registry import ORACLES, oracles_of, programs_of
from cws.oracles.scene import KINDS, Program, Scene, changes, play_scene, walk
from cws.oracles.scene import Kind as WorldKind
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.trials import Sink
from modules.canonical import json_hash
from modules.contract import Module
from modules.registry import load

SEARCH_SEED = 20_040_102
DAYS_A_YEAR = 252.0


@dataclass
class Stand:
    """Scenes of the unpatched house, played once a batch; equal module runs are answered once.

    `search_seed` is that of the worlds that anybody may look at as often as they like.
    """

    sink: Sink
    reuse: Reuse = field(default_factory=Reuse)
    search_seed: int = SEARCH_SEED
    _played: dict[tuple[str, WorldKind, int], Scene] = field(default_factory=dict[tuple[str, WorldKind, int], Scene])
    _again: dict[str, str] = field(default_factory=dict[str, str])

    def before(self, program: Program, kind: WorldKind, seed: int) -> Scene:
        key = (program.name, kind, seed)
        if key not in self._played:
            self._played[key] = play_scene(program, kind, seed, self.sink, reuse=self.reuse)
        return self._played[key]

    def after(self, program: Program, kind: WorldKind, seed: int, patch: Patch) -> Scene:
        return play_scene(program, kind, seed, self.sink, patch, self.reuse)

    def again(self, names: Sequence[str]) -> dict[str, str]:
        """Hashes of the search worlds from a process that has computed nothing yet; once a batch and program."""
        if missing := [name for name in names if name not in self._again]:
            self._again |= in_fresh_process(searched_in_this_process, (missing, self.search_seed))
        return {name: self._again[name] for name in names}


def programs_for(patch: Patch) -> list[Program]:
    """The programs that would run differently under the patch and that an oracle of its module looks at."""
    found = {
        program.name: program
        for name in load(patch.module).manifest.oracles
        for program in programs_of(patch.module, ORACLES[name])
    }
    return [program for program in found.values() if changes(program, patch)]


def sentences(module: Module) -> dict[str, str]:
    """The oracles that judge a module's patches, each with what it counts."""
    return {one.name: (one.count.__doc__ or "").strip().split("\n")[0] for one in oracles_of(module)}


def breaks(
    stand: Stand,
    patch: Patch,
    programs: Sequence[Program],
    seeds: Mapping[str, int],
    kinds: Sequence[WorldKind] = KINDS,
) -> Breaks:
    """All oracles of the patch's module over the programs, on worlds of these kinds; others stay at no break.

    The P&L effect is a mean over the programs that have one.
    """
    names = load(patch.module).manifest.oracles
    counts = {name: {kind: [0, 0] for kind in KINDS} for name in names}
    effects: list[float] = []
    for program, kind in product(programs, kinds):
        seed = seeds[program.name]
        arms = stand.before(program, kind, seed), stand.after(program, kind, seed, patch)
        for oracle in (ORACLES[name] for name in names):
            if program in programs_of(patch.module, oracle):
                for side, scene in enumerate(arms):
                    counts[oracle.name][kind][side] += oracle.breaks(scene)
        effects.append(mean_pnl(arms[1], patch.module) - mean_pnl(arms[0], patch.module))
    known = [effect for effect in effects if math.isfinite(effect)]
    found = tuple(Oracle(name, *count["planted"], *count["untouched"]) for name, count in counts.items())
    return Breaks(found, sum(known) / len(known) if known else 0.0)


def searched(stand: Stand, program: Program) -> str:
    """The hash of what the unpatched house makes of the program's search worlds."""
    return "+".join(stand.before(program, kind, stand.search_seed).hash for kind in KINDS)


def searched_in_this_process(asked: tuple[list[str], int]) -> dict[str, str]:
    """Of programs by name, on worlds of a seed. Nothing is opened: a walk shows its hash."""
    names, seed = asked
    return {
        program.name: "+".join(walk(program, kind, seed).hash for kind in KINDS)
        for program in PROGRAMS
        if program.name in names
    }


def by_oracles(house: House, stand: Stand, patch: Patch, programs: Sequence[Program]) -> Judged:
    """A/A, contract, search worlds, then the counted look at confirm worlds that only this patch ever sees."""
    seeds = seeds_of(house, patch, programs)
    here = {program.name: searched(stand, program) for program in programs}
    code = code_of(programs)
    asked = [f"world {name} confirmed on {seed}" for name, seed in sorted(seeds.items())]
    wanted, invalid = open_question(house, verdict_id(patch, here, code, asked))
    if (known := known_verdict(house, wanted)) is not None:
        return known
    keys = {name: json_hash([code, name, stand.search_seed]) for name in here}
    stored = {name: stored_baseline(house, keys[name], f"world_{name}", found) for name, found in here.items()}
    # A difference here needs no fresh process to be one.
    again = stand.again(list(here)) if here == stored else here
    verdict, found = _decided(house, stand, patch, programs, seeds, Rerun(json_hash(stored), json_hash(again)))
    judged = Judged(wanted, patch, "correctness", verdict, found.reported_pnl * DAYS_A_YEAR if found else math.nan)
    if invalid is not None and judged.verdict.kind is Kind.INVALID:
        return invalid
    keep_verdict(house, judged, [], evidence_of(patch, here, code, stand, found))
    return judged


def code_of(programs: Sequence[Program]) -> str:
    """Of the programs' modules and of the rulers: with others it is another question."""
    steps = [f"{load(step.module).stage}/{step.module}" for program in programs for step in program.steps]
    return json_hash([code_hash(steps), ruler_hash()])


def evidence_of(patch: Patch, here: dict[str, str], code: str, stand: Stand, found: Breaks | None) -> dict[str, Any]:
    """What is kept beside a verdict: its question, and every count. Seeds of confirm worlds stay the gate's."""
    counts = None if found is None else [list(astuple(oracle)) for oracle in found.oracles]
    asked = question(patch, here, code, [f"world {name}" for name in sorted(here)])
    return {**asked, "search_seed": stand.search_seed, "breaks": counts}


def seeds_of(house: House, patch: Patch, programs: Sequence[Program]) -> dict[str, int]:
    """Program -> the seed of its confirm worlds for this patch alone."""
    secret = gate_secret(house)
    return {program.name: confirm_seed(secret, patch.id, program.name) for program in programs}


def _decided(
    house: House, stand: Stand, patch: Patch, programs: Sequence[Program], seeds: Mapping[str, int], rerun: Rerun
) -> tuple[Verdict, Breaks | None]:
    if rerun.stored != rerun.again:
        return Verdict(Kind.INVALID, Reason.BASELINE_DIFFERS), None
    if broken := violations(patch):
        return Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN, detail=broken), None
    if (search := screened(stand, patch, programs)) is not None:
        return judged_breaks(search), search
    variants = count_confirm(house, patch)
    confirm = breaks(stand, patch, programs, seeds)
    return decide(Evidence(rerun, (), confirm, variants)), confirm


def screened(stand: Stand, patch: Patch, programs: Sequence[Program]) -> Breaks | None:
    """The breaks on search worlds of a patch that is rejected there; None lets it pass."""
    everybodys = {program.name: stand.search_seed for program in programs}
    # What repairs nothing that was planted needs no other world to be rejected.
    for kinds in (KINDS[:1], KINDS):
        search = breaks(stand, patch, programs, everybodys, kinds)
        if judged_breaks(search).kind is not Kind.PASS:
            return search
    return None


@cache
def ruler_hash() -> str:
    """Of the oracles' own code: with other rulers it is another question."""
    folder = Path(oracles.__file__).parent
    return json_hash({path.name: file_hash(path) for path in sorted(folder.glob("*.py"))})
