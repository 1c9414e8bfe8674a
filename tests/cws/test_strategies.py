"""Recipes: shared settings reach every module that has them, a module's own table wins, the hash is the content's."""

from pathlib import Path

import pytest
from places import STRATEGIES

from cws.strategies import Catalogue, Dataset, Strategy, catalogue, parse
from modules.contract import STAGES
from modules.errors import CwsError
from modules.registry import load

TEXT = (STRATEGIES / "xs_reversal.toml").read_text()


@pytest.fixture(scope="module")
def real() -> Catalogue:
    return catalogue(STRATEGIES)


def test_three_strategies_on_three_datasets_say_why_and_their_caveat(real: Catalogue) -> None:
    assert set(real.strategies) == {"xs_reversal", "ts_momentum", "btc_intraday"}
    assert {s.dataset for s in real.strategies.values()} == set(real.datasets)
    assert "hindsight" in real.strategy("xs_reversal").caveat and "hindsight" in real.strategy("ts_momentum").caveat
    assert all(r.why and r.title and r.owner for r in (*real.strategies.values(), *real.datasets.values()))


def test_every_chain_of_the_real_recipes_binds_to_modules_of_its_stage(real: Catalogue) -> None:
    for recipe in (*real.strategies.values(), *real.datasets.values()):
        for stage in recipe.stages:
            bounds = recipe.bound_chain(stage)
            assert [b.module.name for b in bounds] == list(recipe.chain(stage))
            assert {b.module.stage for b in bounds} == {stage}
        assert all(recipe.chain(stage) == () for stage in STAGES if stage not in recipe.stages)


def test_a_shared_setting_reaches_every_module_that_has_it(real: Catalogue) -> None:
    strategy = real.strategy("xs_reversal")
    assert strategy.settings_of(load("vector_panel")) == {
        "cost_bps": 5.0, "fill_on": "close", "initial_cash_usd": 1e7, "bars_per_year": 252.0
    }  # fmt: skip
    assert strategy.settings_of(load("cost_bps")) == {"cost_bps": 5.0}
    assert strategy.settings_of(load("returns")) == {}
    assert strategy.settings_of(load("targets_to_orders"))["strategy_id"] == "xs_reversal"


def test_a_modules_own_table_wins() -> None:
    strategy = parse(Strategy, TEXT + "\n[settings.vector_panel]\ncost_bps = 9.0\n", "xs_reversal")
    assert strategy.settings_of(load("vector_panel"))["cost_bps"] == 9.0
    assert strategy.settings_of(load("cost_bps")) == {"cost_bps": 5.0}


def test_a_skill_is_chosen_by_the_recipe(real: Catalogue) -> None:
    (bound,) = [b for b in real.strategy("ts_momentum").bound_chain("size") if b.module.name == "inverse_vol"]
    assert bound.chosen_skills["schedule"].startswith("monthly@")


def test_the_hash_follows_every_word(real: Catalogue) -> None:
    known = real.strategy("xs_reversal").hash
    assert parse(Strategy, "# a comment\n" + TEXT, "xs_reversal").hash == known
    for other in (
        TEXT.replace("5.0", "6.0"),
        TEXT.replace("Lehmann", "Lehman"),
        TEXT + "\n[skills.long_short_neutral]\n",
    ):
        try:
            assert parse(Strategy, other, "xs_reversal").hash != known
        except CwsError as refusal:
            pytest.fail(str(refusal))
    assert parse(Strategy, TEXT, "other_name").hash != known


def test_recipes_do_not_change(real: Catalogue) -> None:
    with pytest.raises(ValueError, match="frozen"):
        real.strategy("xs_reversal").title = "x"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["Upper", "9lives", "with space", "a/b", "..", "x" * 33, ""])
def test_a_name_that_is_no_plain_word_is_refused(name: str) -> None:
    with pytest.raises(CwsError, match="CWS-STRATEGY-002"):
        parse(Strategy, TEXT, name)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('owner = "x"', "", "CWS-STRATEGY-002"),
        ('["returns", "reversal_5d", "cs_rank"]', "[]", "CWS-STRATEGY-002"),
        ('dataset = "us_large_caps"\n', "", "CWS-STRATEGY-002"),
        ('["returns", "reversal_5d", "cs_rank"]', '["returns", "lot_round", "cs_rank"]', "CWS-STRATEGY-003"),
        ("cost_bps = 5.0", "cost_bps = true", "CWS-STRATEGY-002"),
    ],
    ids=["unknown key", "empty chain", "no dataset", "another stage", "a flag"],
)
def test_a_wrong_recipe_is_refused_before_anything_runs(old: str, new: str, code: str) -> None:
    text = 'ownerr = "x"\n' + TEXT if old.startswith("owner") else TEXT.replace(old, new)
    assert text != TEXT
    with pytest.raises(CwsError, match=code):
        parse(Strategy, text, "xs_reversal")


def test_a_dataset_is_no_strategy() -> None:
    with pytest.raises(CwsError, match="CWS-STRATEGY-002"):
        parse(Dataset, TEXT, "xs_reversal")


def test_an_unknown_strategy_names_the_nearest(real: Catalogue) -> None:
    with pytest.raises(CwsError, match="CWS-STRATEGY-006") as refusal:
        real.strategy("ts_momentun")
    assert refusal.value.fix == "did you mean 'ts_momentum'?"


def test_an_empty_folder_is_an_empty_catalogue(tmp_path: Path) -> None:
    assert catalogue(tmp_path).strategies == {} and catalogue(tmp_path).datasets == {}
