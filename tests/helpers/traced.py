"""Made-up traces: a healthy one, and whatever a test changes of it."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

import pandas as pd

from cws.lake.tables import TABLES
from cws.supervisor.seen import Bounds, Declared, Seen

HEALTHY: Mapping[str, Any] = {
    "run_id": "run 1",
    "strategy": "s",
    "unit_stage": "feature",
    "stage": "feature",
    "module": "m",
    "settings": {"window_bars": 5},
    "skills": {},
    "rows_in": 1_000,
    "rows_out": 1_000,
    "rows_refused": 0,
    "wall_ns": 10_000_000,
    "cpu_ns": 10_000_000,
    "peak_rss_rise_kb": 0,
    "checks": [{"name": "keeps_every_row", "passed": True, "measured": None, "bound": ""}],
    "warnings": [],
    "error": "",
    "signature": "",
}
PROFILE = {"p01": -1.0, "p50": 0.0, "p99": 1.0, "nan_share": 0.1, "distinct": 900}
WINDOW = {"m": Declared("value", "signal", {"window_bars": Bounds(2, 60)})}


def failed_check(name: str, measured: str | None = "7.0") -> list[dict[str, Any]]:
    return [{"name": name, "passed": False, "measured": measured, "bound": "<= 6"}]


def profile(column: str = "value", **figures: Any) -> dict[str, Any]:
    return {column: {**PROFILE, **figures}}


def frame(*changes: Mapping[str, Any]) -> pd.DataFrame:
    """Traces in order, each with an input and an output of its own unless it says otherwise."""
    place = count(1)
    rows = []
    for change in changes:
        n = next(place)
        row = {"inputs": {"bars": f"b3:in{n}"}, "outputs": {"signal": f"b3:out{n}"}, "profile": profile()}
        row |= {**HEALTHY, **change}
        row |= {"cpu_ns": change.get("cpu_ns", row["wall_ns"])}
        row |= {"trace_id": f"t{n}", "ts_avail": n, "settings_hash": json.dumps([row["settings"], row["skills"]])}
        text = {
            name: json.dumps(value, sort_keys=True) for name, value in row.items() if isinstance(value, dict | list)
        }
        rows.append(row | {name: value.replace(": ", ":").replace(", ", ",") for name, value in text.items()})
    found = pd.DataFrame(rows)[TABLES["module_traces"].schema.names]
    return found.astype({name: "str" for name in found.columns if found[name].dtype.kind not in "iu"})


def seen(*changes: Mapping[str, Any], modules: Mapping[str, Declared] = WINDOW) -> Seen:
    return Seen(frame(*changes), modules)


def runs(n: int, **change: Any) -> list[dict[str, Any]]:
    """The same change in runs 1 to n."""
    return [{"run_id": f"run {number}", **change} for number in range(1, n + 1)]
