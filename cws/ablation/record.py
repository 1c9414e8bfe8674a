"""What the ledger and the gate's own tables hold of ablations: who was tried on confirm folds, and what came of it.

A confirm look is recorded before the folds are opened. A verdict exists when its ledger entry does; its deltas are
committed before that under its own id, so a crash between the two leaves nothing twice.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from cws.ablation.deltas import Unit
from cws.ablation.ground import DAY_NS
from cws.gate.guards import Guards, Pair
from cws.gate.verdict import Kind, Reason, Verdict
from cws.house import House
from cws.lake.tables import TABLES
from cws.ledger.entry import Entry
from cws.patches import Patch
from modules.canonical import json_hash

NUMBERS = ("p", "p_alone", "batch_p", "effect", "standard_error", "blocks")
# The outcome of a verdict that no batch decided over: good or bad, nothing follows from it.
ALONE = "alone"


@dataclass(frozen=True)
class Judged:
    """A verdict with what it is about, and the guards that it saw, where it is about P&L and got so far.

    `annual_effect` is for people: no decision reads it.
    """

    id: str
    patch: Patch
    judge: str
    verdict: Verdict
    annual_effect: float = float("nan")
    guards: Guards | None = None
    placebo: bool = False


def finding_of(patch: Patch) -> str:
    """What variants are counted by; a person's patch belongs to its module."""
    return patch.finding or f"module.{patch.module}"


def question(patch: Patch, hashes: dict[str, str], code: str, folds: Sequence[str]) -> dict[str, Any]:
    """All that decides a verdict's bytes; kept beside it, so that `cws reproduce` can name what moved."""
    return {"patch": patch.id, "baselines": hashes, "code": code, "folds": [*folds]}


def verdict_id(patch: Patch, hashes: dict[str, str], code: str, folds: Sequence[str]) -> str:
    """The same patch on the same baselines, folds and code is the same question, whatever it was proposed for."""
    return json_hash(question(patch, hashes, code, folds)).removeprefix("b3:")[:16]


def count_confirm(house: House, patch: Patch) -> int:
    """Record that confirm folds are about to be opened for this patch; returns m, the variants of its finding."""
    finding = finding_of(counted(house, patch))
    tried = {str(e.body["patch"]) for e in house.ledger.entries("confirm") if e.body["finding"] == finding}
    if patch.id not in tried:
        house.ledger.append("confirm", {"patch": patch.id, "finding": finding, "module": patch.module})
    return len(tried | {patch.id})


def counted(house: House, patch: Patch) -> Patch:
    """The patch under the finding that it is counted for.

    Its own when the house itself had this module's patches proposed for that: any other name is free to invent, and
    whoever gave each variant a name of its own would never pay for the others.
    """
    proposed = {(entry.body["module"], entry.body["finding"]) for entry in house.ledger.entries("patch")}
    return patch if (patch.module, patch.finding) in proposed else replace(patch, finding="")


def variants_until_now(house: House, looks: Mapping[str, int]) -> dict[str, int]:
    """Patch -> m, the variants of its finding ever evaluated on confirm folds, the most where it is of several.

    A variant counts as often as it was looked at and no batch decided over it (`looks`, by patch), and once at least.
    """
    tried: defaultdict[str, set[str]] = defaultdict(set)
    for entry in house.ledger.entries("confirm"):
        tried[str(entry.body["finding"])].add(str(entry.body["patch"]))
    found: defaultdict[str, int] = defaultdict(int)
    for patches in tried.values():
        for patch in patches:
            found[patch] = max(found[patch], sum(max(1, looks.get(one, 0)) for one in patches))
    return found


def stored_baseline(house: House, key: str, strategy: str, found: str) -> str:
    """The equity hash that was recorded for this baseline's trial key; the first to ask records `found`."""
    for entry in house.ledger.entries("baseline"):
        if entry.body["key"] == key:
            return str(entry.body["hash"])
    house.ledger.append("baseline", {"key": key, "strategy": strategy, "hash": found})
    return found


def known_verdict(house: House, wanted: str) -> Judged | None:
    """The verdict with that id, if it was ever given."""
    for entry in reversed(house.ledger.entries("verdict")):
        if entry.body["id"] == wanted:
            return judged_of(entry)
    return None


def open_question(house: House, asked: str) -> tuple[str, Judged | None]:
    """The id to answer under, and the INVALID answer that stands before it.

    INVALID says that the baseline could not be trusted, nothing of the patch: once it can, the patch is judged anew.
    """
    invalid = None
    while (known := known_verdict(house, asked)) is not None and known.verdict.kind is Kind.INVALID:
        invalid, asked = known, json_hash([asked, "again"]).removeprefix("b3:")[:16]
    return asked, invalid


def keep_verdict(house: House, judged: Judged, units: Sequence[Unit], asked: Mapping[str, Any] | None = None) -> Entry:
    """Deltas first, under the verdict's own part, then the entry that makes it a verdict."""
    if units:
        house.lake.commit("deltas", judged.id, delta_rows(units))
    of = {"strategies": sorted(unit.name for unit in units), "asked": dict(asked or {})}
    return house.ledger.append("verdict", {**_body(judged), **of})


def delta_rows(units: Sequence[Unit]) -> pd.DataFrame:
    """The lake's `deltas` of a verdict: units by name, days rising."""
    frames = [
        pd.DataFrame(
            {
                "unit": pd.Series([unit.name] * len(unit.baseline.days), dtype="str"),
                "ts_event": unit.baseline.days * DAY_NS,
                "baseline": unit.baseline.returns,
                "delta": unit.candidate.returns - unit.baseline.returns,
            }
        )
        for unit in sorted(units, key=lambda unit: unit.name)
    ]
    return pd.concat(frames, ignore_index=True)


def _body(judged: Judged) -> dict[str, object]:
    verdict, patch = judged.verdict, judged.patch
    numbers = {name: _plain(getattr(verdict, name)) for name in NUMBERS}
    said = {"kind": verdict.kind.name, "reason": verdict.reason.name, "detail": [*verdict.detail]}
    about = {"id": judged.id, "judge": judged.judge, "annual_effect": _plain(judged.annual_effect)}
    about |= {"guards": None if judged.guards is None else _written(judged.guards), "placebo": judged.placebo}
    return {**about, **said, **numbers, "variants": verdict.variants, "patch": patch.id, "change": _change(patch)}


def _change(patch: Patch) -> dict[str, object]:
    return {name: value if isinstance(value, str) else dict(value) for name, value in asdict(patch).items()}


def _written(guards: Guards) -> dict[str, dict[str, float | str]]:
    """JSON has no number for the capacity of an arm that never traded, nor for what was not measured: words, then."""
    pairs: dict[str, dict[str, float]] = asdict(guards)
    return {name: {arm: _told(value) for arm, value in pair.items()} for name, pair in pairs.items()}


def _told(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _read(pair: Mapping[str, float | str | None]) -> Pair:
    # Entries before these words hold null for a capacity without end.
    return Pair(**{arm: math.inf if value is None else float(value) for arm, value in pair.items()})


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def judged_of(entry: Entry) -> Judged:
    """A verdict as the ledger holds it."""
    body: dict[str, Any] = dict(entry.body)
    numbers = {name: body[name] for name in NUMBERS}
    verdict = Verdict(
        Kind[body["kind"]], Reason[body["reason"]], variants=body["variants"], detail=tuple(body["detail"]), **numbers
    )
    effect = float("nan") if body["annual_effect"] is None else float(body["annual_effect"])
    known = {field.name for field in fields(Patch)}
    patch = Patch(**{name: value for name, value in body["change"].items() if name in known})
    pairs: dict[str, dict[str, float | str | None]] = body.get("guards") or {}
    guards = Guards(**{name: _read(pair) for name, pair in pairs.items()}) if pairs else None
    return Judged(str(body["id"]), patch, str(body["judge"]), verdict, effect, guards, bool(body.get("placebo")))


def verdict_rows(batch: str, now_ns: int, rows: Sequence[tuple[Judged, str, bool]]) -> pd.DataFrame:
    """The lake's `verdicts` of a batch: (judged, outcome, whether it is a placebo), in slot order; "" is no batch."""
    found = [
        {
            "id": judged.id,
            "ts_avail": now_ns,
            "batch": batch,
            "patch": judged.patch.id,
            "module": judged.patch.module,
            "judge": judged.judge,
            "finding": finding_of(judged.patch),
            "kind": judged.verdict.kind.name,
            "reason": judged.verdict.reason.name,
            "outcome": outcome,
            **{name: _number(getattr(judged.verdict, name)) for name in NUMBERS},
            "variants": judged.verdict.variants,
            "annual_effect": judged.annual_effect,
            "placebo": placebo,
            "detail": json.dumps([*judged.verdict.detail]),
        }
        for judged, outcome, placebo in rows
    ]
    order = TABLES["verdicts"].schema.names
    frame = pd.DataFrame(found, columns=order)
    return frame.astype({name: "str" for name in order if frame[name].dtype == object})


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
