"""Traces as rows: what one module run did, gathered while a run goes on, then rows of the lake's `module_traces`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from modules.canonical import json_hash
from modules.runner import CheckResult, Trace

ID_CHARACTERS = 16
MAX_WAITING = 100_000
# The first word of the id of a run that does work again on purpose.
REPRODUCED = "reproduce"


@dataclass(frozen=True)
class Gathered:
    """A trace with where it was made: `unit` is the dataset's or strategy's name, `unit_stage` what it was made for.

    `unit_stage` and the module's own stage differ where a backtest runs sizing modules.
    """

    trace: Trace
    run_id: str
    unit: str
    unit_stage: str
    ts_ns: int


@dataclass
class TraceBuffer:
    """What a run has traced and not yet committed. Lost with its process, and nothing else is."""

    waiting: list[Gathered] = field(default_factory=list[Gathered])

    def add(self, gathered: Gathered) -> None:
        """Raises AssertionError beyond MAX_WAITING: somebody runs modules and never commits their traces."""
        assert len(self.waiting) < MAX_WAITING, "run modules inside cws.trace_log.tracing"
        self.waiting.append(gathered)

    def drain(self) -> list[Gathered]:
        """Everything so far, in run order; the buffer is empty afterwards."""
        taken, self.waiting = self.waiting, []
        return taken


def _check(result: CheckResult) -> dict[str, object]:
    return {
        "name": result.name,
        "passed": result.check.passed,
        "measured": _number(result.check.measured),
        "bound": result.check.bound,
    }


def _number(value: float) -> str | None:
    """Text keeps every bit; JSON knows no NaN."""
    return None if value != value else repr(value)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _profile(trace: Trace) -> dict[str, dict[str, object]]:
    return {
        name: {key: None if value != value else value for key, value in asdict(column).items()}
        for name, column in trace.profile.items()
    }


def _row(gathered: Gathered, place: int) -> dict[str, Any]:
    trace = gathered.trace
    identity = [gathered.run_id, gathered.unit, gathered.unit_stage, trace.module, place, gathered.ts_ns]
    return {
        "trace_id": json_hash(identity).removeprefix("b3:")[:ID_CHARACTERS],
        "run_id": gathered.run_id,
        "ts_avail": gathered.ts_ns,
        "strategy": gathered.unit,
        "unit_stage": gathered.unit_stage,
        "stage": trace.stage,
        "module": trace.module,
        "settings_hash": trace.settings_hash,
        "settings": _text(trace.settings),
        "skills": _text(trace.skills),
        "inputs": _text(trace.inputs),
        "outputs": _text(trace.outputs),
        "rows_in": trace.rows_in,
        "rows_out": trace.rows_out,
        "rows_refused": trace.rows_refused,
        "wall_ns": trace.wall_ns,
        "cpu_ns": trace.cpu_ns,
        "peak_rss_rise_kb": trace.peak_rss_rise_kb,
        "checks": _text([_check(c) for c in trace.checks]),
        "warnings": _text(trace.warnings),
        "error": trace.error,
        "signature": trace.signature,
        "profile": _text(_profile(trace)),
    }


def trace_rows(gathered: Sequence[Gathered]) -> pd.DataFrame:
    """One row a trace, in run order, with the columns of the lake's `module_traces`."""
    frame = pd.DataFrame([_row(one, place) for place, one in enumerate(gathered)])
    return frame.astype({name: "str" for name in frame.columns if frame[name].dtype.kind not in "iu"})
