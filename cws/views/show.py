"""Show a backtest to people once it is published. A view can fail; the pipeline does not, and no hash depends on it."""

from dataclasses import dataclass
from pathlib import Path

from cws.house import House
from cws.publish import Report
from cws.stages import Unit
from cws.views.equity_picture import equity_png, markdown_png, markdown_spark
from cws.views.gate_run import keep_batches
from cws.views.mlflow_run import Run, keep_run
from cws.views.published import Backtest, open_backtest
from cws.views.tearsheet import tearsheet_html

NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class Shown:
    """Pictures as markdown (a small one, and one to click at), the MLflow run, and why something is not there."""

    spark: str = ""
    picture: str = ""
    run: Run | None = None
    warning: str = ""


def show_backtest(house: House, unit: Unit, report: Report) -> Shown:
    """One MLflow run with equity picture and tearsheet per distinct backtest; never raises, says why instead."""
    assert report.stage == "backtest", report.stage
    spark = picture = ""
    try:
        backtest = open_backtest(house, unit, report)
        spark, picture = markdown_spark(backtest.equity), markdown_png(backtest)
        with house.home.writing(f"views of {unit.name}", house.lock_wait_s):
            run = keep_run(house.home, backtest, lambda folder: _draw(backtest, folder), house.clock_ns() // NS_PER_MS)
        return Shown(spark, picture, run)
    except Exception as failure:  # noqa: BLE001 - whatever a view meets (disk, lock, a library), the backtest stands
        return Shown(spark, picture, None, f"{type(failure).__name__}: {failure}".split("\n")[0][:500])


def show_batches(house: House) -> str:
    """Batches and lone verdicts in MLflow's experiment `gate`; never raises, returns why something is not there."""
    try:
        with house.home.writing("views of the gate", house.lock_wait_s):
            keep_batches(house, house.clock_ns() // NS_PER_MS)
    except Exception as failure:  # noqa: BLE001 - whatever a view meets (disk, lock, a library), the batch stands
        return f"{type(failure).__name__}: {failure}".split("\n")[0][:500]
    return ""


def _draw(backtest: Backtest, folder: Path) -> None:
    (folder / "equity.png").write_bytes(equity_png(backtest))
    tearsheet_html(backtest, folder)
