"""MLflow shows backtests: one run per distinct backtest, in the experiment of its strategy.

Distinct means trial key and equity hash: the same question with the same answer is the same run. Looking again moves
its `looks`, its trial count, its deflated Sharpe and its last ledger entry, and draws nothing. MLflow is a view: delete
it, and the next run of a strategy brings its backtest back.
"""

import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cws.home import Home
from cws.stages import Unit, chain
from cws.views.published import Backtest
from modules.settings import Bound

TRIAL, EQUITY = "cws.trial", "cws.equity"
MAX_KEY, MAX_VALUE, MAX_PARAMS = 250, 5000, 100  # MLflow's limits (6000 for a value, 100 params a batch)
# What moves when the same backtest is looked at again; logged at step = looks, so MLflow plots it.
MOVING = ("looks", "trials", "deflated_sharpe", "expected_max_sharpe")


@dataclass(frozen=True)
class Run:
    """Where a backtest is shown; `drawn` says whether its pictures were made now."""

    run_id: str
    experiment_id: str
    drawn: bool

    @property
    def page(self) -> str:
        """The run's address below the MLflow server's."""
        return page_of(self.experiment_id, self.run_id)


def page_of(experiment_id: str, run_id: str) -> str:
    """A run's address below the MLflow server's, without the menus for language models."""
    return f"/#/experiments/{experiment_id}/runs/{run_id}?workflowType=machine_learning"


def tracking_uri(home: Home) -> str:
    return f"sqlite:///{home.mlflow_db}"


def artifacts_folder(home: Home) -> Path:
    return home.folder / "mlflow-artifacts"


def mlflow_client(home: Home) -> Any:
    """MLflow's client of a home's database, quiet and without telemetry."""
    # Read at import: no figure of a desk leaves the machine.
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    from mlflow.tracking import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    home.folder.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri=tracking_uri(home))


def keep_run(home: Home, backtest: Backtest, draw: Callable[[Path], None], now_ms: int) -> Run:
    """Make or update the backtest's run; `draw` fills a folder with its artifacts, once.

    A run that a crash left unfinished is filled again. The caller holds the home's writer lock, or two could be made.
    """
    client = mlflow_client(home)
    experiment_id = experiment_of(client, home, backtest.unit.name, _note(backtest))
    wanted = " and ".join(
        f"tags.`{tag}` = '{value}'" for tag, value in zip((TRIAL, EQUITY), backtest.identity, strict=True)
    )
    found = client.search_runs([experiment_id], wanted, max_results=1)
    run = found[0] if found else _create(client, experiment_id, backtest, now_ms)
    drawn = run.info.status != "FINISHED"
    if drawn:
        with tempfile.TemporaryDirectory(prefix="cws-view-") as folder:
            draw(Path(folder))
            client.log_artifacts(run.info.run_id, folder)
    _log(client, run.info.run_id, backtest, now_ms, tuple(backtest.figures) if drawn else ())
    if drawn:
        client.set_terminated(run.info.run_id, "FINISHED")
    return Run(run.info.run_id, experiment_id, drawn)


def find_run(home: Home, strategy: str, trial: str) -> Run | None:
    """The newest run that shows a trial of a strategy; None without one. Nothing is made where there is no MLflow."""
    if not home.mlflow_db.exists():
        return None
    client = mlflow_client(home)
    experiment = client.get_experiment_by_name(strategy)
    if experiment is None:
        return None
    found = client.search_runs([experiment.experiment_id], f"tags.`{TRIAL}` = '{trial}'", max_results=1)
    return Run(found[0].info.run_id, experiment.experiment_id, False) if found else None


def experiment_of(client: Any, home: Home, name: str, note: str) -> str:
    """The id of the experiment of a strategy, made when it is not there."""
    known = client.get_experiment_by_name(name)
    if known is not None:
        return known.experiment_id
    # Without a kind, the page opens on tools for language models instead of on the runs.
    tags = {"mlflow.experimentKind": "custom_model_development", "mlflow.note.content": note[:MAX_VALUE]}
    return client.create_experiment(name, artifact_location=(artifacts_folder(home) / name).as_uri(), tags=tags)


def _create(client: Any, experiment_id: str, backtest: Backtest, now_ms: int) -> Any:
    from mlflow.entities import Param

    run = client.create_run(
        experiment_id,
        start_time=now_ms,
        tags=_lasting_tags(backtest),
        run_name=f"{backtest.unit.name} {backtest.key[:8]}",
    )
    client.log_batch(run.info.run_id, params=[Param(*pair) for pair in parameters(backtest.unit).items()])
    return run


def _log(client: Any, run_id: str, backtest: Backtest, now_ms: int, lasting: tuple[str, ...]) -> None:
    from mlflow.entities import Metric, RunTag

    values = {**backtest.figures, "looks": float(backtest.looks), "trials": float(backtest.trials)}
    wanted = dict.fromkeys([*lasting, *(name for name in MOVING if name in values)])
    metrics = [Metric(name, values[name], now_ms, backtest.looks if name in MOVING else 0) for name in wanted]
    tags = {"cws.looks": str(backtest.looks), "cws.ledger_index": str(backtest.ledger_index)}
    client.log_batch(run_id, metrics=metrics, tags=[RunTag(*pair) for pair in tags.items()])


def parameters(unit: Unit) -> dict[str, str]:
    """`module.setting` and `module.skill.kind` of every module that decides the backtest, as text, by name."""
    stages = ("feature", "size", "backtest")
    bounds = [bound for stage in stages for bound in chain(Unit(stage, unit.dataset, unit.strategy))]
    found = {name[:MAX_KEY]: value[:MAX_VALUE] for bound in bounds for name, value in _of_module(bound).items()}
    assert len(found) <= MAX_PARAMS, f"{len(found)} parameters are more than MLflow takes in a batch"
    return dict(sorted(found.items()))


def _of_module(bound: Bound) -> dict[str, str]:
    name = bound.module.name
    settings = {f"{name}.{key}": str(value) for key, value in bound.settings.model_dump(mode="json").items()}
    return settings | {f"{name}.skill.{kind}": skill for kind, skill in bound.chosen_skills.items()}


def _lasting_tags(backtest: Backtest) -> dict[str, str]:
    """Lineage: equal for every look at the same backtest, except the ledger entry that was first."""
    body, unit = backtest.body, backtest.unit
    environment = body["environment"]
    assert isinstance(environment, dict)
    data = {
        f"cws.data.{pin.table}/{pin.part}": f"version {pin.version}, {pin.rows} rows, {pin.hash}"
        for pin in backtest.inputs.values()
    }
    return {
        TRIAL: backtest.key,
        EQUITY: backtest.equity_hash,
        "cws.dataset": unit.dataset.name,
        "cws.settings": str(body["trial_settings"]),
        "cws.code": str(body["code"]),
        "cws.environment": str(environment["hash"]),
        "cws.first_ledger_index": str(backtest.ledger_index),
        "cws.caveat": backtest.caveat[:MAX_VALUE],
        "mlflow.source.name": "cws run",
        "mlflow.source.git.commit": str(body["code_version"]),
        "mlflow.note.content": _note(backtest)[:MAX_VALUE],
        **data,
    }


def _note(backtest: Backtest) -> str:
    recipe = backtest.unit.recipe
    return f"**{recipe.title}**\n\n{recipe.why}\n\n**Caveat.** {backtest.caveat}\n\nBacktest on paper."
