"""Any module -> an op; its acceptance checks -> blocking asset checks; a unit of a stage -> one graph asset.

The wiring of a unit, in order (the numbers stand in ARCHITECTURE.md too):
  1. open     pinned inputs, verified by the lake's reader (raw bytes for ingest)
  2. module   one op a module of the chain; validates, runs, hashes, checks, traces
  3. check    one op an acceptance check; the NEXT module waits for it, so a failed check really stops the stage
  4. suite    Great Expectations at the lake's edge, for the tables that have a suite
  5. publish  commits, ledger entry, metadata; reached only when every check passed
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.check_result import CheckBeforePublication
from assets.desk import desk_of
from assets.showing import asset_metadata, check_metadata
from cws.environment import code_hash
from cws.flow import open_flow, step
from cws.lake.suites import SUITES, judge
from cws.publish import publish as publish_unit
from cws.stages import COMMITS, Unit, chain, outputs
from modules.canonical import combined_hash, json_hash
from modules.runner import CheckResult
from modules.settings import Bound
from modules.values import Table

# Ops hand tables on in memory: one process runs a unit, and nothing is ever unpickled.
IN_MEMORY = {"io_manager": dg.mem_io_manager}


@dataclass(frozen=True)
class Wired:
    """A unit's ops inside a graph: where it ends, and its check outputs by check name."""

    result: Any
    checks: dict[str, Any]


@dataclass(frozen=True)
class About:
    """What the UI shows of an asset besides its runs."""

    description: str
    owner: str
    kinds: Sequence[str]
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


def op_name(unit: Unit, what: str) -> str:
    return f"{unit.stage}__{unit.name}__{what}"


def _open_op(unit: Unit, total: int, upstream: Sequence[str]) -> dg.OpDefinition:
    @dg.op(
        name=op_name(unit, "open"),
        description="Read the pinned inputs, verified.",
        ins={name: dg.In(dg.Nothing) for name in upstream},
        required_resource_keys={"desk"},
    )
    def open_unit(context: dg.OpExecutionContext) -> Any:
        desk = desk_of(context)
        desk.progress(unit.stage, unit.name, "open", 0, total)
        return open_flow(desk.house, unit, desk.folder, context.run_id)

    return open_unit


def _module_op(unit: Unit, bound: Bound, done: int, total: int) -> dg.OpDefinition:
    module = bound.module

    @dg.op(
        name=op_name(unit, module.name),
        description=module.__doc__,
        ins={"flow": dg.In(), "checked": dg.In(dg.Nothing)},
        required_resource_keys={"desk"},
        tags={"cws/module": module.name, "cws/judge": module.manifest.judge},
    )
    def run_module(context: dg.OpExecutionContext, flow: Any) -> Any:
        desk = desk_of(context)
        desk.progress(unit.stage, unit.name, module.name, done, total)
        after = step(desk.house, flow, bound, lambda said: desk.progress(unit.stage, unit.name, said, done, total))
        trace = after.traces[-1]
        rows = f"{trace.rows_in} rows in, {trace.rows_out} out, {trace.rows_refused} refused"
        context.log.info(f"{module.name}: {rows}, {trace.wall_ns / 1e6:.1f} ms")
        return after

    return run_module


def _check_op(unit: Unit, bound: Bound, index: int, check_name: str) -> dg.OpDefinition:
    why = bound.module.acceptance[index].why

    @dg.op(name=op_name(unit, check_name), description=why, ins={"flow": dg.In()})
    def report_check(flow: Any) -> Any:
        found: CheckResult = flow.traces[-1].checks[index]
        metadata = check_metadata(found.check)
        return CheckBeforePublication(check_name=check_name, passed=found.check.passed, metadata=metadata)

    return report_check


def _suite_op(unit: Unit, table: str, check_name: str) -> dg.OpDefinition:
    ins = {"flow": dg.In(), "checked": dg.In(dg.Nothing)}

    @dg.op(name=op_name(unit, check_name), description=SUITES[table].why, ins=ins)
    def judge_table(flow: Any) -> Any:
        frames = [frame for name, frame in _closed_outputs(flow).items() if name == table]
        verdict = judge(table, frames[0])
        return CheckBeforePublication(check_name=check_name, passed=verdict.passed, metadata={**verdict.summary})

    return judge_table


def _closed_outputs(flow: Any) -> dict[str, Any]:
    tables = {name: value for name, value in flow.tables.items() if isinstance(value, Table)}
    return {table: frame for table, _, frame in outputs(flow.unit, tables).values()}


def _publish_op(unit: Unit, total: int) -> dg.OpDefinition:
    @dg.op(
        name=op_name(unit, "publish"),
        description="Commit the tables and the quarantine; the ledger entry makes them visible.",
        ins={"flow": dg.In(), "checked": dg.In(dg.Nothing)},
        required_resource_keys={"desk"},
    )
    def publish(context: dg.OpExecutionContext, flow: Any) -> dg.Output[Any]:
        desk = desk_of(context)
        report = publish_unit(desk.house, flow)
        desk.reports(report)
        metadata = asset_metadata(desk, unit, report)  # draws the views too; one that fails is a warning in there
        desk.progress(unit.stage, unit.name, "publish", total, total)
        return dg.Output(report, metadata=metadata, data_version=dg.DataVersion(report.data_version))

    return publish


def check_specs(unit: Unit, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The asset checks of a unit, all blocking: acceptance checks of its chain, then the suites of what it commits."""
    said = {f"{b.module.name}__{a.name}": a.why for b in chain(unit) for a in b.module.acceptance}
    said |= {f"suite__{table}": SUITES[table].why for table in suites_of(unit)}
    return [dg.AssetCheckSpec(name, asset=key, description=why, blocking=True) for name, why in said.items()]


def suites_of(unit: Unit) -> list[str]:
    """The lake tables with a Great Expectations suite that this unit commits."""
    return [table for table in COMMITS[unit.stage].values() if table in SUITES]


def wire(unit: Unit, upstream: Mapping[str, Any]) -> Wired:
    """Compose a unit's ops inside the graph that is being defined."""
    bounds = chain(unit)
    checks: dict[str, Any] = {}
    flow = _open_op(unit, len(bounds), list(upstream)).alias("open")(**upstream)
    waiting: list[Any] = []
    for done, bound in enumerate(bounds):
        flow = _module_op(unit, bound, done, len(bounds)).alias(bound.module.name)(flow=flow, checked=waiting)
        waiting = []
        for index, acceptance in enumerate(bound.module.acceptance):
            name = f"{bound.module.name}__{acceptance.name}"
            checks[name] = _check_op(unit, bound, index, name).alias(name)(flow=flow)
            waiting.append(checks[name])
    for table in suites_of(unit):
        name = f"suite__{table}"
        checks[name] = _suite_op(unit, table, name).alias(name)(flow=flow, checked=waiting)
        waiting = [*waiting, checks[name]]
    return Wired(_publish_op(unit, len(bounds)).alias("publish")(flow=flow, checked=waiting), checks)


def upstream_ins(deps: Sequence[dg.AssetKey]) -> dict[str, dg.AssetIn]:
    """Assets that must be published first; the data itself is read from the lake, pinned."""
    return {f"after_{'_'.join(key.path)}": dg.AssetIn(key=key, dagster_type=dg.Nothing) for key in deps}


def _with_signature(compose: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    # Dagster reads a graph's inputs off the function's parameters, and their number differs per unit.
    kind = inspect.Parameter.KEYWORD_ONLY
    compose.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])  # type: ignore[attr-defined]
    return compose


def asset_key(unit: Unit) -> dg.AssetKey:
    return dg.AssetKey([unit.stage, unit.name])


def stage_asset(unit: Unit, deps: Sequence[dg.AssetKey], about: About) -> dg.AssetsDefinition:
    """One graph asset a unit: its group is its stage, its key is stage/unit, its checks block."""
    key = asset_key(unit)
    specs = check_specs(unit, key)
    ins = upstream_ins(deps)

    def compose(**upstream: Any) -> dict[str, Any]:
        wired = wire(unit, upstream)
        return {"result": wired.result, **{spec.get_python_identifier(): wired.checks[spec.name] for spec in specs}}

    return dg.graph_asset(
        key=key,
        group_name=unit.stage,
        ins=ins,
        check_specs=specs,
        description=about.description,
        kinds=set(about.kinds),
        owners=[about.owner],
        metadata={**about.metadata},
        code_version=_code_version(unit),
    )(_with_signature(compose, list(ins)))


def _code_version(unit: Unit) -> str:
    """Code and settings: the UI marks an asset as out of step when either has changed."""
    bounds = chain(unit)
    code = code_hash(f"{bound.module.stage}/{bound.module.name}" for bound in bounds)
    return combined_hash({"code": code, "settings": json_hash([bound.settings_hash for bound in bounds])})[:19]
