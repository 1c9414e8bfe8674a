"""Traces as rows: what one module run did, in the lake's `traces` table."""

import json
from collections.abc import Sequence

import pandas as pd

from modules.runner import CheckResult, Trace


def _check(result: CheckResult) -> dict[str, object]:
    measured = result.check.measured
    return {
        "name": result.name,
        "passed": result.check.passed,
        "measured": None if measured != measured else repr(measured),
        "bound": result.check.bound,
    }


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def trace_rows(traces: Sequence[Trace], unit: str, run_id: str, now_ns: int) -> pd.DataFrame:
    """One row a trace, in run order, with the columns of the lake's `traces`."""
    rows = [
        {
            "run_id": run_id,
            "ts_avail": now_ns,
            "strategy": unit,
            "stage": t.stage,
            "module": t.module,
            "settings_hash": t.settings_hash,
            "settings": _text(t.settings),
            "skills": _text(t.skills),
            "inputs": _text(t.inputs),
            "outputs": _text(t.outputs),
            "rows_in": t.rows_in,
            "rows_out": t.rows_out,
            "rows_refused": t.rows_refused,
            "wall_ns": t.wall_ns,
            "cpu_ns": t.cpu_ns,
            "peak_rss_rise_kb": t.peak_rss_rise_kb,
            "checks": _text([_check(c) for c in t.checks]),
            "warnings": _text(t.warnings),
            "error": t.error,
        }
        for t in traces
    ]
    frame = pd.DataFrame(rows)
    return frame.astype(
        {
            name: "str"
            for name in frame.columns
            if frame[name].dtype == object or str(frame[name].dtype) in ("str", "string")
        }
    )
