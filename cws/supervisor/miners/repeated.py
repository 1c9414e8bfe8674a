"""Identical work done again: the same module on the same inputs with the same settings, a shortcut that was missed."""

import pandas as pd

from cws.supervisor.findings import NOBODY, About, Finding, found
from cws.supervisor.seen import Seen, busy_s, groups

MINER = "repeated"
KEY = ["module", "settings_hash", "inputs"]
WITHIN, BETWEEN, WHOLE = "within a run", "between runs", "whole runs"
# Looking work up costs a read of the lake: below half a second in all there is nothing to win.
LEAST_LOST_SECONDS = 0.5


def mine(seen: Seen) -> list[Finding]:
    """One finding a module and kind; the cost is the mean of the seconds that each repetition took.

    A run that did nothing new at all is no matter of its modules: such runs are one finding together.
    """
    again = seen.natural.duplicated(KEY, keep="first")
    within = seen.natural.duplicated([*KEY, "run_id"], keep="first")
    whole = again.groupby(seen.natural["run_id"]).transform("all") & ~within
    kinds = {WITHIN: within, BETWEEN: again & ~within & ~whole}
    return [
        *_whole(seen, seen.natural[whole]),
        *(one for kind, is_it in kinds.items() for one in _of(seen, kind, is_it)),
    ]


def _whole(seen: Seen, rows: pd.DataFrame) -> list[Finding]:
    lost_s, runs = float(busy_s(rows).sum()), rows["run_id"].nunique()
    if lost_s < LEAST_LOST_SECONDS:
        return []
    sentence = f"{runs} runs did only what earlier runs had done on the same data, {lost_s:.1f} s of module time"
    about = About(MINER, WHOLE, WHOLE, sentence, lost_s / len(rows), "seconds", place=NOBODY)
    return [found(rows, about, seen.newest)]


def _of(seen: Seen, kind: str, is_it: pd.Series) -> list[Finding]:
    return [
        found(group, _about(module, kind, group), seen.newest)
        for (module,), group in groups(seen.natural[is_it], ["module"])
        if busy_s(group).sum() >= LEAST_LOST_SECONDS
    ]


def _about(module: str, kind: str, group: pd.DataFrame) -> About:
    seconds, units = float(busy_s(group).sum()), sorted(set(group["strategy"]))
    sentence = f"{module} did the same work again {kind}, {len(group)} times, {seconds:.1f} s ({', '.join(units)})"
    return About(MINER, kind, kind, sentence, seconds / len(group), "seconds")
