"""The only way to a result: the trial is recorded first, each part of its key counts, another look is no new trial."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from places import STRATEGIES
from way import CountingSink, no_trials

import cws.trials
from cws.flow import task
from cws.lake.commits import Pin
from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from cws.stages import Unit
from cws.strategies import catalogue
from cws.trial_batches import body_of
from cws.trials import LedgerSink, Result, Task, askers, distinct, evaluate, prior_sharpes, statistic
from modules.sealed import Sealed
from modules.tables import STATS
from modules.values import Table, make_table

STAMP_NS = 1_700_000_000_000_000_000
QUESTION = Task("s", "b3:settings", {"ohlcv/d": "b3:data"}, "all", "b3:code", dict)


def stats(sharpe: float) -> Table:
    text = {"name": pd.Series(["sharpe_per_bar"], dtype="str"), "why": pd.Series([""], dtype="str")}
    return make_table(pd.DataFrame({**text, "value": [sharpe]})[["name", "value", "why"]], STATS, "test")


def asked(sharpe: float = 0.05, **fields: object) -> Task:
    return replace(QUESTION, outcome=lambda: {"stats": Sealed(stats(sharpe))}, **fields)  # type: ignore[arg-type]


@pytest.fixture
def sink(tmp_path: Path) -> LedgerSink:
    ledger = Ledger(tmp_path / "ledger", lambda: STAMP_NS)
    return LedgerSink(ledger, Lake(tmp_path / "lake", ledger), lambda: STAMP_NS)


class Refusing(CountingSink):
    def record(self, task: Task) -> int:
        raise OSError("the disk is full")


def test_a_sink_that_cannot_record_leaves_the_outcome_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Sealed] = []
    monkeypatch.setattr(cws.trials, "unseal", opened.append)
    sink = Refusing()
    with pytest.raises(OSError, match="the disk is full"):
        evaluate(asked(), sink)
    assert (opened, sink.calls) == ([], [])


def test_the_trial_is_recorded_before_the_outcome_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    sink, real = CountingSink(), cws.trials.unseal

    def watched(sealed: Sealed) -> Table:
        sink.calls.append("open")
        return real(sealed)

    monkeypatch.setattr(cws.trials, "unseal", watched)
    result = evaluate(asked(), sink)
    assert sink.calls == ["record", "open", "conclude"]
    assert statistic(result.tables["stats"].frame, "sharpe_per_bar") == 0.05


def test_a_task_that_fails_counts_as_no_trial() -> None:
    def broken() -> Mapping[str, Sealed]:
        raise ValueError("no outcome")

    sink = CountingSink()
    with pytest.raises(ValueError, match="no outcome"):
        evaluate(replace(QUESTION, outcome=broken), sink)
    assert sink.looks == {}


@pytest.mark.parametrize(
    "other",
    [
        {"strategy": "t"},
        {"settings_hash": "b3:other"},
        {"data": {"ohlcv/d": "b3:other"}},
        {"data": {"ohlcv/e": "b3:data"}},
        {"data": {"ohlcv/d": "b3:data", "features/s.signal": "b3:f"}},
        {"folds": "search"},
        {"code": "b3:other"},
    ],
    ids=lambda other: str(other),
)
def test_each_part_of_the_key_makes_another_trial(sink: LedgerSink, other: dict[str, object]) -> None:
    first, second = evaluate(asked(), sink), evaluate(asked(**other), sink)
    assert first.key != second.key
    assert (first.looks, second.looks) == (1, 1)
    assert distinct(sink.ledger)["key"].tolist() == [first.key, second.key]


def test_the_key_does_not_depend_on_the_order_of_the_data() -> None:
    forth = replace(QUESTION, data={"a": "1", "b": "2"})
    assert forth.key == replace(QUESTION, data={"b": "2", "a": "1"}).key


def test_the_same_key_raises_the_looks_and_not_the_count(sink: LedgerSink) -> None:
    looks = [evaluate(asked(), sink).looks for _ in range(3)]
    assert looks == [1, 2, 3]
    row = distinct(sink.ledger).iloc[0]
    assert (len(distinct(sink.ledger)), row["looks"], row["strategy"]) == (1, 3, "s")
    assert (row["first_ns"], row["last_ns"]) == (STAMP_NS, STAMP_NS)


def test_the_record_survives_the_process(sink: LedgerSink, tmp_path: Path) -> None:
    result = evaluate(asked(), sink)
    again = Ledger(tmp_path / "ledger", lambda: STAMP_NS)
    assert [entry.body["key"] for entry in again.entries("trial")] == [result.key]
    assert evaluate(asked(), LedgerSink(again, Lake(tmp_path / "lake", again), lambda: STAMP_NS)).looks == 2


def priors(sink: LedgerSink, result: Result) -> dict[str, float]:
    frame = prior_sharpes(sink.lake, sink.ledger, "s", result.key)
    return dict(zip(frame["key"], frame["sharpe"], strict=True))


def test_prior_trials_are_the_other_distinct_ones_of_the_strategy(sink: LedgerSink) -> None:
    first = evaluate(asked(0.1), sink)
    second = evaluate(asked(0.2, code="b3:2"), sink)
    evaluate(asked(0.2, code="b3:2"), sink)
    evaluate(asked(0.9, strategy="another"), sink)
    assert priors(sink, first) == {second.key: 0.2}
    assert priors(sink, second) == {first.key: 0.1}


def test_the_first_trial_of_all_has_no_prior(sink: LedgerSink) -> None:
    assert prior_sharpes(sink.lake, sink.ledger, "s", "k").equals(no_trials().frame)


def test_a_trial_without_figures_counts_and_does_not_stop_the_next(sink: LedgerSink) -> None:
    # A crash between the ledger's entry and the lake's row: counted, and never opened.
    sink.record(asked())
    prior = priors(sink, Result(replace(QUESTION, code="b3:2").key, 1, {}))
    assert list(prior) == [QUESTION.key] and math.isnan(prior[QUESTION.key])
    after = evaluate(asked(0.3, code="b3:2"), sink)
    assert (after.looks, len(distinct(sink.ledger))) == (1, 2)


def real_task(**changes: object) -> Task:
    chosen = catalogue(STRATEGIES)
    strategy = chosen.strategy("xs_reversal").model_copy(update=changes)
    pins = {"bars": Pin("ohlcv", "us_large_caps", 0, "b3:bars", 1)}
    return task(Unit("backtest", chosen.dataset_of(strategy), strategy), pins, {})


@pytest.mark.parametrize(
    "settings",
    [
        {"cost_bps": 6.0},
        {"reversal_5d": {"window_bars": 6}},
        {"position_limits": {"max_weight": 0.2}},
        {"fill_on": "open"},
        {"pre_trade_checks": {"max_orders_per_bar": 7}},
    ],
    ids=["backtest", "feature", "size", "choice", "execute"],
)
def test_a_setting_of_any_stage_makes_another_trial(settings: dict[str, object]) -> None:
    known = catalogue(STRATEGIES).strategy("xs_reversal").settings
    changed = real_task(settings={**known, **settings})
    assert changed.settings_hash != real_task().settings_hash and changed.key != real_task().key


def test_a_skill_makes_another_trial() -> None:
    changed = real_task(skills={"rank_to_weight": {"schedule": "monthly"}})
    assert changed.key != real_task().key


def test_words_about_a_strategy_make_no_trial() -> None:
    assert real_task(title="Another title", owner="team:other").key == real_task().key


def test_every_pin_that_is_read_is_in_the_key() -> None:
    chosen = catalogue(STRATEGIES)
    unit = Unit("backtest", chosen.datasets["us_large_caps"], chosen.strategy("xs_reversal"))
    pins = {"bars": Pin("ohlcv", "d", 0, "b3:bars", 1), "signal": Pin("features", "s.signal", 0, "b3:old", 1)}
    fresh = {**pins, "signal": replace(pins["signal"], hash="b3:new")}
    assert task(unit, pins, {}).key != task(unit, fresh, {}).key
    # The version of a table says nothing of its bytes: the same content later is the same question.
    later = {**pins, "signal": replace(pins["signal"], version=9)}
    assert task(unit, pins, {}).key == task(unit, later, {}).key


def test_who_asked_is_counted_beside_what_was_asked(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    lake = Lake(tmp_path / "lake", ledger)
    for name in ("team:research", "gate", "team:research"):
        evaluate(asked(), LedgerSink(ledger, lake, lambda: STAMP_NS, name))
    key = asked().key
    assert askers(ledger, lake, [key]) == {key: {"team:research": 2, "gate": 1}}
    assert len(distinct(ledger)) == 1, "who asks makes no other trial"
    ledger.append("trial_batch", body_of("b1", "s", "b3:code", 0, [key, "f" * 32]))
    assert askers(ledger, lake, [key])[key] == {"team:research": 2, "gate": 1, "batch b1": 1}
    ledger.append("trial_batch", body_of("b2", "s", "b3:code", 0, [key], "team:macro"))
    assert askers(ledger, lake, [key])[key]["team:macro in a batch"] == 1
