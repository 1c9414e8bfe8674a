"""Identical work done again: the same module on the same inputs with the same settings, a shortcut that was missed."""

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import Seen, groups

MINER = "repeated"
KEY = ["module", "settings_hash", "inputs"]
# Looking work up costs a read of the lake: below half a second in all there is nothing to win.
LEAST_LOST_SECONDS = 0.5


def mine(seen: Seen) -> list[Finding]:
    """One finding a module and kind; the cost is the mean of the seconds that each repetition took."""
    again = seen.natural[seen.natural.duplicated(KEY, keep="first")]
    within = seen.natural.duplicated([*KEY, "run_id"], keep="first").loc[again.index]
    rows = again.assign(kind=within.map({True: "within a run", False: "between runs"}))
    return [
        found(group, _about(module, kind, group), seen.newest)
        for (module, kind), group in groups(rows, ["module", "kind"])
        if group["wall_ns"].sum() >= LEAST_LOST_SECONDS * 1e9
    ]


def _about(module: str, kind: str, group: pd.DataFrame) -> About:
    seconds, units = group["wall_ns"].sum() / 1e9, sorted(set(group["strategy"]))
    sentence = f"{module} did the same work again {kind}, {len(group)} times, {seconds:.1f} s ({', '.join(units)})"
    return About(MINER, kind, kind, sentence, seconds / len(group), "seconds")
