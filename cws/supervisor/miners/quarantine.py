"""Rows lost to quarantine: steps that refuse more than a little, or much more than they used to."""

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import STEP, Seen, groups

MINER = "quarantine"
MAX_SHARE = 0.005
MAX_RISE, LEAST_RISE_ROWS = 3.0, 20


def mine(seen: Seen) -> list[Finding]:
    """One finding a step; the cost of an occurrence is the rows that it lost."""
    by_step = [(step, group, _wrong(group)) for step, group in groups(seen.natural, STEP)]
    return [found(wrong, _about(seen, step, group, wrong), seen.newest) for step, group, wrong in by_step if len(wrong)]


def _wrong(group: pd.DataFrame) -> pd.DataFrame:
    """The runs that refused too much, or three times what the run with the fewest refused before them."""
    refused, least = group["rows_refused"], group["rows_refused"].cummin().shift(1, fill_value=group["rows_in"].max())
    rose = (refused > MAX_RISE * least) & (refused - least >= LEAST_RISE_ROWS)
    return group[(refused > MAX_SHARE * group["rows_in"]) | rose]


def _about(seen: Seen, step: tuple[str, ...], group: pd.DataFrame, wrong: pd.DataFrame) -> About:
    unit, unit_stage, module = step
    last = wrong.iloc[-1]
    share, fewest = last["rows_refused"] / max(1, last["rows_in"]), group["rows_refused"].min()
    before = f", once {fewest}" if fewest < last["rows_refused"] else ""
    sentence = f"{module} ({unit_stage} of {unit}) refuses {last['rows_refused']} rows, {share:.2%}{before}"
    cost = float(wrong["rows_refused"].median())
    return About(MINER, "refused", f"{unit}/{unit_stage}", sentence, cost, "rows", seen.numbers_of(module))
