"""Settings that do nothing: limits that stopped binding or never do, values at a bound, values never tried.

A module did nothing in a run when it gave back, byte for byte, a table that it took.
"""

import json
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from cws.supervisor.findings import About, Finding, found
from cws.supervisor.seen import STEP, Bounds, Seen, groups

MINER = "settings"
# Fewer versions of data, or runs, say nothing of what a setting would do on others.
LEAST_VERSIONS, LEAST_RUNS = 5, 2
BADNESS = {"stopped": 10.0, "idle": 0.5, "at a bound": 2.0, "never tried": 0.1}


def mine(seen: Seen) -> list[Finding]:
    """Findings of the kinds in BADNESS: per step for the first and third, per module for the others."""
    natural = seen.natural.assign(idle=[_did_nothing(seen, place) for place in seen.natural.index])
    found_here = [_stopped(seen, step, group) for step, group in groups(natural, STEP)]
    found_here += [_at_a_bound(seen, step, group) for step, group in groups(natural, STEP)]
    for module in sorted(set(natural["module"])):
        group = natural[natural["module"] == module]
        found_here += [_idle(seen, module, group), _never_tried(seen, module, group)]
    return [finding for several in found_here for finding in several]


def _did_nothing(seen: Seen, place: Hashable) -> bool:
    taken, given = seen.told["inputs"][place], seen.told["outputs"][place]
    return any(taken.get(name) == digest for name, digest in given.items())


def _finding(seen: Seen, evidence: pd.DataFrame, kind: str, signature: str, said: str, names: list[str]) -> Finding:
    """It holds for as many steps as the newest runs show it in, however often they were run."""
    steps = evidence.loc[evidence["trace_id"].isin(seen.newest), STEP].drop_duplicates()
    about = About(MINER, kind, signature, said, BADNESS[kind], "badness", names, frequency=max(1, len(steps)))
    return found(evidence, about, seen.newest)


def _changes(seen: Seen, group: pd.DataFrame) -> list[str]:
    """The settings and skills that have had more than one value in these traces."""
    told = [seen.choices(place) for place in group.drop_duplicates("settings_hash").index]
    names = sorted({name for one in told for name in one})
    return [name for name in names if len({json.dumps(one.get(name)) for one in told}) > 1]


def _stopped(seen: Seen, step: tuple[str, ...], group: pd.DataFrame) -> list[Finding]:
    """It changed its input under earlier settings, and never under the present ones."""
    unit, unit_stage, module = step
    now = group["settings_hash"] == group["settings_hash"].iloc[-1]
    if now.all() or not group.loc[now, "idle"].all() or group.loc[~now, "idle"].all():
        return []
    names = _changes(seen, group)
    said = f"{module} ({unit_stage} of {unit}) no longer changes anything since {', '.join(names)} changed"
    return [_finding(seen, group[now], "stopped", f"{unit}/{unit_stage}", said, names)]


def _idle(seen: Seen, module: str, group: pd.DataFrame) -> list[Finding]:
    """It never changed or refused anything, whatever it was given."""
    versions = group["inputs"].nunique()
    if versions < LEAST_VERSIONS or group["run_id"].nunique() < LEAST_RUNS or not group["idle"].all():
        return []
    said = f"{module} never changed or refused anything in {versions} versions of its data"
    return [_finding(seen, group, "idle", "idle", said, seen.numbers_of(module))]


def _at_a_bound(seen: Seen, step: tuple[str, ...], group: pd.DataFrame) -> list[Finding]:
    """A number that was elsewhere before and now lies on a bound: whoever moved it was stopped by the wall."""
    unit, unit_stage, module = step
    declared = seen.modules.get(module)
    last = seen.told["settings"][group.index[-1]]
    stuck = [
        name
        for name in _changes(seen, group)
        if declared is not None and name in declared.bounds and _on_bound(last.get(name), declared.bounds[name])
    ]
    evidence = group[group["settings_hash"] == group["settings_hash"].iloc[-1]]
    said = f"{module} ({unit_stage} of {unit}): {{name}} = {{value}} lies on its bound, and was elsewhere before"
    return [
        _finding(seen, evidence, "at a bound", f"{unit}/{unit_stage}/{name}",
                 said.format(name=name, value=last[name]), [name])
        for name in stuck
    ]  # fmt: skip


def _on_bound(value: Any, bounds: Bounds) -> bool:
    return isinstance(value, int | float) and value in (bounds.least, bounds.largest)


def _never_tried(seen: Seen, module: str, group: pd.DataFrame) -> list[Finding]:
    """Numbers of a module judged by value that have had one value on every version of data."""
    declared = seen.modules.get(module)
    if declared is None or declared.judge != "value" or group["run_id"].nunique() < LEAST_RUNS:
        return []
    versions, tried = group["inputs"].nunique(), _values(group)
    names = [name for name in sorted(declared.bounds) if len(tried.get(name, ())) == 1]
    if versions < LEAST_VERSIONS or not names:
        return []
    said = f"{module}: no other value of {', '.join(names)} was tried in {versions} versions of its data"
    return [_finding(seen, group, "never tried", "never tried", said, names)]


def _values(group: pd.DataFrame) -> Mapping[str, set[str]]:
    values: dict[str, set[str]] = {}
    for text in group["settings"].drop_duplicates():
        for name, value in json.loads(text).items():
            values.setdefault(name, set()).add(json.dumps(value))
    return values
