"""What batches and lone verdicts said, read back from the gate's table and the ledger: for people and for reports."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cws.ablation.record import ALONE, Judged, judged_of
from cws.ablation.shipping import standing
from cws.gate.verdict import corrected
from cws.house import House
from cws.lake.commits import Pin
from cws.lake.tables import TABLES


@dataclass(frozen=True)
class Row:
    """A verdict in its batch, "" for none, its p corrected for the m of that batch.

    `diff` is what shipped, "" when it did not or was rolled back.
    """

    judged: Judged
    batch: str
    outcome: str
    placebo: bool
    diff: str


def batch_rows(house: House) -> pd.DataFrame:
    """The lake's `verdicts` of every batch that the ledger holds, in ledger order."""
    pins = [_pin(entry.body.get("pin")) for entry in house.ledger.entries("batch")]
    frames = [house.lake.read(pin) for pin in pins if pin is not None]
    return pd.concat(frames, ignore_index=True) if frames else TABLES["verdicts"].schema.empty_table().to_pandas()


def _pin(fields: Any) -> Pin | None:
    return None if fields is None else Pin(**fields)


def told(house: House) -> list[Row]:
    """One row a verdict of a batch, in ledger order."""
    judged = {str(entry.body["id"]): judged_of(entry) for entry in house.ledger.entries("verdict")}
    diffs = {str(entry.body["verdict"]): str(entry.body["diff"]) for entry in standing(house).values()}
    rows = batch_rows(house)
    columns = (rows[name].tolist() for name in ("id", "batch", "outcome", "placebo", "variants"))
    return [
        Row(_of_batch(judged[verdict], int(m)), batch, outcome, bool(placebo), diffs.get(verdict, ""))
        for verdict, batch, outcome, placebo, m in zip(*columns, strict=True)
        if verdict in judged
    ]


def _of_batch(judged: Judged, m: int) -> Judged:
    return replace(judged, verdict=corrected(judged.verdict, m))


def told_alone(house: House) -> list[Row]:
    """One row a verdict that was asked for by itself, by id, until a batch decides over it: then it is told there.

    Its p is corrected for the m of when it was given.
    """
    judged = {str(entry.body["id"]): judged_of(entry) for entry in house.ledger.entries("verdict")}
    parts = {pin.part for pin in house.lake.parts("verdicts")}
    return [Row(judged[one], "", ALONE, False, "") for one in sorted(parts & judged.keys() - in_batches(house))]


def waiting(house: House) -> list[Judged]:
    """Verdicts with a p-value that no batch decided over, oldest first: a patch's last one, and each placebo."""
    last = {one.id if one.placebo else one.patch.id: one for one in _with_p(house)}
    decided = in_batches(house)
    return [one for one in last.values() if one.id not in decided]


def undecided_looks(house: House) -> Counter[str]:
    """Patch -> p-values of it that somebody saw since a batch decided over it, one a house that it was asked about.

    Only the last of them is a slot. Whoever asks again with every new bar and ends when it looks good pays for all.
    """
    decided, found = in_batches(house), Counter[str]()
    for one in _with_p(house):
        if not one.placebo:
            found[one.patch.id] = 0 if one.id in decided else found[one.patch.id] + 1
    return found


def _with_p(house: House) -> list[Judged]:
    given = [judged_of(entry) for entry in house.ledger.entries("verdict")]
    return [one for one in given if one.verdict.batch_p is not None]


def in_batches(house: House) -> set[str]:
    """The ids of all verdicts that a batch decided over."""
    decided: list[Any] = [entry.body["verdicts"] for entry in house.ledger.entries("batch")]
    return {str(verdict) for verdicts in decided for verdict in verdicts}


def rows_of(house: House, patches: Collection[str]) -> list[Row]:
    """The last verdict on each of these patches, in the order of their batches; placebos are none."""
    last = {row.judged.patch.id: row for row in told(house) if row.judged.patch.id in patches and not row.placebo}
    return list(last.values())


def funnel(house: House, findings: int) -> dict[str, int]:
    """How many came how far: findings now, then distinct patches over the life of the home."""
    rows = batch_rows(house)
    real = rows[~rows["placebo"]]
    proposed = {str(e.body["patch"]) for e in house.ledger.entries("patch")} | set(real["patch"])
    screened = real[~real["reason"].isin(["SCREENED", "BASELINE_DIFFERS", "CONTRACT_BROKEN"])]
    return {
        "findings": findings,
        "proposed": len(proposed),
        "ablated": real["patch"].nunique(),
        "past screen": screened["patch"].nunique(),
        "passed alone": real.loc[real["kind"] == "PASS", "patch"].nunique(),
        "accepted": real.loc[real["outcome"] != "reject", "patch"].nunique(),
        "shipped, in force": len(standing(house)),
    }
