"""Rebuild a verdict from its ledger row: the same p and the same bytes of deltas, or which input differs.

Modules are taken as they stood when the verdict was given: what shipped since is put back in memory, never on disk.
No confirm look is counted, for it was counted then, with the variants that there were.
"""

import tomllib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from cws.ablation.ablate import SAME, Bench, screened
from cws.ablation.arm import after, play
from cws.ablation.deltas import Unit, guards, market_returns, paired
from cws.ablation.folds import Folds, folds_of, long_enough
from cws.ablation.ground import Ground, changed, patched
from cws.ablation.record import Judged, delta_rows, judged_of
from cws.environment import code_hash
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.placebo import swapped
from cws.gate.verdict import Reason, Verdict
from cws.house import House
from cws.ledger.entry import Entry
from modules.canonical import content_hash
from modules.contract import Manifest
from modules.errors import CwsError
from modules.registry import load

COMPARED = ("kind", "reason", "p", "p_alone", "effect", "standard_error")
PLACEBO = "placebo "


@dataclass(frozen=True)
class Rebuilt:
    """`differs` names what came out otherwise, with then and now; `changed` the inputs that are not as they were."""

    ledger_index: int
    verdict: str
    module: str
    same: bool
    p: float | None
    deltas: str
    differs: list[str]
    changed: list[str]


def find_verdict(house: House, wanted: str) -> Entry | None:
    """The verdict with that id, or its first 6 or more characters."""
    found = [e for e in house.ledger.entries("verdict") if len(wanted) >= 6 and str(e.body["id"]).startswith(wanted)]
    return found[-1] if found else None


def rebuild(bench: Bench, entry: Entry) -> Rebuilt:
    """Raises CWS-REPRO-002 for a verdict that was not made from paired deltas or before inputs were kept with it."""
    judged, asked = judged_of(entry), _asked(entry)
    if (
        judged.judge != "value"
        or not asked
        or judged.verdict.reason in (Reason.BASELINE_DIFFERS, Reason.CONTRACT_BROKEN)
    ):
        raise CwsError(
            "CWS-REPRO-002",
            what=f"verdict {judged.id} ({judged.judge}, {judged.verdict.reason.name}) holds no figures to rebuild",
            where=f"ledger entry {entry.index}",
            fix="give its patch to cws ablate again",
        )
    with as_then(bench.house, entry.index):
        return _rebuilt(bench, entry.index, judged, asked)


def _asked(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = dict(entry.body)
    return dict(body.get("asked") or {})


@contextmanager
def as_then(house: House, index: int) -> Generator[None]:
    """Manifests as they were before the first ship or rollback after a ledger entry; as the files say afterwards."""
    moves = [*house.ledger.entries("ship"), *house.ledger.entries("rollback")]
    first: dict[str, str] = {}
    for move in sorted((m for m in moves if m.index > index), key=lambda m: m.index):
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
    grounds = [ground for ground in grounds if long_enough(ground)] or grounds
    folds = {ground.name: folds_of(ground) for ground in grounds}
    moved = _changed(bench, grounds, folds, judged, asked)
    verdict, units = _decided(bench, grounds, folds, judged, asked)
    differs = [
        f"{name}: {then} then, {now} now"
        for name in COMPARED
        if (then := getattr(judged.verdict, name)) != (now := getattr(verdict, name))
    ]
    deltas = content_hash(delta_rows(units)) if units else ""
    kept = bench.house.lake.pin("deltas", judged.id).hash if units and judged.verdict.p is not None else deltas
    differs += [f"deltas: {kept} then, {deltas} now"] if kept != deltas else []
    return Rebuilt(index, judged.id, patch.module, not differs, verdict.p, deltas, differs, moved)


def _changed(
    bench: Bench, grounds: list[Ground], folds: Mapping[str, Folds], judged: Judged, asked: Mapping[str, Any]
) -> list[str]:
    """Inputs that are not as they were, each with then and now."""
    now = {ground.name: bench.baseline(ground, "all").hash for ground in grounds}
    code = code_hash([f"{load(judged.patch.module).stage}/{judged.patch.module}"])
    names = [text for name in sorted(folds) for text in folds[name].names]
    then: Mapping[str, str] = asked["baselines"]
    told = [(f"baseline {name}", then.get(name, "-"), now.get(name, "-")) for name in sorted({*then, *now})]
    told += [("code", str(asked["code"]), code), ("folds", str(_folds(asked)), str(names))]
    return [f"{what}: {before} then, {after_} now" for what, before, after_ in told if before != after_]


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
    value = Value(deltas, guards(units, SAME))
    return decide(Evidence(Rerun("", ""), (), value, judged.verdict.variants)), units
