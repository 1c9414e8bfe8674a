"""The main job: every strategy through six stages in one Dagster run, then one summary that says what happened."""

import logging
import os
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import DatabaseError

from assets.desk import Desk, Progress, silent
from cws.ablation.shipping import settle_first
from cws.environment import commit, environment
from cws.home import Settings
from cws.house import House, open_house
from cws.publish import Report
from cws.strategies import Catalogue, catalogue
from cws.trace_log import tracing
from cws_dagster.instance import instance_at
from cws_dagster.jobs import keys_of
from cws_dagster.lineage import build
from modules.contract import STAGES
from modules.errors import CwsError

TAGS = {"cws/main_job": "true"}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Outcome:
    """What the main job did: reports of what was published, failed checks and errors of what was not."""

    house: House
    catalogue: Catalogue
    reports: list[Report] = field(default_factory=list[Report])
    checks_passed: Counter[str] = field(default_factory=Counter[str])  # by stage
    failed_checks: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])
    wall_s: float = 0.0

    @property
    def succeeded(self) -> bool:
        return not self.errors and not self.failed_checks


def _materialize(outcome: Outcome, job: dg.JobDefinition, keys: list[dg.AssetKey] | None) -> None:
    home = outcome.house.home
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with _coded_storage_errors(home.dagster), instance_at(home.dagster) as instance:
        os.environ["DAGSTER_HOME"] = str(home.dagster)
        result = job.execute_in_process(
            instance=instance, asset_selection=keys, raise_on_error=False, run_config=QUIET, tags=TAGS
        )
    evaluations = result.get_asset_check_evaluations()
    outcome.checks_passed = Counter(e.asset_key.path[0] for e in evaluations if e.passed)
    outcome.failed_checks = [_failed(evaluation) for evaluation in evaluations if not evaluation.passed]
    outcome.errors = [
        _reason(event) for event in result.get_step_failure_events() if "AssetCheckFailed" not in _reason(event)
    ]


@contextmanager
def _coded_storage_errors(folder: Path) -> Generator[None]:
    """Dagster keeps a log of its own beside the ledger; a full disk may meet that log first."""
    try:
        yield
    except (DatabaseError, OSError) as failure:
        what = str(failure.orig if isinstance(failure, DatabaseError) else failure).split("\n")[0]
        raise CwsError(
            "CWS-JOB-001",
            what=f"Dagster's own storage failed: {what}",
            where=str(folder),
            fix="free space; if it goes on, move this folder away, it is only a view. What was published stands",
        ) from failure


def _failed(evaluation: dg.AssetCheckEvaluation) -> str:
    said = {name: evaluation.metadata[name].value for name in ("measured", "bound") if name in evaluation.metadata}
    figures = f" (measured {said.get('measured', '-')}, bound {said.get('bound', '-')})" if said else ""
    return f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}{figures}"


def _reason(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    cause = error.cause if error is not None and error.cause is not None else error
    text = cause.message.strip().split("\n")[0] if cause is not None else "unknown failure"
    # A refusal speaks for itself; only an unexpected failure needs the name of its class.
    return f"{event.step_key}: {text.removeprefix('modules.errors.CwsError: ')}"


def run(chosen: Settings, names: Sequence[str] = (), progress: Progress = silent) -> Outcome:
    """Materialise `names` (all strategies when empty).

    Raises CWS-HOME-001 when another run holds the home, CWS-JOB-001 when Dagster cannot keep its log.
    """
    started = time.perf_counter()
    house = open_house(chosen)
    settle_first(house, "cws run")
    found = catalogue(chosen.strategies)
    picked = {name: found.strategy(name) for name in names} or dict(found.strategies)
    outcome = Outcome(house, found.model_copy(update={"strategies": picked}))
    # Composing the chains refuses what does not fit together, before anything is written.
    desk = Desk(house, chosen.strategies, progress, outcome.reports.append, chosen.views)
    job = build(found, desk).resolve_job_def("all_job")
    keys = keys_of([*picked.values()]) if names else None
    with house.home.writing("cws run", chosen.lock_wait_s):
        house.ledger.recover()
        house.lake.recover()
        house.ledger.append(
            "run", {"strategies": sorted(picked), "code_version": commit(), "environment": environment()}
        )
        with tracing(house):
            _materialize(outcome, job, keys)
    outcome.reports.sort(key=lambda report: (STAGES.index(report.stage), report.unit))
    outcome.wall_s = time.perf_counter() - started
    return outcome
