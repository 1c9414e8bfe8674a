"""New targets are executed: once, by whoever made them or by the sensor, and never twice."""

from pathlib import Path

import dagster as dg
import pytest

from cws_dagster.executing import asked

SIZE, EXECUTE = dg.AssetKey(["size", "ts_momentum"]), dg.AssetKey(["execute", "ts_momentum"])


def test_every_strategy_has_a_sensor_that_is_on_and_a_job_of_its_own(definitions: dg.Definitions) -> None:
    for name in ("ts_momentum", "xs_reversal", "btc_intraday"):
        sensor = definitions.resolve_sensor_def(f"execute_{name}")
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
        job = definitions.resolve_job_def(sensor.job_name)
        assert job.asset_layer.executable_asset_keys == {dg.AssetKey(["execute", name])}


@dg.asset(key=SIZE)
def targets() -> None: ...


@dg.asset(key=EXECUTE, deps=[SIZE])
def executed() -> None: ...


@pytest.mark.parametrize(("together", "wanted"), [(False, dg.RunRequest), (True, dg.SkipReason)])
def test_a_materialisation_is_followed_unless_its_own_run_executes(
    definitions: dg.Definitions, together: bool, wanted: type, tmp_path: Path
) -> None:
    both = dg.Definitions([targets, executed])
    with dg.DagsterInstance.ephemeral() as instance:
        job = both.resolve_implicit_global_asset_job_def()
        job.execute_in_process(instance=instance, asset_selection=[SIZE, EXECUTE] if together else [SIZE])
        sensor = definitions.resolve_sensor_def("execute_ts_momentum")
        context = dg.build_sensor_context(instance=instance, sensor_name="execute_ts_momentum")
        found = sensor.evaluate_tick(context)
        assert bool(found.run_requests) == (wanted is dg.RunRequest)
        if found.run_requests:
            (event,) = instance.fetch_materializations(SIZE, limit=1).records
            assert found.run_requests[0].run_key == f"execute-ts_momentum-{event.run_id}"
            again = dg.build_sensor_context(instance=instance, sensor_name="execute_ts_momentum", cursor=found.cursor)
            assert not sensor.evaluate_tick(again).run_requests, "the same targets once"
        (record,) = instance.fetch_materializations(SIZE, limit=1).records
        run = instance.get_run_by_id(record.run_id)
        assert isinstance(asked("ts_momentum", record.event_log_entry, run), wanted)
        assert isinstance(asked("ts_momentum", record.event_log_entry, None), dg.RunRequest), "who made them is unknown"
