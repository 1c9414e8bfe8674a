"""Slow and memory-hungry modules: those that dominate a run, and those that became slower than they were."""

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import STEP, Seen, busy_s, groups

MINER = "costly"
# A module dominates from a second and a tenth of its run's module time on: below that nobody waits for it.
LEAST_SECONDS, LEAST_SHARE = 1.0, 0.10
# Caches and frequencies move a time; three times the usual time a row, and half a second more, is the module's.
SLOWER, LEAST_LOST_SECONDS, LEAST_RUNS = 3.0, 0.5, 4
LEAST_MEMORY_MB = 256


def mine(seen: Seen) -> list[Finding]:
    """Findings per step: `slow`, `slower` and `memory`; costs in seconds, or in badness for memory."""
    of_run = busy_s(seen.traces).groupby(seen.traces["run_id"]).sum()
    found_here = [_of_step(seen, step, group, of_run) for step, group in groups(seen.natural, STEP)]
    return [finding for several in found_here for finding in several]


def _of_step(seen: Seen, step: tuple[str, ...], group: pd.DataFrame, of_run: pd.Series) -> list[Finding]:
    unit, unit_stage, module = step
    where, signature = f"{module} ({unit_stage} of {unit})", f"{unit}/{unit_stage}"
    seconds = busy_s(group)
    share = seconds / group["run_id"].map(of_run)
    kept: list[Finding] = []
    if seconds.median() >= LEAST_SECONDS and share.median() >= LEAST_SHARE:
        said = f"{where} takes {seconds.median():.1f} s, {share.median():.0%} of the module time of its runs"
        kept.append(found(group, About(MINER, "slow", signature, said, seconds.median(), "seconds"), seen.newest))
    slower = _slower(group)
    if len(slower):
        lost = busy_s(slower).median() - seconds.median()
        said = f"{where} took {lost:.1f} s more than its usual {seconds.median():.1f} s for as many rows"
        kept.append(found(slower, About(MINER, "slower", signature, said, max(lost, 0.0), "seconds"), seen.newest))
    hungry = group[group["peak_rss_rise_kb"] >= LEAST_MEMORY_MB * 1024]
    if len(hungry):
        risen_mb = hungry["peak_rss_rise_kb"].median() / 1024
        said = f"{where} raises the process's memory by {risen_mb:.0f} MB"
        cost = risen_mb / LEAST_MEMORY_MB
        kept.append(found(hungry, About(MINER, "memory", signature, said, cost, "badness"), seen.newest))
    return kept


def _slower(group: pd.DataFrame) -> pd.DataFrame:
    """The runs that took several times the usual time a row of the step."""
    if len(group) < LEAST_RUNS:
        return group.head(0)
    rows = group[["rows_in", "rows_out"]].max(axis=1).clip(lower=1)
    seconds = busy_s(group)
    usual = (seconds / rows).median() * rows
    return group[(seconds > SLOWER * usual) & (seconds - usual > LEAST_LOST_SECONDS)]
