"""A dataset's bytes through its own ingest and clean modules, without a house: no lake, no ledger, no trial."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cws.instruments import instruments_table
from cws.stages import Unit, chain
from cws.strategies import Dataset
from modules.errors import CwsError
from modules.runner import Value, run
from modules.values import Table, raw_bytes


@dataclass(frozen=True)
class Ingested:
    """The tables after `clean`, and all rows refused on the way."""

    tables: Mapping[str, Table]
    refused: pd.DataFrame


def ingested(dataset: Dataset, data: bytes) -> Ingested:
    """Raises what the modules raise, and CWS-MARKET-004 when an acceptance check fails."""
    tables: dict[str, Value] = {"raw": raw_bytes(data)}
    refused: list[pd.DataFrame] = []
    for stage in ("ingest", "clean"):
        for bound in chain(Unit(stage, dataset)):
            outcome = run(bound, tables)
            if outcome.failure is not None:
                raise outcome.failure
            if outcome.trace.failed_checks:
                raise CwsError(
                    "CWS-MARKET-004",
                    what=f"acceptance checks failed: {outcome.trace.failed_checks}",
                    where=f"{bound.module.name} on {dataset.name}",
                    fix="the world breaks a rule of the module, or the module its own",
                )
            tables |= outcome.outputs
            if isinstance(lost := outcome.outputs.get("refused"), Table):
                refused.append(lost.frame)
        if stage == "ingest":
            raw_bars = tables["raw_bars"]
            assert isinstance(raw_bars, Table)
            tables["instruments"] = instruments_table(dataset, raw_bars.frame)
    found = {name: value for name, value in tables.items() if isinstance(value, Table) and name != "refused"}
    return Ingested(found, pd.concat(refused, ignore_index=True))
