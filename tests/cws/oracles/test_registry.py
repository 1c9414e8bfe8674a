"""The oracles themselves: the house as it is breaks none, each can say no, and every correctness module has one."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from way import CountingSink

from cws.ablation.rehearsal import Reuse
from cws.oracles.registry import ORACLES, Oracle, oracles_of, programs_of
from cws.oracles.scene import KINDS, MOST_BREAKS, Kind, Program, Scene, Seen, play_scene
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from modules.mutations import mutants
from modules.registry import all_modules, load

SEED = 7
REUSE = Reuse()
CORRECT = [module for module in all_modules() if module.manifest.judge == "correctness"]
# A setting of the module that is wrong, for each oracle whose modules have one.
WRONG = {
    "records_come_out_once": Patch("csv_ohlcv", {"column_open": "Close", "column_close": "Open"}),
    "sessions_are_the_venues": Patch("exchange_sessions", {"mic": "XHKG"}),
    "instants_are_their_stamps": Patch("to_utc_ns", {"zone": "Asia/Tokyo"}),
    "lone_outliers_are_refused_alone": Patch("hampel_outliers", {"z_max": 80.0}),
    "corporate_actions_as_planted": Patch("dividend_adjust", {"min_yield": 0.01}),
    "wild_returns_are_clipped_alone": Patch("winsorize", {"z_max": 20.0}),
    "planted_flaws_refused": Patch("hampel_outliers", {"z_max": 100.0}),
    "clean_bars_are_the_worlds": Patch("to_utc_ns", {"stamp_kind": "local"}),
    "missing_bars_are_filled_for_a_week": Patch("forward_fill", {"max_age_bars": 1}),
    "account_is_the_plain_one": Patch("vector_panel", {"missing_bar": "wait"}),
    "every_fill_pays_its_fee": Patch("vector_panel", {"cost_bps": 0.1}),
    "fills_are_at_the_next_bars_price": Patch("vector_panel", {"fill_on": "close"}),
    "fees_are_the_terms": Patch("cost_bps", {"cost_bps": 9.99}),
    "spreads_are_the_worlds": Patch("cost_half_spread", {"half_spread_bps": 0.0}),
    "impact_is_the_square_root": Patch("cost_sqrt_impact", {"impact_bars": 19}),
    "borrow_is_the_rate": Patch("cost_borrow", {"bars_per_year": 365.0}),
    "figures_are_the_textbooks": Patch("performance", {"bars_per_year": 365.0}),
    "intervals_are_as_wide_as_theory": Patch("bootstrap_ci", {"level": 0.9}),
    "overfitting_is_counted_over_all_halves": Patch("pbo_cscv", {"blocks": 8}),
    "paths_are_all_recombinations": Patch("cpcv_paths", {"folds": 8}),
    "intervals_hold_for_every_trial": Patch("trials_ci", {"miss": 0.1}),
    "sets_are_plain_accounts": Patch("vector_sweep", {"slippage_bps": 0.0}),
    "positions_fit_their_market": Patch("capacity_cap", {"adv_share": 0.06}),
    "paper_fills_at_the_next_bar_for_its_fee": Patch("paper_fill", {"cost_bps": 4.9}),
    "parents_are_orders_at_the_next_bars_quote": Patch("gateway_submit", {"slice_qty": 1_000}),
    "wire_fills_are_the_trades_of_the_wire": Patch("wire_fills", {"cost_bps": 4.9}),
    "book_is_cash_and_positions": Patch("position_book", {"initial_cash_usd": 2_000_000.0}),
}


@cache
def scene(program: str, kind: Kind) -> Scene:
    return play_scene(_program(program), kind, SEED, CountingSink(), reuse=REUSE)


def _program(name: str) -> Program:
    return next(program for program in PROGRAMS if program.name == name)


def where(oracle: Oracle) -> list[Program]:
    return programs_of(oracle.looks_at[0], oracle)


def test_every_correctness_module_names_oracles_that_reach_it() -> None:
    for module in CORRECT:
        assert module.manifest.oracles, f"{module.name} is judged by oracles and names none"
        assert all(programs_of(module.name, oracle) for oracle in oracles_of(module)), module.name


def test_only_correctness_modules_name_oracles() -> None:
    assert [m.name for m in all_modules() if m.manifest.oracles and m.manifest.judge != "correctness"] == []


def test_every_oracle_is_named_by_a_module() -> None:
    assert {name for module in CORRECT for name in module.manifest.oracles} == set(ORACLES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ORACLES)
def test_the_house_as_it_is_breaks_nothing(name: str, kind: Kind) -> None:
    for program in where(ORACLES[name]):
        played = scene(program.name, kind)
        assert (played.failure, ORACLES[name].breaks(played)) == ("", 0), program.name


@pytest.mark.parametrize("name", ORACLES)
def test_every_oracle_can_fail(name: str) -> None:
    """On some mutated output of a module that it judges, by counting and not by falling over."""
    played = scene(where(ORACLES[name])[0].name, "planted")
    judged = [module for module in played.runs if name in load(module).manifest.oracles]
    tried = (
        _with(played, module, {**played.runs[module].after, table: mutant})
        for module in reversed(judged)
        for table, frame in played.runs[module].after.items()
        for mutant in mutants(frame)
    )
    assert any(_breaks(ORACLES[name], one) for one in tried)


def _with(played: Scene, module: str, outputs: Mapping[str, pd.DataFrame]) -> Scene:
    return replace(played, runs={**played.runs, module: Seen(played.runs[module].before, outputs)})


def _breaks(oracle: Oracle, played: Scene) -> bool:
    try:
        return oracle.count(played) > 0
    except (ValueError, KeyError, TypeError, IndexError):
        return False


def test_what_cannot_be_counted_counts_the_most() -> None:
    played = scene("account", "planted")
    outputs = {"intervals": pd.concat([played.runs["bootstrap_ci"].after["intervals"]] * 2)}
    assert ORACLES["intervals_are_as_wide_as_theory"].breaks(_with(played, "bootstrap_ci", outputs)) == MOST_BREAKS


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_counted(name: str) -> None:
    patch, oracle = WRONG[name], ORACLES[name]
    programs = programs_of(patch.module, oracle)
    counts = [oracle.breaks(play_scene(p, "planted", SEED, CountingSink(), patch, REUSE)) for p in programs]
    assert sum(counts) > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_wrong_block_shows_in_every_world_where_luck_comes_and_goes(seed: int) -> None:
    """Where every return is independent of the last, a block of any length gives the same width, but for chance."""
    patch, oracle = Patch("bootstrap_ci", {"block_bars": 60}), ORACLES["intervals_are_as_wide_as_theory"]
    assert oracle.breaks(play_scene(_program("history"), "planted", seed, CountingSink(), patch, REUSE)) > 0


def test_a_module_that_refuses_counts_the_most() -> None:
    patch = Patch("cost_sqrt_impact", {"impact_bars": 252})
    played = play_scene(_program("account"), "planted", SEED, CountingSink(), patch, REUSE)
    assert played.failure.startswith("cost_sqrt_impact")
    assert ORACLES["impact_is_the_square_root"].breaks(played) == MOST_BREAKS
    assert ORACLES["account_is_the_plain_one"].breaks(played) == 0, "what stands before it is still judged"


def test_what_is_sealed_is_opened_as_a_counted_trial() -> None:
    sink = CountingSink()
    play_scene(_program("account"), "untouched", SEED, sink, reuse=REUSE)
    play_scene(_program("long_file"), "untouched", SEED, sink, reuse=REUSE)
    assert sink.calls == ["record", "conclude"]
