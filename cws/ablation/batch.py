"""One batch: patches ablated, placebos among them, one verdict over all, and what ships or goes to shadow.

Nobody picks what a batch sees: whatever has a p-value that no batch decided over, asked alone or by a batch that was
killed, is a slot of the next one beside what is handed in. And m is counted once, for all slots of a finding alike.

A batch may be killed anywhere: verdicts that were given are found again by their ids, the state of the false-discovery
procedures moves with the batch's one ledger entry, and `finish` ships what that entry says and nothing twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cws.ablation.ablate import Bench, ablate
from cws.ablation.record import Judged, count_confirm, judged_of, variants_until_now, verdict_rows
from cws.ablation.shipping import settle, ship
from cws.ablation.told import in_batches, undecided_looks, waiting
from cws.gate.batch import BatchState, Outcome, Slot, fresh, weekly
from cws.gate.placebo import slots
from cws.gate.verdict import Kind, corrected
from cws.house import House
from cws.ledger.entry import Entry
from cws.patches import Patch
from modules.canonical import json_hash
from modules.errors import CwsError
from modules.registry import ROOT, load

MAX_PATCHES = 2_000
# Sizing and execution move risk at once: such a patch goes through shadow, however good it looks.
RISK_STAGES = ("size", "execute")
Progress = Callable[[int, int, Judged], None]


@dataclass(frozen=True)
class Batch:
    """What a batch said, in slot order, by id and placebos last.

    `refused` are patches that no run could decide, with their reasons.
    """

    id: str
    judged: tuple[Judged, ...]
    outcomes: tuple[Outcome, ...]
    placebo: tuple[bool, ...]
    refused: tuple[str, ...]

    @property
    def placebo_ships(self) -> tuple[int, int]:
        """(shipped or shadowed, all) placebos: the measured noise floor."""
        outcomes = [outcome for outcome, placebo in zip(self.outcomes, self.placebo, strict=True) if placebo]
        return sum(outcome is not Outcome.REJECT for outcome in outcomes), len(outcomes)


def silent(done: int, total: int, judged: Judged) -> None:
    """No progress."""


def run_batch(
    bench: Bench, patches: Sequence[Patch], seed: int, progress: Progress = silent, root: Path = ROOT
) -> Batch:
    """Ablate every patch that no earlier batch decided, and those that wait, then decide over all of them together.

    The caller holds the home's writer lock. Raises CWS-ABLATE-002 above MAX_PATCHES patches.
    """
    refuse_too_many(patches)
    house = bench.house
    patches, finished = _not_again(house, patches, finish(house, root))
    waited = waiting(house)
    answers, refused = _ablated(bench, _distinct(patches, waited), progress)
    real, late = _slots(house, answers, waited)
    state = last_state(house)
    fake = _placebos(bench, [one for one in real if one.id not in late], waited, seed, state.weeks)
    judged = _same_m(house, patches, [*real, *fake])
    after, outcomes = weekly(state, [Slot(one.verdict, _touches_risk(one)) for one in judged])
    outcomes = [
        Outcome.REJECT if one.id in late else _final(one, outcome)
        for one, outcome in zip(judged, outcomes, strict=True)
    ]
    flags = tuple(one.placebo for one in judged)
    batch = Batch(_id(judged, seed, state), tuple(judged), tuple(outcomes), flags, (*finished, *refused))
    if judged:
        _record(house, batch, after, seed)
    finish(house, root)
    return batch


def refuse_too_many(patches: Sequence[Patch]) -> None:
    """Before they are proposed, too: what waits in the ledger for a batch must fit into one. Raises CWS-ABLATE-002."""
    if len(patches) > MAX_PATCHES:
        raise CwsError(
            "CWS-ABLATE-002", what=f"{len(patches)} patches in a batch; the limit is {MAX_PATCHES}",
            where="batch", fix="hand them in over several batches",
        )  # fmt: skip


def _not_again(house: House, patches: Sequence[Patch], finished: Entry | None) -> tuple[list[Patch], list[str]]:
    """Without those over which a batch decided that was killed: what it shipped moved the baselines of the others, and
    the same call would ask about them once more."""
    if finished is None:
        return [*patches], []
    verdicts = set(_list(finished, "verdicts"))
    done = {str(e.body["patch"]) for e in house.ledger.entries("verdict") if str(e.body["id"]) in verdicts}
    return [one for one in patches if one.id not in done], [
        str(_decided_already(one, str(finished.body["id"]))) for one in patches if one.id in done
    ]


def _decided_already(patch: Patch, batch: str) -> CwsError:
    return CwsError(
        "CWS-ABLATE-007",
        what="a batch that was killed had decided over it; what that one decided is done now",
        where=f"patch {patch.id} of {patch.module}",
        fix=f"cws lake show verdicts {batch}; the same call once more asks anew",
    )


def _ablated(bench: Bench, patches: Sequence[Patch], progress: Progress) -> tuple[list[Judged], list[str]]:
    judged: dict[str, Judged] = {}
    refused: list[str] = []
    for done, patch in enumerate(patches, start=1):
        try:
            found = ablate(bench, patch)
        except CwsError as refusal:
            refused.append(f"{patch.id} of {patch.module}: {refusal}")
            continue
        judged[found.id] = found
        progress(done, len(patches), found)
    return list(judged.values()), refused


def _distinct(patches: Sequence[Patch], waited: Sequence[Judged]) -> list[Patch]:
    """What is handed in, then what waits, each change once."""
    distinct: dict[str, Patch] = {}
    for patch in (*patches, *(one.patch for one in waited if not one.placebo)):
        distinct.setdefault(patch.id, patch)
    return list(distinct.values())


def _slots(house: House, answers: Sequence[Judged], waited: Sequence[Judged]) -> tuple[list[Judged], set[str]]:
    """One slot a patch, by id, for LORD++ asks in turn and nobody chooses the order; and the ids that cannot ship.

    Where a patch that waits has no p-value today, its baselines moved or nothing runs it, the p-value that somebody saw
    takes part nevertheless: to leave it out would be to pick. It is about a house that is gone, so it ships nothing.
    """
    earlier = in_batches(house)
    slots_of = {one.patch.id: one for one in answers if one.id not in earlier}
    today = {patch for patch, one in slots_of.items() if one.verdict.batch_p is not None}
    late = {one.patch.id: one for one in waited if not one.placebo and one.patch.id not in today}
    return sorted((slots_of | late).values(), key=lambda one: one.id), {one.id for one in late.values()}


def _same_m(house: House, patches: Sequence[Patch], judged: Sequence[Judged]) -> list[Judged]:
    """All slots of a finding corrected for the same m: looks at its variants until now, whoever was asked first."""
    looked = {one.patch.id for one in judged if one.verdict.batch_p is not None}
    for patch in patches:
        if patch.id in looked:
            # Its verdict may have been given for another finding, and this one's others compete with it too.
            count_confirm(house, patch)
    m = variants_until_now(house, undecided_looks(house))
    return [replace(one, verdict=corrected(one.verdict, m.get(one.patch.id, one.verdict.variants))) for one in judged]


def _placebos(bench: Bench, judged: Sequence[Judged], waited: Sequence[Judged], seed: int, weeks: int) -> list[Judged]:
    """Swapped copies of a share of those that came as far as a p-value of a paired delta: only it has labels.

    And those of a batch that was killed: a seed that drew a worse floor is not drawn again. Each week draws anew: who
    always gives the same seed would give small batches always a placebo, or never one.
    """
    able = [one for one in judged if one.verdict.batch_p is not None and one.judge == "value"]
    chosen = slots(len(able), np.random.default_rng([seed, weeks])).tolist()
    drawn = [ablate(bench, able[place].patch, placebo_seed=seed + place) for place in chosen]
    return list({one.id: one for one in (*drawn, *waited) if one.placebo}.values())


def _touches_risk(judged: Judged) -> bool:
    """Of what clocks judge, LORD++ is not asked: what the batch finds ships anyway."""
    return judged.judge == "runtime" or load(judged.patch.module).stage in RISK_STAGES


def _final(judged: Judged, outcome: Outcome) -> Outcome:
    """New days have nothing to say of fewer breaks and no new one, nor of the same bytes that a batch found cheaper."""
    final = judged.verdict.kind is Kind.PASS and judged.judge == "correctness"
    cheaper = outcome is Outcome.SHADOW and judged.judge == "runtime"
    return Outcome.SHIP if final or cheaper else outcome


def _id(judged: Sequence[Judged], seed: int, state: BatchState) -> str:
    asked = {"verdicts": [one.id for one in judged], "seed": seed, "weeks": state.weeks}
    return json_hash(asked).removeprefix("b3:")[:12]


def _record(house: House, batch: Batch, after: BatchState, seed: int) -> None:
    """The rows first, under the batch's own part, then the entry that makes it a batch."""
    rows = list(zip(batch.judged, [str(o) for o in batch.outcomes], batch.placebo, strict=True))
    pin = house.lake.commit("verdicts", batch.id, verdict_rows(batch.id, house.clock_ns(), rows))
    real = [(one, o) for one, o, placebo in rows if not placebo]
    ships, placebos = batch.placebo_ships
    house.ledger.append(
        "batch",
        {
            "id": batch.id,
            "seed": seed,
            "state": asdict(after),
            "verdicts": [one.id for one in batch.judged],
            "ship": [one.id for one in _one_a_module([one for one, o in real if o == Outcome.SHIP])],
            "shadow": [one.id for one, o in real if o == Outcome.SHADOW],
            "placebos": placebos,
            "placebo_ships": ships,
            "pin": vars(pin),
        },
    )


def _one_a_module(shipping: Sequence[Judged]) -> list[Judged]:
    """Verdicts hold against the module as it was: of several patches to one module only the surest ships."""
    best: dict[str, Judged] = {}
    for one in sorted(shipping, key=lambda one: (one.verdict.p if one.verdict.p is not None else 0.0, one.id)):
        best.setdefault(one.patch.module, one)
    return list(best.values())


def last_state(house: House) -> BatchState:
    """The false-discovery procedures after the last batch."""
    entries = house.ledger.entries("batch")
    state: Any = entries[-1].body["state"] if entries else None
    return fresh() if state is None else BatchState(**state)


def finish(house: House, root: Path = ROOT) -> Entry | None:
    """Do what the last batch decided and a crash left undone: files written, patches shipped, shadows opened.

    Returns that batch, None when nothing of it was left to do.
    """
    moved = settle(house, root)
    done = {str(e.body["verdict"]) for kind in ("ship", "shadow") for e in house.ledger.entries(kind)}
    verdicts = {str(e.body["id"]): judged_of(e) for e in house.ledger.entries("verdict")}
    for entry in house.ledger.entries("batch")[-1:]:
        ships, shadows = ([one for one in _list(entry, name) if one not in done] for name in ("ship", "shadow"))
        for one in ships:
            ship(house, verdicts[one].patch, one, root)
        for one in shadows:
            house.ledger.append("shadow", {"verdict": one, "module": verdicts[one].patch.module})
        written = moved is not None and moved.body.get("verdict") in _list(entry, "ship")
        return entry if ships or shadows or written else None
    return None


def _list(entry: Entry, name: str) -> list[str]:
    values: Any = entry.body[name]
    return [str(value) for value in values]
