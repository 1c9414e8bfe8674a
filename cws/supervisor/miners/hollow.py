"""Outputs without content: no rows where there were some, a column without any value, a column that never varies.

What a module was already given so is not its doing: the trace that made its input is asked first.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import STEP, Seen, groups

MINER = "hollow"
# Nothing to report is good news in these tables.
MAY_BE_EMPTY = frozenset({"breaks", "actions", "refused", "trades", "costs", "orders", "parents", "fills"})
# A count of bars since the last observation is 0 on good data; statistics are one value a row; what a parent order
# carries of its strategy and its instrument is the same for all parents of one.
MAY_BE_CONSTANT = frozenset(
    {"age_bars", "expected", "found", "level", "commission_usd", "ratio", "amount"}
    | {"strategy_no", "limit_px", "tick_px", "unit_size", "slice_qty"}
)
LEAST_ROWS = 50
BADNESS = {"no rows": 20.0, "no value": 20.0, "constant": 5.0}


def mine(seen: Seen) -> list[Finding]:
    """One finding a step, kind and column, over the traces whose output is hollow."""
    given = seen.told["outputs"]
    made_by = {digest: place for place in seen.worked.index for digest in given[place].values()}
    hollow = [(place, kind, column) for place in seen.worked.index for kind, column in _hollow(seen, place, made_by)]
    rows = seen.worked.loc[[place for place, _, _ in hollow]].assign(
        kind=[kind for _, kind, _ in hollow], column=[column for _, _, column in hollow]
    )
    return [
        found(group, _about(seen, step, group), seen.newest) for step, group in groups(rows, [*STEP, "kind", "column"])
    ]


def _about(seen: Seen, step: tuple[str, ...], group: pd.DataFrame) -> About:
    unit, unit_stage, module, kind, column = step
    what = {
        "no rows": f"gives no row of {group['rows_in'].iloc[-1]}",
        "no value": f"gives {column} without any value",
        "constant": f"gives the same {column} in every row",
    }[kind]
    sentence = f"{module} ({unit_stage} of {unit}) {what}"
    suspects = seen.numbers_of(module)
    return About(MINER, kind, f"{unit}/{unit_stage}/{column}", sentence, BADNESS[kind], "badness", suspects)


def _hollow(seen: Seen, place: Any, made_by: Mapping[str, Any]) -> list[tuple[str, str]]:
    trace = seen.worked.loc[place]
    rows_in, rows_out = int(trace["rows_in"]), int(trace["rows_out"])
    declared = seen.modules.get(str(trace["module"]))
    primary = declared.primary if declared else ""
    if rows_out == 0:
        return [("no rows", primary)] if rows_in > 0 and primary not in MAY_BE_EMPTY else []
    given = [made_by[digest] for digest in seen.told["inputs"][place].values() if digest in made_by]
    profile = seen.told["profile"][place]
    before = {name: told for maker in given for name, told in seen.told["profile"][maker].items()}
    found_here = [(_kind(name, told, rows_out), name) for name, told in sorted(profile.items())]
    hollow = [(kind, name) for kind, name in found_here if kind and not _was(kind, before.get(name))]
    if not given and len(hollow) < len(profile):
        # A source carries what it carries; only one that carries nothing is broken.
        return []
    return hollow


def _kind(column: str, told: dict[str, Any], rows: int) -> str:
    if told["nan_share"] == 1.0:
        return "no value"
    return "constant" if told["distinct"] == 1 and rows >= LEAST_ROWS and column not in MAY_BE_CONSTANT else ""


def _was(kind: str, before: dict[str, Any] | None) -> bool:
    return before is not None and (before["nan_share"] == 1.0 if kind == "no value" else before["distinct"] <= 1)
