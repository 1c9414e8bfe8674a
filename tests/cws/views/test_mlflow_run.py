from pathlib import Path
from typing import Any

import pytest
from publishing import CLOCK_NS, backtest_unit, make_equity, publish

from cws.house import House
from cws.stages import Unit
from cws.views.mlflow_run import Run, find_run, keep_run, parameters, tracking_uri
from cws.views.published import open_backtest
from modules.registry import load

NOW_MS = CLOCK_NS // 1_000_000


class Drawing:
    """Draws a file and counts how often it was asked to."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, folder: Path) -> None:
        self.times += 1
        (folder / "equity.png").write_bytes(b"drawn")


def _keep(house: House, unit: Unit, draw: Any, **asked: Any) -> Run:
    equity = asked.pop("equity", make_equity(30))
    return keep_run(house.home, open_backtest(house, unit, publish(house, unit, equity, **asked)), draw, NOW_MS)


def _client(house: House) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri(house.home))


def _runs(house: House, name: str) -> list[Any]:
    client = _client(house)
    return list(client.search_runs([client.get_experiment_by_name(name).experiment_id]))


def test_one_run_per_distinct_backtest(
    prepared: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    unit, draw = backtest_unit(), Drawing()
    first = _keep(prepared, unit, draw)
    again = _keep(prepared, unit, draw, deflated=0.25)
    assert (first.drawn, again.drawn, draw.times) == (True, False, 1)
    assert again.run_id == first.run_id

    run = _client(prepared).get_run(first.run_id)
    index = max(entry.index for entry in prepared.ledger.entries("stage"))
    assert (run.data.tags["cws.looks"], run.data.tags["cws.ledger_index"]) == ("2", str(index))
    assert int(run.data.tags["cws.first_ledger_index"]) < index
    history = {
        name: _client(prepared).get_metric_history(first.run_id, name)
        for name in ("looks", "deflated_sharpe", "sharpe")
    }
    assert {name: [(m.step, m.value) for m in points] for name, points in history.items()} == {
        "looks": [(1, 1.0), (2, 2.0)],
        "deflated_sharpe": [(1, 0.5), (2, 0.25)],
        "sharpe": [(0, 0.7)],
    }

    # The same question with another answer, and another question: both are distinct.
    other = [_keep(prepared, unit, draw, equity=make_equity(30, seed=1)), _keep(prepared, unit, draw, key="q" * 32)]
    assert len({first.run_id, *(run.run_id for run in other)}) == 3 == len(_runs(prepared, unit.name))
    assert not list((tmp_path / "elsewhere").iterdir()), "MLflow left files in the working folder"
    assert capfd.readouterr() == ("", "")


def test_run_carries_settings_lineage_and_caveat(prepared: House) -> None:
    unit = backtest_unit()
    run = _client(prepared).get_run(_keep(prepared, unit, Drawing()).run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == parameters(unit)
    assert run.data.params["performance.bars_per_year"] == "252.0"
    assert run.data.params["rank_to_weight.skill.schedule"].startswith("weekly@")
    assert "calmar" not in run.data.metrics, "what is not finite is not a metric"
    assert run.data.metrics["sharpe_low"] == -0.5
    entry = prepared.ledger.entries("stage")[-1].body
    tags = run.data.tags
    assert tags["cws.data.ohlcv/us_large_caps"].endswith(str(entry["outputs"]["equity"]["hash"]))  # type: ignore[index]
    assert tags["cws.environment"] == entry["environment"]["hash"]  # type: ignore[index]
    assert (tags["cws.settings"], tags["cws.code"], tags["cws.trial"]) == ("b3:settings", "b3:code", "k" * 32)
    assert tags["cws.equity"] == entry["outputs"]["equity"]["hash"]  # type: ignore[index]
    assert not {"cws.result", "cws.backtest"} & set(tags), "said once: by the trial and the equity, and by the note"
    assert tags["mlflow.note.content"].endswith("Backtest on paper.")
    assert unit.recipe.caveat in tags["cws.caveat"] and unit.recipe.caveat in tags["mlflow.note.content"]
    artifact = prepared.home.folder / "mlflow-artifacts" / unit.name / run.info.run_id / "artifacts" / "equity.png"
    assert artifact.read_bytes() == b"drawn"


def test_parameters_name_every_setting_that_decides_the_backtest() -> None:
    unit = backtest_unit()
    found = parameters(unit)
    for stage in ("feature", "size", "backtest"):
        for name in unit.recipe.chain(stage):
            assert {f"{name}.{field}" for field in load(name).settings_type.model_fields} <= set(found)
    assert not any(name.startswith(("paper_fill.", "to_utc_ns.")) for name in found)


def test_run_that_a_crash_left_unfinished_is_filled_again(prepared: House) -> None:
    def die(_: Path) -> None:
        raise OSError(28, "No space left on device")

    unit, draw = backtest_unit(), Drawing()
    with pytest.raises(OSError, match="No space"):
        _keep(prepared, unit, die)
    filled = _keep(prepared, unit, draw)
    assert filled.drawn and draw.times == 1
    (run,) = _runs(prepared, unit.name)
    assert run.info.run_id == filled.run_id and run.info.status == "FINISHED"


def test_each_strategy_has_its_experiment_and_nothing_is_sent(house: House) -> None:
    runs = [_keep(house, backtest_unit(name), Drawing()) for name in ("xs_reversal", "btc_intraday")]
    assert len({run.experiment_id for run in runs}) == 2
    assert runs[0].page.startswith(f"/#/experiments/{runs[0].experiment_id}/runs/{runs[0].run_id}?")
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()


def test_the_run_of_a_trial_is_found_and_none_is_made_by_looking(prepared: House) -> None:
    made = _keep(prepared, backtest_unit(), Drawing())
    shown = find_run(prepared.home, "xs_reversal", "k" * 32)
    assert shown is not None and (shown.run_id, shown.page) == (made.run_id, made.page)
    assert find_run(prepared.home, "xs_reversal", "other") is None
    assert find_run(prepared.home, "no_such_strategy", "k" * 32) is None


def test_a_home_without_mlflow_has_no_run_and_gets_no_database(house: House) -> None:
    assert find_run(house.home, "xs_reversal", "k" * 32) is None
    assert not house.home.mlflow_db.exists()
