"""Slices where a module is worst: a symbol, a weekday or a regime that has far more than its share of bad rows.

Bad rows are those refused and the breaks between orders and fills that are in force; a slice's fair share is its share
of the bars in force of the same dataset or strategy.
"""

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import Seen, groups

MINER = "slices"
SLICES = ("symbol", "weekday", "regime")
# Three times its share, at least a fifth of all, and enough rows and days that chance is no explanation.
LEAST_LIFT, LEAST_SHARE, LEAST_ROWS, LEAST_DAYS = 3.0, 0.20, 30, 3


def mine(seen: Seen) -> list[Finding]:
    """One finding a module, unit and slice; the cost is the bad rows beyond the slice's share."""
    newest = seen.traces[seen.traces["trace_id"].isin(seen.newest)]
    kept: list[Finding] = []
    for (unit, module), bad in groups(seen.bad_rows, ["unit", "module"]):
        evidence = newest[(newest["strategy"] == unit) & (newest["module"] == module)]
        bars = seen.bars[seen.bars["unit"] == unit]
        if len(evidence) and len(bars):
            kept += [found(evidence, about, seen.newest) for about in _worst(unit, module, bad, bars)]
    return kept


def _worst(unit: str, module: str, bad: pd.DataFrame, bars: pd.DataFrame) -> list[About]:
    kept: list[About] = []
    for name in SLICES:
        known = bad[bad[name] != ""]
        share, fair = known[name].value_counts(normalize=True), bars[name].value_counts(normalize=True)
        for value in sorted(share.index):
            here, expected = float(share[value]), float(fair.get(value, 0.0))
            rows = round(here * len(known))
            # One bad day has a weekday and a regime too, and says nothing of either.
            spread = name == "symbol" or known.loc[known[name] == value, "day"].nunique() >= LEAST_DAYS
            if spread and 0.0 < expected <= here / LEAST_LIFT and here >= LEAST_SHARE and rows >= LEAST_ROWS:
                said = (
                    f"{module} of {unit} is worst on {name} {value}: {here:.0%} of its {len(known)} bad rows "
                    f"({known['what'].mode().iloc[0]}), but {expected:.1%} of the bars"
                )
                cost = rows - expected * len(known)
                kept.append(About(MINER, name, f"{unit}/{name}/{value}", said, cost, "rows"))
    return kept
