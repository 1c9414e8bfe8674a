"""The supervisor runs after runs and at night, but only when somebody turned it on, and never after itself."""

import dagster as dg
import pytest

from cws_dagster.supervising import CYCLE, JOB, asked


def test_it_has_a_schedule_and_a_sensor_a_way_to_end_all_off(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("supervisor")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED and schedule.job_name == CYCLE
    for name in ("supervisor_after_success", "supervisor_after_failure"):
        sensor = definitions.resolve_sensor_def(name)
        assert sensor.default_status == dg.DefaultSensorStatus.STOPPED and sensor.job_name == JOB


def test_its_jobs_make_the_findings_and_no_other_job_does(definitions: dg.Definitions) -> None:
    makers = [
        job.name
        for job in definitions.resolve_all_job_defs()
        if not job.name.startswith("__")
        and "findings" in {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    ]
    assert sorted(makers) == sorted([JOB, CYCLE])


def test_a_run_is_followed_once_and_its_own_runs_are_not() -> None:
    request = asked("all_job", "abc")
    assert isinstance(request, dg.RunRequest) and request.run_key == "supervisor-abc"
    assert isinstance(asked(JOB, "abc"), dg.SkipReason)


@pytest.mark.parametrize("name", ["supervisor_after_success", "supervisor_after_failure"])
def test_a_sensor_asks_for_the_miners_after_a_run(definitions: dg.Definitions, name: str) -> None:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def some_job() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        ended = some_job.execute_in_process(instance=instance)
        context = dg.build_run_status_sensor_context(
            sensor_name=name,
            dagster_event=ended.get_run_success_event(),
            dagster_instance=instance,
            dagster_run=ended.dagster_run,
        )
        sensor = definitions.resolve_sensor_def(name)
        request = sensor(context)
    assert isinstance(request, dg.RunRequest) and request.tags["cws/supervised_run"] == ended.run_id
