"""MLflow shows a batch: one parent run; its best, median and worst set as children; all rows as one Parquet file.

A batch is one run however often it is shown: the tags name it, and a run that a crash left unfinished is filled again.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cws.batch.run import Batch
from cws.house import House
from cws.views.batch_rows import best_by, write_rows
from cws.views.heat_picture import heat_png
from cws.views.mlflow_run import MAX_KEY, MAX_VALUE, experiment_of, mlflow_client, page_of

BATCH, SET = "cws.batch", "cws.set"
SHOWN = ("best", "median", "worst")
FIGURES = (
    *("sharpe_per_bar", "sharpe", "total_return", "max_drawdown", "final_usd", "turnover_usd", "cost_usd"),
    *("order_count", "bar_count", "skew", "kurtosis"),
)
NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class BatchShown:
    """Where the heat map and the MLflow run are, and why something is not there."""

    heat_path: str = ""
    page: str = ""
    warning: str = ""


def show_batch(house: House, batch: Batch, views: str) -> BatchShown:
    """Never raises, says why instead: a view can fail, the batch stands."""
    heat_path = ""
    if views != "on":
        return BatchShown()
    try:
        heat_path = str(_heat(house, batch) or "")
        with house.home.writing(f"views of {batch.plan.id}", house.lock_wait_s):
            return BatchShown(heat_path, _keep(house, batch, heat_path))
    except Exception as failure:  # noqa: BLE001 - whatever a view meets (disk, lock, a library), the batch stands
        return BatchShown(heat_path, "", f"{type(failure).__name__}: {failure}".split("\n")[0][:500])


def _heat(house: House, batch: Batch) -> Path | None:
    """The picture in the home's folder of views; none where no two settings vary."""
    by_name = {axis.name: axis for axis in batch.plan.grid.axes}
    if len(batch.heat) != 2:
        return None
    first, second = batch.heat
    # Two batches of one recipe are told apart by their hash, two pictures of one batch by their settings.
    path = house.home.views / f"{batch.plan.id}.{first}.{second}.png"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = heat_png(batch, (by_name[first], by_name[second]), best_by(house, batch, (first, second)))
        path.write_bytes(picture)
    return path


def _keep(house: House, batch: Batch, heat_path: str) -> str:
    """The batch's run and its children, made or completed; returns the page of the parent."""
    client, now_ms = mlflow_client(house.home), house.clock_ns() // NS_PER_MS
    experiment_id = experiment_of(client, house.home, batch.plan.counted_as, _note(batch))
    parent = _run(client, experiment_id, batch, "batch", now_ms, {})
    if parent.info.status != "FINISHED":
        with tempfile.TemporaryDirectory(prefix="cws-view-") as folder:
            rows = Path(folder) / "rows.parquet"
            write_rows(house, batch, rows)
            client.log_artifact(parent.info.run_id, str(rows))
        _log(client, parent.info.run_id, _grid_params(batch), _parent_figures(batch), now_ms)
        for name in (name for name in SHOWN if name in batch.body):
            _child(client, experiment_id, batch, name, parent.info.run_id, now_ms)
        client.set_terminated(parent.info.run_id, "FINISHED")
    if heat_path:
        client.log_artifact(parent.info.run_id, heat_path)
    return page_of(experiment_id, parent.info.run_id)


def _run(client: Any, experiment_id: str, batch: Batch, name: str, now_ms: int, tags: Mapping[str, str]) -> Any:
    wanted = f"tags.`{BATCH}` = '{batch.plan.id}' and tags.`{SET}` = '{name}'"
    found = client.search_runs([experiment_id], wanted, max_results=1)
    if found:
        return found[0]
    own = {BATCH: batch.plan.id, SET: name, **_lineage(batch), **tags}
    title = f"{batch.plan.recipe.name} {name} {batch.plan.id[-16:][:8]}"
    return client.create_run(experiment_id, start_time=now_ms, tags=own, run_name=title)


def _child(client: Any, experiment_id: str, batch: Batch, name: str, parent_id: str, now_ms: int) -> None:
    row = batch.body[name]
    tags = {"mlflow.parentRunId": parent_id, "cws.trial": row["key"], "cws.set_number": str(row["set"])}
    run = _run(client, experiment_id, batch, name, now_ms, tags)
    params = {**row["values"], **({"symbol": row["symbol"]} if row["symbol"] else {})}
    figures = {figure: row[figure] for figure in FIGURES}
    if name == "best":
        figures |= batch.body["best_in_full"]
    _log(client, run.info.run_id, params, figures, now_ms)
    client.set_terminated(run.info.run_id, "FINISHED")


def _log(client: Any, run_id: str, params: Mapping[str, object], figures: Mapping[str, Any], now_ms: int) -> None:
    from mlflow.entities import Metric, Param

    client.log_batch(
        run_id,
        params=[Param(name[:MAX_KEY], str(value)[:MAX_VALUE]) for name, value in params.items()],
        metrics=[Metric(name, float(value), now_ms, 0) for name, value in figures.items() if value is not None],
    )


def _grid_params(batch: Batch) -> dict[str, object]:
    return {f"grid.{name}": words for name, words, _ in batch.body["grid"]}


def _parent_figures(batch: Batch) -> dict[str, Any]:
    body, measured = batch.body, batch.body["measured"]
    told = {f"{name}_sharpe_per_bar": body[name]["sharpe_per_bar"] for name in SHOWN if name in body}
    counts = {"sets": body["sets"], "failed": body["failed"], "trials": body["trials"]}
    speed = {"backtests_per_second": measured["per_second"], "backtests_per_day": measured["per_day"]}
    judges = {
        f"{judge}.{name}": value
        for judge, said in body["judges"].items()
        for name, value in said.items()
        if isinstance(value, float)
    }
    deflated = {"deflated_sharpe": body["best_in_full"].get("deflated_sharpe")}
    return {**told, **counts, **speed, **deflated, **judges}


def _lineage(batch: Batch) -> dict[str, str]:
    """Equal for every look at the same batch."""
    body = batch.body
    return {
        "cws.dataset": body["dataset"],
        "cws.code": body["code"],
        "cws.environment": str(body["environment"]["hash"]),
        "cws.ledger_index": str(batch.ledger_index),
        "cws.rows_hash": body["rows_hash"],
        "mlflow.source.name": "cws backtest",
        "mlflow.source.git.commit": body["code_version"],
        "mlflow.note.content": _note(batch)[:MAX_VALUE],
    }


def _note(batch: Batch) -> str:
    recipe = batch.plan.recipe
    caveat = " ".join(text for text in (recipe.caveat, batch.plan.dataset.caveat) if text)
    return f"**{recipe.title}**\n\n{recipe.why}\n\n**Caveat.** {caveat}\n\nBacktests on paper."
