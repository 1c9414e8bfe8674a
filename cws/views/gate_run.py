"""MLflow shows batches: a parent run a batch, a child a verdict, in the gate's own experiment.

A lone verdict is a run without a parent; once a batch decides over it, it is that batch's child instead.

The experiment lies below CWS_HOME, which no proposer can reach. Runs are found again by their tags, so that showing a
batch twice draws nothing twice. MLflow is a view: the ledger and the lake are the truth.
"""

from typing import Any

from cws.ablation.record import ALONE, Judged, finding_of
from cws.ablation.told import Row, told, told_alone
from cws.home import Home
from cws.house import House
from cws.views.mlflow_run import artifacts_folder, mlflow_client

EXPERIMENT = "gate"
BATCH, VERDICT, OUTCOME = "cws.batch", "cws.verdict", "cws.outcome"
METRICS = ("p", "p_alone", "effect", "standard_error", "blocks")
NOTE = "What the gate said: a run a verdict, below the run of its batch. Owned by the gate; proposers never see it."
SOURCE = "cws ablate"
PAGE = 1_000


def keep_batches(house: House, now_ms: int) -> int:
    """Bring every batch and every lone verdict into MLflow; returns how many runs were made now, 0 when all were there.

    The caller holds the home's writer lock, or two could be made.
    """
    rows, alone = told(house), told_alone(house)
    if not rows and not alone:
        return 0
    client = mlflow_client(house.home)
    experiment_id = _experiment(client, house.home)
    for torn in client.search_runs([experiment_id], "attributes.status = 'RUNNING'"):
        client.delete_run(torn.info.run_id)
    made = 0
    for batch in dict.fromkeys(row.batch for row in rows):
        own = [row for row in rows if row.batch == batch]
        known = _known(client, experiment_id, BATCH, batch)
        parent = known.get(batch) or _parent(client, experiment_id, batch, own, now_ms)
        made += batch not in known
        for row in own:
            if f"{batch} {row.judged.id}" not in known:
                _verdict(client, experiment_id, parent, row, now_ms)
                made += 1
    known = _known(client, experiment_id, OUTCOME, ALONE)
    # What was shown alone before its batch has a twin there now.
    for earlier in {row.judged.id for row in rows} & known.keys():
        client.delete_run(known[earlier])
    new = [row for row in alone if row.judged.id not in known]
    for row in new:
        _verdict(client, experiment_id, "", row, now_ms)
    return made + len(new)


def _experiment(client: Any, home: Home) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    tags = {"mlflow.experimentKind": "custom_model_development", "mlflow.note.content": NOTE}
    place = (artifacts_folder(home) / EXPERIMENT).as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=place, tags=tags))


def _known(client: Any, experiment_id: str, tag: str, value: str) -> dict[str, str]:
    """What a finished run with that tag shows (a batch, a batch and a verdict, or a lone verdict) -> run id."""
    wanted = f"attributes.status = 'FINISHED' and tags.`{tag}` = '{value}'"
    found: dict[str, str] = {}
    token: str | None = None
    while True:
        page = client.search_runs([experiment_id], wanted, max_results=PAGE, page_token=token)
        for run in page:
            tags = run.data.tags
            found[" ".join(tags[name] for name in (BATCH, VERDICT) if name in tags)] = run.info.run_id
        token = page.token
        if not token:
            return found


def _parent(client: Any, experiment_id: str, batch: str, rows: list[Row], now_ms: int) -> str:
    from mlflow.entities import Metric

    run_id = str(
        client.create_run(
            experiment_id, now_ms, {BATCH: batch, "mlflow.source.name": SOURCE}, f"batch {batch}"
        ).info.run_id
    )
    real, placebo = [row for row in rows if not row.placebo], [row for row in rows if row.placebo]
    counts = {
        "patches": len(real),
        **{outcome: sum(row.outcome == outcome for row in real) for outcome in ("ship", "shadow", "reject")},
        "placebos": len(placebo),
        "placebo_ships": sum(row.outcome != "reject" for row in placebo),
    }
    client.log_batch(run_id, metrics=[Metric(name, float(value), now_ms, 0) for name, value in counts.items()])
    client.set_terminated(run_id, "FINISHED", now_ms)
    return run_id


def _verdict(client: Any, experiment_id: str, parent: str, row: Row, now_ms: int) -> None:
    from mlflow.entities import Metric, Param

    one, verdict = row.judged, row.judged.verdict
    name = f"{one.patch.module} {one.patch.id}{' placebo' if row.placebo else ''}"
    run_id = client.create_run(experiment_id, now_ms, _tags(row, parent), name).info.run_id
    values = {name: getattr(verdict, name) for name in METRICS} | {"m": verdict.variants}
    metrics = [Metric(name, float(value), now_ms, 0) for name, value in values.items() if value is not None]
    client.log_batch(run_id, metrics=metrics, params=[Param(*pair) for pair in _params(one).items()])
    client.set_terminated(run_id, "FINISHED", now_ms)


def _params(one: Judged) -> dict[str, str]:
    module = one.patch.module
    settings = {f"{module}.{key}": str(value) for key, value in one.patch.settings.items()}
    return settings | {f"{module}.skill.{kind}": name for kind, name in one.patch.skills.items()}


def _tags(row: Row, parent: str) -> dict[str, str]:
    one = row.judged
    within = f"Outcome in its batch: {row.outcome}." if parent else "Asked alone: with a p it waits for a batch."
    return {
        **({"mlflow.parentRunId": parent, BATCH: row.batch} if parent else {}),
        "mlflow.source.name": SOURCE,
        VERDICT: one.id,
        "cws.patch": one.patch.id,
        "cws.module": one.patch.module,
        "cws.finding": finding_of(one.patch),
        "cws.proposer": one.patch.proposer or "person",
        "cws.kind": one.verdict.kind.name,
        "cws.reason": one.verdict.reason.name,
        OUTCOME: row.outcome,
        "cws.placebo": str(row.placebo).lower(),
        "mlflow.note.content": f"{one.verdict.kind.name}: {one.verdict.reason}. {within}",
    }
