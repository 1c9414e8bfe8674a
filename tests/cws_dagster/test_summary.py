"""The summary of the main job: keys, sums, and nothing that JSON cannot say."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from cws.execution.binaries import BUILT, missing
from cws.home import Settings
from cws.house import open_house
from cws.pins import published
from cws.trials import statistic
from cws_dagster.summary import HASHED
from modules.canonical import combined_hash
from modules.contract import STAGES

KEYS = {"stages", "checks", "strategies", "execution", "ledger", "wall_s"}
STRATEGY_KEYS = {"name", "trials", "sharpe", "deflated_sharpe", "max_drawdown", "orders", "fills", "result_hash"}


def test_the_promised_keys_are_there(real_run) -> None:
    assert set(real_run.summary) >= KEYS
    assert all(set(one) >= STRATEGY_KEYS for one in real_run.summary["strategies"])
    assert real_run.summary["execution"] == ("paper" if missing(BUILT) else "native")
    assert all(one["execution"] == real_run.summary["execution"] for one in real_run.summary["strategies"])
    assert set(real_run.summary["ledger"]) >= {"entries", "head", "verified"}
    json.dumps(real_run.summary, allow_nan=False)


def test_rows_add_up_in_every_stage_and_pass_from_one_to_the_next(real_run) -> None:
    stages = real_run.summary["stages"]
    assert [one["stage"] for one in stages] == list(STAGES)
    for one in stages:
        assert one["rows_in"] + one["rows_added"] == one["rows_out"] + one["rows_quarantined"]
    # Execute counts orders, which are made of targets and not as many.
    for before, after in pairwise(stages[:-1]):
        assert before["rows_out"] == after["rows_in"]
    assert stages[-1]["rows_out"] == sum(one["orders"] for one in real_run.summary["strategies"])
    assert (stages[0]["rows_in"], stages[1]["rows_quarantined"]) == (187_135, 35)


def test_one_trial_is_too_few_for_a_deflated_sharpe(real_run) -> None:
    for one in real_run.summary["strategies"]:
        assert (one["trials"], one["looks"], one["deflated_sharpe"]) == (1, 1, None)
        assert one["deflated_sharpe_why"] == "needs two distinct trials"


def test_the_result_hash_is_that_of_the_published_tables(real_run) -> None:
    house = open_house(Settings(home=real_run.home))
    pins = published(house)
    for one in real_run.summary["strategies"]:
        hashes = {table: pins[table, one["name"]].hash for table in HASHED}
        assert one["result_hash"] == combined_hash(hashes)
        assert (one["orders"], one["fills"]) == tuple(pins[table, one["name"]].rows for table in ("orders", "fills"))
        stats = house.lake.read(pins["stats", one["name"]])
        assert one["sharpe"] == statistic(stats, "sharpe") and one["max_drawdown"] == statistic(stats, "max_drawdown")


def test_the_ledger_is_verified_from_its_files(real_run) -> None:
    from cws.ledger.verify import verify

    said = real_run.summary["ledger"]
    assert said["verified"] is True and verify(Path(real_run.home) / "ledger", None)["ok"]
    assert said["entries"] == open_house(Settings(home=real_run.home)).ledger.head().entries


def test_targets_are_whole_lots_of_the_last_bar(real_run) -> None:
    house = open_house(Settings(home=real_run.home))
    for one in real_run.summary["strategies"]:
        targets = house.lake.read(published(house)["targets", one["name"]])
        last = targets[targets["ts_event"] == targets["ts_event"].max()].set_index("symbol")["target_lots"]
        assert one["targets"] == {symbol: lots for symbol, lots in last.items() if lots}
        assert all(isinstance(lots, int) for lots in one["targets"].values())


@pytest.mark.parametrize("name", ["btc_intraday", "ts_momentum", "xs_reversal"])
def test_the_paper_book_follows_the_backtest(real_run, name: str) -> None:
    house = open_house(Settings(home=real_run.home))
    pins = published(house)
    book, equity = house.lake.read(pins["book", name]), house.lake.read(pins["equity", name])
    # Whole lots and order limits only: the same decisions, so the same account within a few per cent.
    assert book["ts_event"].equals(equity["ts_event"])
    assert book["equity_usd"].iloc[-1] == pytest.approx(equity["equity_usd"].iloc[-1], rel=0.05)
