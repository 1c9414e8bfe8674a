"""A batch on the small house: each set is the trial that `cws run` would make, whoever computes it, in any parts."""

import numpy as np
import pandas as pd
import pytest
from batching import GRID, PUBLISHED, SWEEP, batch_of, bytes_of, rows_of, write_sweep
from small_house import Place
from walking import publish_stages

import cws.trial_batches
from cws.asked import what_was_asked
from cws.batch.run import Ask, plan_batch
from cws.batch.strategy_sets import with_values
from cws.pins import published
from cws.strategies import catalogue
from cws.trials import distinct, prior_sharpes, statistic
from cws_dagster.commands.backtests import counted
from modules.errors import CwsError

FIGURES = ("mean_return_per_bar", "sharpe_per_bar")


def last_backtest(place: Place) -> dict[str, object]:
    entries = place.house().ledger.entries("stage")
    return next(entry.body for entry in reversed(entries) if entry.body["stage"] == "backtest")


def test_each_set_is_a_trial_and_the_published_one_is_looked_at_again(executed: Place) -> None:
    before = distinct(executed.house().ledger)
    assert before["looks"].tolist() == [1]
    batch = batch_of(executed)
    house = executed.house()
    rows, trials = rows_of(house, batch), distinct(house.ledger, house.lake, "small_reversal")
    assert rows["set"].tolist() == list(range(6)) and rows["key"].is_unique
    assert rows.loc[PUBLISHED, "key"] == before.loc[0, "key"]
    assert len(trials) == 6 == batch.body["trials"] == batch.body["best_in_full"]["trials"]
    assert dict(zip(trials["key"], trials["looks"], strict=True)) == {
        key: 2 if number == PUBLISHED else 1 for number, key in enumerate(rows["key"])
    }
    # The figures are those of the published backtest, to the last bit.
    stats = house.lake.read(published(house)["stats", "small_reversal"])
    equity = house.lake.read(published(house)["equity", "small_reversal"])
    own = rows.loc[PUBLISHED]
    assert own["sharpe_per_bar"] == statistic(stats, "sharpe_per_bar") and own["why"] == ""
    assert own["final_usd"] == equity["equity_usd"].iloc[-1] and own["bar_count"] == len(equity)
    returns = house.lake.read(house.lake.pin("batch_returns", batch.plan.id))
    value = equity["equity_usd"].to_numpy()
    assert np.array_equal(returns.loc[returns["key"] == own["key"], "ret"], value[1:] / value[:-1] - 1.0)


def test_the_run_after_a_batch_finds_its_set_counted(executed: Place) -> None:
    batch = batch_of(executed)
    house = executed.house()
    chosen = with_values(catalogue(executed.strategies).strategy("small_reversal"), batch.plan.grid.values(0))
    assert chosen.settings["cost_bps"] == 2.0
    executed.edit(executed.strategy, "cost_bps = 5.0", "cost_bps = 2.0")
    executed.strategy.write_text(executed.strategy.read_text() + "\n[settings.reversal_5d]\nwindow_bars = 3\n")
    publish_stages(executed, house, "feature", "backtest")
    row = rows_of(house, batch).loc[0]
    body = last_backtest(executed)
    assert (body["key"], body["looks"]) == (row["key"], 2)
    counted = distinct(executed.house().ledger, executed.house().lake)
    assert len(counted) == 6 and counted.set_index("key").loc[row["key"], "looks"] == 2
    deflated = house.lake.read(published(house)["deflated", "small_reversal"])
    assert statistic(deflated, "trials") == 6.0


def test_prior_sharpes_know_every_set(executed: Place) -> None:
    batch = batch_of(executed)
    house = executed.house()
    rows = rows_of(house, batch)
    prior = prior_sharpes(house.lake, house.ledger, "small_reversal", rows.loc[0, "key"])
    expected = rows.loc[1:].sort_values("key")
    assert prior["key"].tolist() == expected["key"].tolist()
    assert np.array_equal(prior["sharpe"], expected["sharpe_per_bar"])


def test_any_chunks_and_any_processes_give_the_same_bytes(
    executed: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from small_house import copy_place

    write_sweep(executed)
    made: dict[tuple[str, int, int], tuple[str, str, str]] = {}
    for processes, chunk in ((1, 1), (2, 2)):
        place = copy_place(executed, tmp_path_factory.mktemp("same") / "place")
        for recipe, grid in (("small_reversal", GRID), ("small_cross", "")):
            batch = batch_of(place, recipe, grid, processes=processes, chunk_sets=chunk)
            made[recipe, processes, chunk] = (*bytes_of(place, batch), batch.body["rows_hash"])
    for recipe in ("small_reversal", "small_cross"):
        assert len({whole for (name, _, _), whole in made.items() if name == recipe}) == 1


def test_a_finished_batch_is_shown_and_looks_at_nothing_anew(executed: Place) -> None:
    first = batch_of(executed)
    house = executed.house()
    entries = house.ledger.head().entries
    again = batch_of(executed, chunk_sets=3)
    assert (first.now, again.now, again.body) == (True, False, first.body)
    assert executed.house().ledger.head().entries == entries


def test_other_bars_are_another_batch(executed: Place) -> None:
    first = batch_of(executed)
    lines = executed.source.read_text().splitlines()
    executed.source.write_text("\n".join(lines[:-1]) + "\n")
    publish_stages(executed, executed.house())
    second = batch_of(executed)
    assert second.now and second.plan.id != first.plan.id
    assert second.body["trials"] == 12


def test_best_median_and_worst_are_by_sharpe(executed: Place) -> None:
    batch = batch_of(executed)
    rows = rows_of(executed.house(), batch)
    told = what_was_asked(executed.house().ledger, executed.house().lake, [*rows["key"][:PUBLISHED], "no such key"])
    assert told == dict(zip(rows["key"][:PUBLISHED], rows["parameters"], strict=False))
    _, trials = counted(executed.house(), None, 10)
    assert {trial["asked"] for trial in trials} == {"as published", *rows["parameters"].drop(PUBLISHED)}
    assert {"team:research in a batch": 1} in [trial["asked_by"] for trial in trials]
    order = rows.sort_values(["sharpe_per_bar", "set"], ascending=[False, True])["set"].tolist()
    assert [batch.body[name]["set"] for name in ("best", "median", "worst")] == [order[0], order[2], order[5]]
    assert batch.body["best"]["values"] == batch.plan.grid.values(order[0])
    assert batch.body["best_in_full"]["sharpe_per_bar"] == batch.body["best"]["sharpe_per_bar"]
    assert 0.0 <= batch.body["best_in_full"]["deflated_sharpe"] <= 1.0


def test_a_sweep_s_set_is_one_parameter_set_on_one_symbol(executed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sweep(executed)
    monkeypatch.setattr(cws.trial_batches, "MAX_NAMED", 3)
    batch = batch_of(executed, "small_cross", "", chunk_sets=8)
    house = executed.house()
    rows = rows_of(house, batch)
    assert (batch.body["sets"], batch.body["accounts"], len(rows)) == (18, 2, 18)
    assert rows["symbol"].tolist() == list(batch.plan.symbols) * 9
    assert rows.loc[17, "parameters"] == "fast_bars=6 slow_bars=35"
    spans = cws.trial_batches.spans(house.ledger, batch.plan.id)
    assert [(span.first, span.end, span.keys) for span in spans] == [
        (0, 8, ()),
        (8, 16, ()),
        (16, 18, tuple(rows["key"][16:])),
    ]
    counted = distinct(house.ledger, house.lake, "sweep_small")
    assert counted["key"].tolist() == rows["key"].tolist()
    # Overlapping sweeps of one dataset share their trials, whatever their files are called.
    write_sweep(executed, SWEEP.replace("2..6 by 2", "4..8 by 2"), "other_cross")
    other = batch_of(executed, "other_cross", "", chunk_sets=18)
    assert other.body["trials"] == 24 == other.body["best_in_full"]["trials"]
    assert len(distinct(executed.house().ledger)) == 1 + 18 + 18, "without a lake nobody can tell, and none is left out"


def test_a_sweep_gives_what_its_module_gives(executed: Place) -> None:
    from way import opened

    from modules.registry import load
    from modules.runner import run
    from modules.settings import bind
    from modules.values import Table

    write_sweep(executed)
    batch = batch_of(executed, "small_cross", "", chunk_sets=4)
    house = executed.house()
    pin = batch.plan.pins["bars"]
    bound = bind(load("vector_sweep"), {**batch.plan.recipe.settings})
    table = opened(run(bound, {"bars": Table(house.lake.read(pin), pin.hash, "bars")}).outputs)["sweep"]
    assert isinstance(table, Table)
    whole = table.frame.sort_values(["set", "symbol"], kind="stable", ignore_index=True)
    rows = rows_of(house, batch)
    for name in ("symbol", "final_usd", "sharpe_per_bar", "max_drawdown", "turnover_usd", "order_count", "bar_count"):
        pd.testing.assert_series_equal(rows[name], whole[name], check_exact=True)


def test_sets_that_never_traded_are_counted_and_said(
    executed: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cws.views.batch_run import BatchShown
    from cws_dagster.commands import batch as command

    text = SWEEP.replace("2..6 by 2", "2").replace("10 20 35", "9000 9500").replace("5.0", "4.0")
    write_sweep(executed, text, "small_silent")
    batch = batch_of(executed, "small_silent", "")
    assert (batch.body["sets"], batch.body["never_traded"], batch.body["failed"]) == (4, 4, 0)
    assert "best" not in batch.body and batch.body["judges_note"] == "not asked: no set has a Sharpe ratio"
    command._show(batch, BatchShown())
    said = " ".join(capsys.readouterr().out.split())
    assert "4 never traded" in said and "not asked: no set has a Sharpe ratio" in said


@pytest.mark.parametrize("recipe", ["small_reversal", "small_cross"])
def test_the_best_set_has_intervals_that_hold_for_all_trials(executed: Place, recipe: str) -> None:
    from modules.backtest.trials_ci import simultaneous
    from modules.registry import load
    from modules.settings import bind

    write_sweep(executed)
    batch = batch_of(executed, recipe, GRID if recipe == "small_reversal" else "")
    full, house = batch.body["best_in_full"], executed.house()
    returns = house.lake.read(house.lake.pin("batch_returns", batch.plan.id))
    own = returns.loc[returns["key"] == batch.body["best"]["key"], "ret"].to_numpy()
    told = [[full[f"{name}_of_all_trials_{end}"] for end in ("low", "high")] for name in FIGURES]
    settings = bind(load("trials_ci")).settings
    expected = simultaneous(own, batch.body["trials"], settings)  # type: ignore[arg-type]
    np.testing.assert_allclose(np.array(told, dtype=float), np.array(expected), rtol=1e-9)
    assert np.isfinite(expected).all(), "the place has too few bars to see anything"


def test_a_long_batch_keeps_no_returns(executed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws.batch.plan.RETURNS_SETS", 5)
    batch = batch_of(executed)
    assert "returns" not in batch.body and batch.body["judges"] == {}
    assert batch.body["judges_note"] == "not asked: 6 accounts, and returns are kept of at most 5"
    assert all(pin.part != batch.plan.id for pin in executed.house().lake.parts("batch_returns"))


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        ("small_revresal", "CWS-BATCH-006"),
        ("nowhere/x.toml", "CWS-BATCH-007"),
        ("bad", "CWS-BATCH-008"),
        ("no_dataset", "CWS-BATCH-009"),
        ("bad_rule", "CWS-SETTINGS-002"),
        ("bad_window", "CWS-BACKTEST-023"),
    ],
)
def test_a_recipe_that_is_none_is_refused(executed: Place, recipe: str, code: str) -> None:
    write_sweep(executed, SWEEP.replace("why =", "way ="), "bad")
    write_sweep(executed, SWEEP.replace('"small"', '"smal"'), "no_dataset")
    write_sweep(executed, SWEEP.replace("ma_cross", "ma_crss"), "bad_rule")
    write_sweep(executed, SWEEP.replace("10 20 35", "10 20.5 35"), "bad_window")
    before = executed.house().ledger.head().entries
    with pytest.raises(CwsError) as refusal:
        batch_of(executed, recipe, "")
    assert refusal.value.code == code
    assert executed.house().ledger.head().entries == before


def test_a_strategy_s_file_outside_the_catalogue(executed: Place) -> None:
    elsewhere = executed.folder / "elsewhere" / "small_reversal.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(executed.strategy.read_text())
    by_name, by_path = (
        plan_batch(executed.house(), catalogue(executed.strategies), Ask(recipe, GRID))
        for recipe in ("small_reversal", str(elsewhere))
    )
    assert by_name.id == by_path.id


def test_a_copy_under_another_name_goes_on_with_the_count(executed: Place) -> None:
    first = batch_of(executed)
    elsewhere = executed.folder / "fresh_start.toml"
    text = executed.strategy.read_text().replace("cost_bps = 5.0", "cost_bps = 4.0")
    elsewhere.write_text(text)
    same = batch_of(executed, str(elsewhere))
    assert (same.body["recipe"], same.body["counted_as"]) == ("fresh_start", "small_reversal")
    house = executed.house()
    assert rows_of(house, same)["key"].tolist() == rows_of(house, first)["key"].tolist()
    assert same.body["trials"] == 6 and same.body["best_in_full"] == first.body["best_in_full"]
    more = batch_of(executed, str(elsewhere), "reversal_5d.window_bars=3 5 7, cost_bps=2 5 9")
    assert more.body["trials"] == 9 == more.body["best_in_full"]["trials"]
    assert len(distinct(house.ledger, house.lake, "small_reversal")) == 9
    elsewhere.write_text(text.replace('"performance"', '"performance", "bootstrap_ci"'))
    other = batch_of(executed, str(elsewhere))
    assert (other.body["counted_as"], other.body["trials"]) == ("fresh_start", 6), "other chains are another strategy"


def test_a_heat_map_of_what_does_not_vary_is_refused(executed: Place) -> None:
    with pytest.raises(CwsError) as refusal:
        batch_of(executed, heat="cost_bps, window")
    assert refusal.value.code == "CWS-BATCH-013"
    assert batch_of(executed, heat="cost_bps,reversal_5d.window_bars").heat == ("cost_bps", "reversal_5d.window_bars")


def test_rows_that_are_not_what_is_on_record_are_refused(executed: Place) -> None:
    from cws.batch.register import Register

    place = executed
    house = place.house()
    plan = plan_batch(house, catalogue(place.strategies), Ask("small_reversal", GRID))
    with house.home.writing("test"):
        Register(house, plan).record(0, ["a", "b"])
        Register(house, plan).record(1, ["b", "c"])
        with pytest.raises(CwsError, match="CWS-BATCH-010"):
            Register(house, plan).record(0, ["a", "x"])
    spans = cws.trial_batches.spans(place.house().ledger, plan.id)
    assert [(span.first, span.end, span.keys) for span in spans] == [(0, 2, ("a", "b")), (2, 3, ("c",))]
