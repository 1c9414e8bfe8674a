"""A strategy's A/A without a house: from its source's bytes to its sealed account, where a stretch of days will do."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cws.ablation.ground import Ground, days, until
from cws.ablation.rehearsal import Rehearsal, rehearse
from cws.sources import locate, read
from cws.strategies import Catalogue, catalogue
from modules.canonical import json_hash
from modules.errors import CwsError


def account_hashes(folder: Path, most_days: int | None) -> dict[str, str]:
    """By strategy of the catalogue in `folder`, one hash of all that its modules give, from its source to its account.

    The source is read anew and nothing of it is cached. After `clean` only the first `most_days` days go on; None
    stands for all of them. Nothing is opened: a sealed outcome shows its hash, so no trial is counted.
    Raises CWS-ABLATE-005 when a strategy refuses its own data, and what the catalogue and its sources raise.
    """
    found = catalogue(folder)
    return {name: _account_hash(found, name, most_days) for name in sorted(found.strategies)}


def _account_hash(found: Catalogue, name: str, most_days: int | None) -> str:
    strategy = found.strategy(name)
    dataset = found.dataset_of(strategy)
    raw = read(locate(dataset.source, found.folder / "datasets"))
    source = Ground(dataset, strategy, "ingest", {"raw": raw})
    cleaned = _rehearsed(source, ("ingest", "clean"))
    whole = replace(source, begins="feature", tables=cleaned.tables)
    tested = _rehearsed(_first(whole, most_days), ("feature", "backtest"))
    # By module and not by table: a later module's table takes the name of an earlier one's.
    return json_hash([[run.trace.module, run.trace.outputs] for run in (*cleaned.runs, *tested.runs)])


def _first(ground: Ground, most_days: int | None) -> Ground:
    known = days(ground)
    return ground if most_days is None or len(known) <= most_days else until(ground, int(known[most_days]))


def _rehearsed(ground: Ground, stages: Sequence[str]) -> Rehearsal:
    found = rehearse(ground, stages)
    if found.failure:
        raise CwsError(
            "CWS-ABLATE-005",
            what=f"the strategy refuses its own data: {found.failure}",
            where=ground.name,
            fix="cws run shows where; then certify again",
        )
    return found
