"""A set of a batch is made again alone: the bytes that the batch kept, or what differs. Nothing is looked at anew."""

import json
from typing import Any

import pandas as pd
import pytest
from batching import SWEEP, batch_of, rows_of, write_sweep
from small_house import Place

import cws.batch.again
import cws.batch.strategy_work
import cws.batch.sweep_work
import cws.trial_batches
from cws import reproduce as subject
from cws.batch.conclusion import conclusion
from cws.batch.run import Batch
from cws.batch.work import Rows
from cws.environment import environment
from cws.reproduce import Reproduction, reproduce
from cws.trials import distinct
from modules.errors import CwsError

TABLES = {"key", "row", "returns"}


def again(place: Place, wanted: str) -> Reproduction:
    return reproduce(place.house(), wanted, place.strategies)


def key_of(place: Place, batch: Batch, number: int) -> str:
    return str(rows_of(place.house(), batch).loc[number, "key"])


def test_every_set_has_the_bytes_that_the_batch_kept_and_counts_nothing(executed: Place) -> None:
    batch = batch_of(executed)
    entries, looks = executed.house().ledger.head().entries, distinct(executed.house().ledger)["looks"].tolist()
    for number in (0, 3, 5):
        found = again(executed, key_of(executed, batch, number))
        assert (found.same, found.differs, found.changed, found.cells) == (True, [], [], []), number
        assert set(found.hashes) == TABLES and found.ledger_index == batch.ledger_index
        assert found.strategy == "small_reversal"
    assert executed.house().ledger.head().entries == entries
    assert distinct(executed.house().ledger)["looks"].tolist() == looks


def test_it_is_made_from_what_the_entry_names_and_not_from_today_s_files(executed: Place) -> None:
    batch = batch_of(executed)
    executed.edit(executed.strategy, '"capacity_cap", ', "")
    assert again(executed, key_of(executed, batch, 0)).same
    executed.strategy.unlink()
    assert again(executed, key_of(executed, batch, 0)).same


def test_a_copy_s_set_is_made_under_the_name_that_it_counts_as(executed: Place) -> None:
    elsewhere = executed.folder / "fresh_start.toml"
    elsewhere.write_text(executed.strategy.read_text().replace("cost_bps = 5.0", "cost_bps = 4.0"))
    batch = batch_of(executed, str(elsewhere))
    elsewhere.unlink()
    found = again(executed, key_of(executed, batch, 0))
    assert found.same and (found.strategy, batch.body["recipe"]) == ("small_reversal", "fresh_start")


@pytest.mark.parametrize("named", [4_096, 3])
def test_a_sweep_s_set_of_one_symbol(executed: Place, monkeypatch: pytest.MonkeyPatch, named: int) -> None:
    monkeypatch.setattr(cws.trial_batches, "MAX_NAMED", named)
    write_sweep(executed)
    batch = batch_of(executed, "small_cross", "", chunk_sets=8)
    entries = executed.house().ledger.head().entries
    for number in (0, 7, 9, 17):
        found = again(executed, key_of(executed, batch, number)[:10])
        assert (found.same, found.differs, found.changed) == (True, [], []) and set(found.hashes) == TABLES
    assert found.strategy == "sweep_small" and executed.house().ledger.head().entries == entries


def test_a_batch_without_returns_is_compared_by_its_rows(executed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws.batch.plan.RETURNS_SETS", 5)
    batch = batch_of(executed)
    found = again(executed, key_of(executed, batch, 1))
    assert found.same and set(found.hashes) == {"key", "row"}


@pytest.mark.parametrize("kind", ["strategy", "sweep"])
def test_a_row_that_says_something_else_is_noticed(executed: Place, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    write_sweep(executed)
    worker = {"strategy": cws.batch.strategy_work.StrategyWorker, "sweep": cws.batch.sweep_work.SweepWorker}[kind]
    real = worker._rows

    def prettier(*given: Any) -> Rows:
        made = real(*given)
        made.rows.loc[made.rows["set"] == 2, "final_usd"] += 0.01
        other = made.returns["key"] == made.rows.loc[made.rows["set"] == 5, "key"].iloc[0]
        made.returns.loc[made.returns.index[other][-1:], "ret"] += 1e-9
        return made

    with monkeypatch.context() as lying:
        lying.setattr(worker, "_rows", prettier)
        batch = batch_of(executed, *(("small_cross", "") if kind == "sweep" else ()), chunk_sets=18)
    found = again(executed, key_of(executed, batch, 2))
    assert (found.same, found.differs, found.changed) == (False, ["row"], [])
    (cell,) = found.cells
    assert cell.startswith("final_usd: ") and cell.endswith(" now")
    assert again(executed, key_of(executed, batch, 5)).differs == ["returns"]
    assert again(executed, key_of(executed, batch, 3)).same


def test_a_stored_row_that_was_changed_on_disk_is_noticed(executed: Place) -> None:
    batch = batch_of(executed, chunk_sets=6)
    key = key_of(executed, batch, 2)
    (path,) = (executed.house().lake.folder / "batches").rglob("*.parquet")
    rows = pd.read_parquet(path)
    rows["final_usd"] = rows["final_usd"] + 0.01
    path.chmod(0o644)
    rows.to_parquet(path)
    with pytest.raises(CwsError, match="CWS-LAKE-") as refusal:
        again(executed, key)
    assert path.name in str(refusal.value)


def test_another_trial_is_named_and_never_opened(executed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of(executed)
    key, entries = key_of(executed, batch, 1), executed.house().ledger.head().entries
    monkeypatch.setattr("cws.flow.code_hash", lambda modules: "b3:other")
    monkeypatch.setattr(cws.batch.again, "code_of", lambda recipe: "b3:other")
    monkeypatch.setattr(subject, "environment", lambda: {**environment(), "python": "3.11.0"})
    monkeypatch.setattr(cws.batch.again, "evaluate_batch", lambda *given: pytest.fail("opened"))
    found = again(executed, key)
    assert (found.same, found.differs, found.hashes) == (False, ["key"], {"key": key})
    assert [change.split(":")[0] for change in found.changed] == ["environment python", "code"]
    assert executed.house().ledger.head().entries == entries


def test_an_entry_names_a_set_where_it_has_one(executed: Place) -> None:
    batch = batch_of(executed, grid="reversal_5d.window_bars=3, cost_bps=2")
    (span,) = cws.trial_batches.spans(executed.house().ledger)
    found = [again(executed, str(index)) for index in (span.index, batch.ledger_index)]
    assert [one.same for one in found] == [True, True] and found[0] == found[1]
    more = batch_of(executed)
    with pytest.raises(CwsError, match="CWS-REPRO-004") as refusal:
        again(executed, str(more.ledger_index))
    assert key_of(executed, more, 0) in refusal.value.fix
    shared = key_of(executed, more, 0)
    assert shared == key_of(executed, batch, 0) and again(executed, shared).ledger_index == more.ledger_index


def test_a_batch_that_has_not_ended_has_nothing_to_compare(executed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws.batch.run.conclusion", lambda *given: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception):
        batch_of(executed)
    span = cws.trial_batches.spans(executed.house().ledger)[0]
    with pytest.raises(CwsError, match="CWS-REPRO-005"):
        again(executed, span.keys[0])


def test_an_entry_older_than_recipes_in_entries_asks_the_files(
    executed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = conclusion
    monkeypatch.setattr(
        "cws.batch.run.conclusion",
        lambda *given: {name: value for name, value in real(*given).items() if name != "asked"},
    )
    batch = batch_of(executed)
    assert again(executed, key_of(executed, batch, 0)).same
    executed.edit(executed.strategy, "cost_bps = 5.0", "cost_bps = 4.0")
    with pytest.raises(CwsError, match="CWS-REPRO-006") as refusal:
        again(executed, key_of(executed, batch, 0))
    assert "settings" in refusal.value.what


def test_the_command_says_what_differs(
    executed: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cws_dagster.cli import main

    write_sweep(executed, SWEEP)
    batch = batch_of(executed)
    key = key_of(executed, batch, 1)
    monkeypatch.setenv("CWS_HOME", str(executed.house().home.folder))
    monkeypatch.setenv("CWS_STRATEGIES", str(executed.strategies))
    assert main(["reproduce", key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True
    monkeypatch.setattr(cws.batch.again, "code_of", lambda recipe: "b3:other")
    monkeypatch.setattr("cws.flow.code_hash", lambda modules: "b3:other")
    assert main(["reproduce", key]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "ANOTHER TRIAL NOW" in said and "code: " in said
