"""Run one bound module: validate every row, call the core, hash, check, trace. The only caller of a core."""

import resource
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import pandas as pd

from modules.contract import Check, Module, namespace
from modules.errors import CwsError
from modules.profile import ColumnProfile, profile
from modules.sealed import Sealed
from modules.settings import Bound
from modules.signature import signature
from modules.unsealing import unseal
from modules.values import RawBytes, Table, checked, make_table

Value: TypeAlias = Table | RawBytes | Sealed
SEALED_STAGE = "backtest"


@dataclass(frozen=True)
class CheckResult:
    name: str
    why: str
    check: Check


@dataclass
class Trace:
    """What one module run did; `error` is empty when it worked. Hashes identify every input and output.

    `profile` is of the primary output, by column; a sealed outcome has none. `signature` says which failure it was.
    """

    module: str
    stage: str
    settings_hash: str
    settings: dict[str, object]
    skills: dict[str, str]
    inputs: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    rows_in: int = 0
    rows_out: int = 0
    rows_refused: int = 0
    wall_ns: int = 0
    cpu_ns: int = 0
    peak_rss_rise_kb: int = 0
    checks: list[CheckResult] = field(default_factory=list[CheckResult])
    warnings: list[str] = field(default_factory=list[str])
    error: str = ""
    signature: str = ""
    profile: dict[str, ColumnProfile] = field(default_factory=dict[str, ColumnProfile])

    @property
    def failed_checks(self) -> list[str]:
        return [result.name for result in self.checks if not result.check.passed]


@dataclass(frozen=True)
class ModuleRun:
    """Outputs by table name (sealed for backtest modules), the trace, and the failure if there was one."""

    outputs: Mapping[str, Value]
    trace: Trace
    failure: Exception | None = None


def _content(value: Value, module: Module, name: str) -> pd.DataFrame | bytes:
    if isinstance(value, RawBytes):
        return value.data
    if isinstance(value, Sealed):
        # Not an assertion: python -O must not open what is sealed.
        if module.stage != SEALED_STAGE:
            raise CwsError(
                "CWS-RUN-002", what="a sealed outcome is not for it", where=module.name, fix="evaluate it first"
            )
        value = unseal(value)
    schema = module.takes[name]
    assert not isinstance(schema, type), f"{module.name} takes raw bytes as {name}"
    # A producer's rows were validated against the same schema already; the shallow copy keeps the input untouched.
    frame = value.frame if value.schema == schema.name else checked(value.frame, schema, module.name)
    return frame.copy(deep=False)


def _outputs(module: Module, result: object) -> dict[str, Table]:
    frames = cast("tuple[pd.DataFrame, ...]", result if isinstance(result, tuple) else (result,))
    assert len(frames) == len(module.gives), f"{module.name} must give {list(module.gives)}"
    return {
        name: make_table(frame, schema, module.name)
        for (name, schema), frame in zip(module.gives.items(), frames, strict=True)
    }


def _conserve(module: Module, trace: Trace) -> None:
    # A filled bar may add rows; a row may leave only through `refused`.
    if "refused" in module.gives and trace.rows_in > trace.rows_out + trace.rows_refused and "raw" not in module.takes:
        raise CwsError(
            "CWS-RUN-001",
            what=f"{trace.rows_in} rows in, {trace.rows_out} out, {trace.rows_refused} refused: rows are missing",
            where=module.name,
            fix="every row that leaves must be given as refused, with a reason",
        )


def _execute(bound: Bound, inputs: Mapping[str, Value], trace: Trace) -> dict[str, Table]:
    module = bound.module
    before = {name: _content(inputs[name], module, name) for name in module.takes}
    result = module._core(*before.values(), bound.settings, **bound.functions())  # pyright: ignore[reportPrivateUsage]
    outputs = _outputs(module, result)
    trace.outputs = {name: table.hash for name, table in outputs.items()}
    primary = next(iter(outputs.values()))
    trace.rows_out = primary.rows
    # Figures of what is sealed would be a result without a trial.
    trace.profile = {} if module.stage == SEALED_STAGE else profile(primary.frame)
    trace.rows_refused = outputs["refused"].rows if "refused" in outputs else 0
    _conserve(module, trace)
    frames = {name: table.frame for name, table in outputs.items()}
    seen_before, seen_after = namespace(before), namespace(frames)
    trace.checks = [CheckResult(a.name, a.why, a(seen_before, seen_after, bound.settings)) for a in module.acceptance]
    return outputs


def run(bound: Bound, inputs: Mapping[str, Value]) -> ModuleRun:
    """Run the module on `inputs` by table name. A failure is returned, not raised, so that the trace survives.

    A failed acceptance check is not a failure of the run: the caller stops on `trace.failed_checks`.
    """
    module = bound.module
    taken = {name: inputs[name] for name in module.takes}
    trace = Trace(
        module=module.name,
        stage=module.stage,
        settings_hash=bound.settings_hash,
        settings=bound.settings.model_dump(mode="json"),
        skills=bound.chosen_skills,
        inputs={name: value.hash for name, value in taken.items()},
        rows_in=next(iter(taken.values())).rows if taken else 0,
    )
    wall, cpu, peak = time.perf_counter_ns(), time.process_time_ns(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outputs: Mapping[str, Value] = {}
    failure: Exception | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            tables = _execute(bound, taken, trace)
            outputs = (
                {name: Sealed(table) for name, table in tables.items()} if module.stage == SEALED_STAGE else tables
            )
        except Exception as error:  # noqa: BLE001  every failure must leave its trace; the caller raises it again
            failure, trace.error, trace.signature = error, f"{type(error).__name__}: {error}", signature(error)
    trace.warnings = sorted({str(warning.message) for warning in caught})[:20]
    trace.wall_ns, trace.cpu_ns = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    trace.peak_rss_rise_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    return ModuleRun(outputs, trace, failure)
