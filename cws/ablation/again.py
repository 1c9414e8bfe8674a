"""Rebuild a verdict from its ledger row: the same p and the same bytes of deltas, or which input differs.

Modules are taken as they stood when the verdict was given: what shipped since is put back in memory, never on disk.
No confirm look is counted, for it was counted then, with the variants that there were.
"""

import tomllib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np

from cws.ablation.ablate import SAME, Bench, screened
from cws.ablation.arm import after, play
from cws.ablation.by_oracles import Stand, breaks, code_of, programs_for, searched, seeds_of
from cws.ablation.by_oracles import screened as screened_breaks
from cws.ablation.by_runtime import bytes_of, questions
from cws.ablation.deltas import Unit, guards, market_returns, paired
from cws.ablation.folds import Folds, folds_for
from cws.ablation.ground import Ground, changed, patched
from cws.ablation.record import Judged, delta_rows, judged_of
from cws.ablation.shipping import moves
from cws.environment import code_hash
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.placebo import swapped
from cws.gate.verdict import Reason, Verdict
from cws.house import House
from cws.ledger.entry import Entry
from modules.canonical import content_hash, json_hash
from modules.contract import Manifest
from modules.errors import CwsError
from modules.registry import load

COMPARED = ("kind", "reason", "p", "p_alone", "effect", "standard_error")
PLACEBO = "placebo "


@dataclass(frozen=True)
class Rebuilt:
    """`differs` names what came out otherwise, with then and now; `changed` the inputs that are not as they were.

    `evidence` is the hash of the deltas, of all counts of breaks, or of the module's bytes; "" when a screen ended it
    before there were deltas. `not_repeated` is a coded message about what cannot be made again.
    """

    ledger_index: int
    verdict: str
    module: str
    same: bool
    p: float | None
    evidence: str
    differs: list[str]
    changed: list[str]
    not_repeated: str = ""


def find_verdict(house: House, wanted: str) -> Entry | None:
    """The verdict with that id, or its first 6 or more characters."""
    found = [e for e in house.ledger.entries("verdict") if len(wanted) >= 6 and str(e.body["id"]).startswith(wanted)]
    return found[-1] if found else None


def rebuild(bench: Bench, entry: Entry) -> Rebuilt:
    """Raises CWS-REPRO-002 for a verdict that ended before its judge was asked, or before inputs were kept with it."""
    judged, asked = judged_of(entry), _asked(entry)
    if not asked or judged.verdict.reason in (Reason.BASELINE_DIFFERS, Reason.CONTRACT_BROKEN):
        raise CwsError(
            "CWS-REPRO-002",
            what=f"verdict {judged.id} ({judged.judge}, {judged.verdict.reason.name}) holds no figures to rebuild",
            where=f"ledger entry {entry.index}",
            fix="give its patch to cws ablate again",
        )
    rebuilders = {"value": _rebuilt, "correctness": _breaks_rebuilt, "runtime": _bytes_rebuilt}
    with as_then(bench.house, entry.index):
        return rebuilders[judged.judge](bench, entry.index, judged, asked)


def _asked(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = dict(entry.body)
    return dict(body.get("asked") or {})


@contextmanager
def as_then(house: House, index: int) -> Generator[None]:
    """Manifests as they were before the first ship or rollback after a ledger entry; as the files say afterwards."""
    first: dict[str, str] = {}
    for move in (move for move in moves(house) if move.index > index):
        first.setdefault(str(move.body["module"]), str(move.body["before"]))
    try:
        for module, text in first.items():
            load(module).__dict__["manifest"] = Manifest(**tomllib.loads(text))
        yield
    finally:
        for module in first:
            load(module).__dict__.pop("manifest", None)


def _rebuilt(bench: Bench, index: int, judged: Judged, asked: Mapping[str, Any]) -> Rebuilt:
    patch = judged.patch
    grounds = [ground for ground in bench.grounds() if changed(ground, patch)]
    folds = folds_for(grounds, bench.folds())
    grounds = [ground for ground in grounds if ground.name in folds]
    moved = _changed(bench, grounds, folds, judged, asked)
    verdict, units = _decided(bench, grounds, folds, judged, asked)
    differs = _differs(judged.verdict, verdict)
    deltas = content_hash(delta_rows(units)) if units else ""
    kept = bench.house.lake.pin("deltas", judged.id).hash if units and judged.verdict.p is not None else deltas
    differs += [f"deltas: {kept} then, {deltas} now"] if kept != deltas else []
    return Rebuilt(index, judged.id, patch.module, not differs, verdict.p, deltas, differs, moved)


def _differs(then: Verdict, now: Verdict) -> list[str]:
    pairs = [(name, getattr(then, name), getattr(now, name)) for name in COMPARED]
    return [f"{name}: {before} then, {after_} now" for name, before, after_ in pairs if before != after_]


def _breaks_rebuilt(bench: Bench, index: int, judged: Judged, asked: Mapping[str, Any]) -> Rebuilt:
    """Every oracle's breaks on the same search worlds, and on the same confirm worlds where it came so far."""
    patch, stand = judged.patch, Stand(bench.sink, search_seed=int(asked["search_seed"]))
    programs = programs_for(patch)
    now = {program.name: searched(stand, program) for program in programs}
    moved = _moved(asked["baselines"], now, str(asked["code"]), code_of(programs))
    found = screened_breaks(stand, patch, programs)
    found = found if found is not None else breaks(stand, patch, programs, seeds_of(bench.house, patch, programs))
    verdict = decide(Evidence(Rerun("", ""), (), found, judged.verdict.variants))
    counts = [list(astuple(oracle)) for oracle in found.oracles]
    differs = _differs(judged.verdict, replace(verdict, variants=judged.verdict.variants))
    differs += [f"breaks: {asked['breaks']} then, {counts} now"] if asked["breaks"] != counts else []
    return Rebuilt(index, judged.id, patch.module, not differs, verdict.p, json_hash(counts), differs, moved)


def _bytes_rebuilt(bench: Bench, index: int, judged: Judged, asked: Mapping[str, Any]) -> Rebuilt:
    """The module's bytes with and without the patch; nobody can take the seconds of another day again."""
    patch = judged.patch
    grounds = [ground for ground in bench.grounds() if ground.name in asked["folds"]]
    before, after_ = bytes_of(questions(patch.module, grounds)), bytes_of(questions(patch.module, grounds, patch))
    code = code_hash([f"{load(patch.module).stage}/{patch.module}"])
    moved = _moved(asked["baselines"], {patch.module: before}, str(asked["code"]), code)
    same_then = judged.verdict.reason is not Reason.BYTES_DIFFER
    said = {True: "the same bytes", False: "other bytes"}
    differs = [f"{said[same_then]} then, {said[not same_then]} now"] if (before == after_) != same_then else []
    note = CwsError(
        "CWS-REPRO-003",
        what=f"the seconds behind p = {judged.verdict.p} are of another moment; the bytes were made again, p was not",
        where=f"verdict {judged.id}, judged by runtime",
        fix="give its patch to cws ablate on another machine to time it anew",
    )
    return Rebuilt(index, judged.id, patch.module, not differs, None, after_, differs, moved, str(note))


def _moved(then: Mapping[str, str], now: Mapping[str, str], code_then: str, code_now: str) -> list[str]:
    """Baselines and code that are not as they were, each with then and now."""
    told = [(f"baseline {name}", then.get(name, "-"), now.get(name, "-")) for name in sorted({*then, *now})]
    told.append(("code", code_then, code_now))
    return [f"{what}: {before} then, {after_} now" for what, before, after_ in told if before != after_]


def _changed(
    bench: Bench, grounds: list[Ground], folds: Mapping[str, Folds], judged: Judged, asked: Mapping[str, Any]
) -> list[str]:
    """Inputs that are not as they were, each with then and now."""
    now = {ground.name: bench.baseline(ground, "all").hash for ground in grounds}
    code = code_hash([f"{load(judged.patch.module).stage}/{judged.patch.module}"])
    names = [text for name in sorted(folds) for text in folds[name].names]
    moved = _moved(asked["baselines"], now, str(asked["code"]), code)
    return moved + ([f"folds: {_folds(asked)} then, {names} now"] if _folds(asked) != names else [])


def _folds(asked: Mapping[str, Any]) -> list[str]:
    return [name for name in asked["folds"] if not name.startswith(PLACEBO)]


def _decided(
    bench: Bench, grounds: list[Ground], folds: Mapping[str, Folds], judged: Judged, asked: Mapping[str, Any]
) -> tuple[Verdict, list[Unit]]:
    if (early := screened(bench, judged.patch, grounds, folds)) is not None:
        return early, []
    units: list[Unit] = []
    for ground in grounds:
        start = folds[ground.name].confirm
        candidate = after(play(patched(ground, judged.patch), folds[ground.name].names[1], bench.sink, None), start)
        units.append(Unit(ground.name, after(bench.baseline(ground, "all"), start), candidate, market_returns(ground)))
    deltas = paired(units, max(fold.horizon_days for fold in folds.values()))
    for name in asked["folds"]:
        if name.startswith(PLACEBO):
            deltas = swapped(deltas, np.random.default_rng(int(name.removeprefix(PLACEBO))))
    # Nobody can time another day's decision again: the seconds are those that were kept.
    value = Value(deltas, guards(units, SAME if judged.guards is None else judged.guards.latency))
    return decide(Evidence(Rerun("", ""), (), value, judged.verdict.variants)), units
