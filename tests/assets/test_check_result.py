"""A check that ran before its asset was published names no materialization, and Dagster still links the two."""

import asyncio

import dagster as dg
import pytest
from dagster._core.loader import LoadingContextForTest

from assets.check_result import CheckBeforePublication

KEY = dg.AssetKey("judged")


@dg.op
def rows() -> int:
    return 1


@dg.op
def judged_check(rows: int):
    return CheckBeforePublication(check_name="positive", passed=rows > 0)


@dg.op(ins={"checked": dg.In(dg.Nothing)})
def published(rows: int) -> int:
    return rows


@dg.graph_asset(key=KEY, check_specs=[dg.AssetCheckSpec("positive", asset=KEY, blocking=True)])
def judged():
    made = rows()
    found = judged_check(made)
    return {"result": published(made, checked=found), "judged_positive": found}


def test_no_run_names_the_publication_of_the_run_before(monkeypatch: pytest.MonkeyPatch) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            result = dg.materialize([judged], instance=instance)
            (evaluation,) = result.get_asset_check_evaluations()
            assert (evaluation.passed, evaluation.target_materialization_data) == (True, None)
        key = dg.AssetCheckKey(KEY, "positive")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        assert asyncio.run(record.targets_latest_materialization(LoadingContextForTest(instance)))
