import fcntl
from pathlib import Path

from publishing import backtest_unit, make_equity, publish

from cws.home import Home
from cws.house import House
from cws.publish import Report
from cws.views.mlflow_run import artifacts_folder
from cws.views.show import show_backtest


def _artifacts(home: Home) -> list[str]:
    return sorted(path.name for path in artifacts_folder(home).rglob("*") if path.is_file())


def test_backtest_is_shown_with_both_pictures_and_the_second_look_draws_nothing(house: House) -> None:
    unit = backtest_unit()
    first = show_backtest(house, unit, publish(house, unit, make_equity(60)))
    assert first.warning == "" and first.run is not None and first.run.drawn
    assert first.spark.startswith("![equity](") and first.picture.startswith("![equity and drawdown](")
    assert _artifacts(house.home) == ["equity.png", "tearsheet.html"]
    written = {path: path.stat().st_mtime_ns for path in artifacts_folder(house.home).rglob("*.*")}
    again = show_backtest(house, unit, publish(house, unit, make_equity(60)))
    assert again.run is not None and not again.run.drawn and again.run.run_id == first.run.run_id
    assert {path: path.stat().st_mtime_ns for path in artifacts_folder(house.home).rglob("*.*")} == written


def _assert_only_a_warning(house: House, report: Report) -> None:
    head, pins = house.ledger.head(), dict(report.pins)
    shown = show_backtest(house, backtest_unit(), report)
    assert shown.run is None and shown.warning
    assert "\n" not in shown.warning and len(shown.warning) <= 500
    assert shown.spark and shown.picture, "what needs no MLflow is shown all the same"
    assert house.ledger.head() == head and report.pins == pins
    house.lake.read(report.pins["equity"])


def test_damaged_database_is_a_warning(house: House) -> None:
    house.home.folder.mkdir(parents=True)
    house.home.mlflow_db.write_bytes(b"this is no database" * 100)
    _assert_only_a_warning(house, publish(house, backtest_unit(), make_equity(60)))


def test_artifacts_that_cannot_be_written_are_a_warning_until_they_can(prepared: House) -> None:
    unit = backtest_unit()
    artifacts_folder(prepared.home).write_text("a file where the folder should be")
    _assert_only_a_warning(prepared, publish(prepared, unit, make_equity(60)))
    artifacts_folder(prepared.home).unlink()
    later = show_backtest(prepared, unit, publish(prepared, unit, make_equity(60)))
    assert later.warning == "" and later.run is not None and later.run.drawn
    assert _artifacts(prepared.home) == ["equity.png", "tearsheet.html"]


def test_home_that_another_process_writes_is_a_warning(prepared: House) -> None:
    report = publish(prepared, backtest_unit(), make_equity(60))
    lock = (prepared.home.folder / "writer.lock").open("r+")
    fcntl.flock(lock, fcntl.LOCK_EX)
    _assert_only_a_warning(prepared, report)
    lock.close()


def test_damaged_lake_is_a_warning_of_the_view_too(house: House) -> None:
    unit = backtest_unit()
    report = publish(house, unit, make_equity(60))
    for path in Path(house.home.lake / "stats").rglob("*.parquet"):
        path.write_bytes(b"")
    shown = show_backtest(house, unit, report)
    assert "CWS-LAKE" in shown.warning and shown.run is None and not shown.picture
