"""MLflow shows each batch once: a parent, a child a verdict, whatever was torn in between."""

from typing import Any

import pytest

from cws.ablation.batch import fresh
from cws.ablation.record import ALONE, Judged, keep_verdict, verdict_rows
from cws.gate.verdict import Kind, Reason, Verdict
from cws.home import Settings
from cws.house import House, open_house
from cws.patches import Patch
from cws.views.gate_run import BATCH, EXPERIMENT, VERDICT, keep_batches
from cws.views.mlflow_run import mlflow_client

PATCH = Patch("winsorize", {"z_max": 4.5}, {"scale": "std_scale"}, finding="f1", proposer="settings_search")
VERDICTS = (
    Verdict(
        Kind.PASS, Reason.BETTER, p=0.001, p_alone=0.0005, batch_p=0.001, effect=0.2, standard_error=0.05, variants=2
    ),
    Verdict(Kind.REJECT, Reason.SCREENED, p_alone=0.6),
)


@pytest.fixture
def house(tmp_path) -> House:
    """One batch of two verdicts, the second a placebo."""
    house = open_house(Settings(home=tmp_path / "home", strategies=tmp_path))
    judged = [Judged(f"v{n}", PATCH, "value", verdict, 0.01) for n, verdict in enumerate(VERDICTS)]
    for one in judged:
        keep_verdict(house, one, [])
    rows = [(judged[0], "ship", False), (judged[1], "reject", True)]
    pin = house.lake.commit("verdicts", "b1", verdict_rows("b1", 1, rows))
    body = {
        "id": "b1",
        "state": vars(fresh()),
        "verdicts": ["v0", "v1"],
        "ship": ["v0"],
        "shadow": [],
        "pin": vars(pin),
    }
    house.ledger.append("batch", body)
    return house


def runs(house: House) -> dict[str, Any]:
    client = mlflow_client(house.home)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    found = client.search_runs([experiment.experiment_id])
    shown = {run.data.tags.get(VERDICT) or run.data.tags[BATCH]: run for run in found}
    assert len(shown) == len(found), "a twin"
    return shown


def test_a_batch_is_a_parent_with_a_child_a_verdict(house: House) -> None:
    assert keep_batches(house, 1_000) == 3
    found = runs(house)
    parent, child = found["b1"], found["v0"]
    assert parent.data.metrics["ship"] == 1.0 and parent.data.metrics["placebos"] == 1.0
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert child.data.params == {"winsorize.z_max": "4.5", "winsorize.skill.scale": "std_scale"}
    assert child.data.metrics["p"] == 0.001 and child.data.metrics["m"] == 2.0
    told = {name: child.data.tags[f"cws.{name}"] for name in ("finding", "proposer", "outcome", "placebo")}
    assert told == {"finding": "f1", "proposer": "settings_search", "outcome": "ship", "placebo": "false"}
    assert "p" not in found["v1"].data.metrics, "a screened patch has no p on confirm folds"


def test_showing_it_again_makes_nothing_and_mends_what_was_torn(house: House) -> None:
    keep_batches(house, 1_000)
    client = mlflow_client(house.home)
    client.update_run(runs(house)["v0"].info.run_id, status="RUNNING")
    assert keep_batches(house, 2_000) == 1, "the torn child, and nothing else"
    assert len(runs(house)) == 3 and keep_batches(house, 3_000) == 0


def test_no_batch_is_too_old_to_be_found_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many runs there are: a page holds one here, and the first batch is behind three of them."""
    monkeypatch.setattr("cws.views.gate_run.PAGE", 1)
    keep_batches(house, 1_000)
    late = Judged("v2", PATCH, "value", VERDICTS[0], 0.01)
    keep_verdict(house, late, [])
    pin = house.lake.commit("verdicts", "b2", verdict_rows("b2", 1, [(late, "reject", False)]))
    body = {"id": "b2", "state": vars(fresh()), "verdicts": ["v2"], "ship": [], "shadow": [], "pin": vars(pin)}
    house.ledger.append("batch", body)
    assert keep_batches(house, 2_000) == 2 and keep_batches(house, 3_000) == 0
    assert len(runs(house)) == 5


def test_a_lone_verdict_is_a_run_of_its_own_until_a_batch_decides_over_it(house: House) -> None:
    lone = Judged("v2", PATCH, "value", VERDICTS[0], 0.01)
    keep_verdict(house, lone, [])
    house.lake.commit("verdicts", "v2", verdict_rows("", 1, [(lone, ALONE, False)]))
    assert keep_batches(house, 1_000) == 4 and keep_batches(house, 2_000) == 0
    tags = runs(house)["v2"].data.tags
    assert tags["cws.outcome"] == ALONE and not {BATCH, "mlflow.parentRunId"} & tags.keys()
    pin = house.lake.commit("verdicts", "b2", verdict_rows("b2", 1, [(lone, "shadow", False)]))
    body = {"id": "b2", "state": vars(fresh()), "verdicts": ["v2"], "ship": [], "shadow": ["v2"], "pin": vars(pin)}
    house.ledger.append("batch", body)
    assert keep_batches(house, 3_000) == 2 and keep_batches(house, 4_000) == 0
    found = runs(house)
    assert found["v2"].data.tags["mlflow.parentRunId"] == found["b2"].info.run_id


def test_an_empty_home_makes_no_database(tmp_path) -> None:
    house = open_house(Settings(home=tmp_path / "home", strategies=tmp_path))
    assert keep_batches(house, 1) == 0 and not house.home.mlflow_db.exists()
