"""The six stages: what each reads was committed before it, what a backtest sizes is what is sized later."""

import pytest
from places import STRATEGIES

from cws.lake.tables import TABLES
from cws.stages import (
    ACCOUNT,
    COMMITS,
    READS,
    ROWS,
    Unit,
    available,
    chain,
    feature_tables,
    part_of,
    reads,
    tested_sizing,
    units,
)
from cws.strategies import Catalogue, Strategy, catalogue, parse
from modules.contract import STAGES
from modules.errors import CwsError

tested_sizing.__test__ = False  # type: ignore[attr-defined]
TEXT = (STRATEGIES / "ts_momentum.toml").read_text()


@pytest.fixture(scope="module")
def real() -> Catalogue:
    return catalogue(STRATEGIES)


def test_what_a_stage_reads_a_stage_before_it_commits() -> None:
    seen = {"features"}
    for stage in STAGES:
        assert set(READS[stage].values()) <= seen, stage
        seen |= set(COMMITS[stage].values())
    assert seen <= set(TABLES), "every table is declared in the lake"


def test_every_stage_answers_for_the_rows_that_the_one_before_gave() -> None:
    assert set(ROWS) == set(READS) == set(COMMITS) == set(STAGES)
    assert ROWS["clean"][0] == ROWS["ingest"][1] and ROWS["feature"][0] == ROWS["clean"][1]


def test_units_are_datasets_then_strategies_and_unused_datasets_are_left_out(real: Catalogue) -> None:
    assert {unit.name for unit in units(real, "clean")} == set(real.datasets)
    assert {unit.name for unit in units(real, "size")} == set(real.strategies)
    fewer = real.model_copy(update={"strategies": {"ts_momentum": real.strategy("ts_momentum")}})
    assert [unit.name for unit in units(fewer, "ingest")] == ["us_tech"]


def test_a_backtest_runs_the_sizing_that_needs_no_account_first(real: Catalogue) -> None:
    strategy = real.strategy("ts_momentum")
    unit = Unit("backtest", real.dataset_of(strategy), strategy)
    names = [bound.module.name for bound in chain(unit)]
    assert names == ["inverse_vol", "vol_target", "position_limits", "leverage_cap", *strategy.backtest.chain]
    assert [bound.module.name for bound in tested_sizing(unit)] == names[:4]
    assert all(ACCOUNT not in bound.module.takes for bound in tested_sizing(unit))


@pytest.mark.parametrize("name", ["xs_reversal", "ts_momentum", "btc_intraday"])
def test_size_starts_with_exactly_what_was_tested(real: Catalogue, name: str) -> None:
    strategy = real.strategy(name)
    dataset = real.dataset_of(strategy)
    sized, backtested = (chain(Unit(stage, dataset, strategy)) for stage in ("size", "backtest"))
    count = len(tested_sizing(Unit("size", dataset, strategy)))
    assert count > 0 and len(sized) > count
    assert [b.settings_hash for b in sized[:count]] == [b.settings_hash for b in backtested[:count]]


def changed(real: Catalogue, old: str, new: str, stage: str) -> Unit:
    assert old in TEXT
    strategy = parse(Strategy, TEXT.replace(old, new), "ts_momentum")
    return Unit(stage, real.dataset_of(strategy), strategy)


def test_sizing_that_would_never_be_tested_is_refused(real: Catalogue) -> None:
    unit = changed(
        real, '"leverage_cap", "capacity_cap", "lot_round"', '"capacity_cap", "leverage_cap", "lot_round"', "backtest"
    )
    with pytest.raises(CwsError, match="CWS-STRATEGY-009") as refusal:
        chain(unit)
    assert "leverage_cap" in refusal.value.what


def test_a_table_that_nothing_gives_is_refused(real: Catalogue) -> None:
    unit = changed(real, '["returns", "momentum_12_1", "ewma_vol"]', '["returns", "momentum_12_1"]', "backtest")
    with pytest.raises(CwsError, match="CWS-STRATEGY-008") as refusal:
        chain(unit)
    assert "'vol'" in refusal.value.what and "signal" in refusal.value.fix


def test_parts_are_named_by_dataset_or_strategy(real: Catalogue) -> None:
    strategy = real.strategy("ts_momentum")
    unit = Unit("size", real.dataset_of(strategy), strategy)
    assert (part_of(unit, "ohlcv"), part_of(unit, "equity"), unit.part) == (
        "us_tech",
        "ts_momentum",
        "ts_momentum.size",
    )
    assert feature_tables(unit) == ["returns", "signal", "vol"]
    assert set(reads(unit)) == {
        ("bars", "ohlcv", "us_tech"),
        ("instruments", "instruments", "us_tech"),
        ("equity", "equity", "ts_momentum"),
        ("returns", "features", "ts_momentum.returns"),
        ("signal", "features", "ts_momentum.signal"),
        ("vol", "features", "ts_momentum.vol"),
    }
    assert available(unit) == {name for name, _, _ in reads(unit)}


def test_a_stage_that_is_none_cannot_be_named(real: Catalogue) -> None:
    with pytest.raises(AssertionError, match="trade"):
        Unit("trade", real.datasets["us_tech"])
