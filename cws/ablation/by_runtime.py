"""The judge of runtime: the module before and after a patch in interleaved runs A B B A, same bytes and less CPU time.

Only the module is timed, on what it takes in each strategy that runs it, or on its example where none of them does.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from cws.ablation.contract import violations
from cws.ablation.fresh import in_fresh_process
from cws.ablation.ground import Ground, Source, patched
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
from cws.ablation.rehearsal import reached
from cws.environment import code_hash, environment
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun
from cws.gate.timings import Timings
from cws.gate.verdict import Kind, Reason, Verdict
from cws.house import House
from cws.patches import Patch
from modules.canonical import json_hash
from modules.conformance import example_inputs
from modules.registry import load
from modules.runner import ModuleRun, Value, run
from modules.settings import Bound, bind

# Enough that a hundred variants of one finding could still show one per cent.
BLOCKS = 14
Question = tuple[Bound, Mapping[str, Value]]


def timed(before: Sequence[Question], after: Sequence[Question], blocks: int = BLOCKS) -> Timings:
    """CPU seconds of all questions in each run; the first run of either arm only warms up and shows its bytes."""
    wanted = _hashes([run(*one) for one in before])
    same, seconds = _hashes([run(*one) for one in after]) == wanted, np.empty((blocks, 4))
    for block in range(blocks if same else 0):
        for place, arm in enumerate((before, after, after, before)):
            runs = [run(*one) for one in arm]
            same &= _hashes(runs) == wanted
            seconds[block, place] = sum(max(done.trace.cpu_ns, 1) for done in runs) / 1e9
    return Timings(same, seconds if same else np.ones((1, 4)))


def _hashes(runs: Sequence[ModuleRun]) -> list[object]:
    return [(one.trace.error, one.trace.failed_checks, dict(one.trace.outputs)) for one in runs]


def questions(module: str, grounds: Sequence[Ground], patch: Patch | None = None) -> list[Question]:
    """The module as each ground runs it, with what it takes there; its example where no ground reaches it."""
    arms = grounds if patch is None else [patched(ground, patch) for ground in grounds]
    found: list[Question] = [one for ground in arms if (one := reached(ground, module)) is not None]
    settings, skills = ({}, {}) if patch is None else (patch.settings, patch.skills)
    return found or [(bind(load(module), settings, skills), example_inputs(load(module)))]


def bytes_of(asked: Sequence[Question]) -> str:
    """Hash of what the questions are answered with, refusals and failed checks among it."""
    return json_hash(_hashes([run(*one) for one in asked]))


def baseline_again(asked: tuple[Sequence[Source], str, Sequence[str]]) -> str:
    """Hash of what the unpatched module gives, from the sources of the grounds named."""
    sources, module, names = asked
    grounds = [source.open() for source in sources if source.name in names]
    return bytes_of(questions(module, grounds))


def by_runtime(house: House, sources: Sequence[Source], grounds: Sequence[Ground], patch: Patch) -> Judged:
    """A/A in a fresh process, contract, the counted look, then the timings."""
    before = questions(patch.module, grounds)
    here = bytes_of(before)
    module = load(patch.module)
    code, names = code_hash([f"{module.stage}/{module.name}"]), [ground.name for ground in grounds]
    wanted, invalid = open_question(
        house, verdict_id(patch, {patch.module: here}, code, [*names, environment()["cpu"]])
    )
    if (known := known_verdict(house, wanted)) is not None:
        return known
    inputs = [{name: value.hash for name, value in taken.items()} for _, taken in before]
    stored = stored_baseline(house, json_hash([code, inputs]), f"runtime of {patch.module}", here)
    again = in_fresh_process(baseline_again, (list(sources), patch.module, names)) if here == stored else here
    verdict = _decided(house, patch, grounds, before, Rerun(stored, again))
    judged = Judged(wanted, patch, "runtime", verdict)
    if invalid is not None and judged.verdict.kind is Kind.INVALID:
        return invalid
    keep_verdict(house, judged, [], question(patch, {patch.module: here}, code, names))
    return judged


def _decided(
    house: House, patch: Patch, grounds: Sequence[Ground], before: Sequence[Question], rerun: Rerun
) -> Verdict:
    if rerun.stored != rerun.again:
        return Verdict(Kind.INVALID, Reason.BASELINE_DIFFERS)
    if broken := violations(patch):
        return Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN, detail=broken)
    after = questions(patch.module, grounds, patch)
    return decide(Evidence(rerun, (), timed(before, after), count_confirm(house, patch)))
