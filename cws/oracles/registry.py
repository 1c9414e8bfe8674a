"""All oracles by name: what a module's TOML may name in `oracles`, and the modules that each looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cws.oracles import account, cleaning, desk, figures, many, reading, sweep
from cws.oracles.scene import MOST_BREAKS, Program, Scene
from cws.oracles.worlds import PROGRAMS
from modules.contract import Module


@dataclass(frozen=True)
class Oracle:
    """Counts breaks in a scene; where one of `looks_at` refused or was never reached, it counts the most."""

    count: Callable[[Scene], int]
    looks_at: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.count.__name__

    def breaks(self, scene: Scene) -> int:
        if not all(module in scene.runs for module in self.looks_at):
            return MOST_BREAKS
        try:
            return min(self.count(scene), MOST_BREAKS)
        except (ValueError, KeyError, TypeError, IndexError):
            # Rows twice, or tables without what they must say: what cannot even be counted is no smaller break.
            return MOST_BREAKS


# Every file goes at least this far.
FILES = ("to_utc_ns", "hampel_outliers")
ORACLES: Mapping[str, Oracle] = {
    oracle.name: oracle
    for oracle in (
        Oracle(reading.records_come_out_once, ("to_utc_ns",)),
        Oracle(reading.sessions_are_the_venues, ("exchange_sessions",)),
        Oracle(reading.instants_are_their_stamps, ("to_utc_ns",)),
        Oracle(reading.corporate_actions_as_planted, ("dividend_adjust",)),
        Oracle(reading.wild_returns_are_clipped_alone, ("winsorize",)),
        Oracle(cleaning.planted_flaws_refused, FILES),
        Oracle(cleaning.clean_bars_are_the_worlds, FILES),
        Oracle(cleaning.lone_outliers_are_refused_alone, ("hampel_outliers",)),
        Oracle(cleaning.missing_bars_are_filled_for_a_week, ("forward_fill",)),
        Oracle(account.account_is_the_plain_one, ("vector_panel",)),
        Oracle(account.every_fill_pays_its_fee, ("vector_panel",)),
        Oracle(account.fills_are_at_the_next_bars_price, ("vector_panel",)),
        Oracle(account.fees_are_the_terms, ("cost_bps",)),
        Oracle(account.spreads_are_the_worlds, ("cost_half_spread",)),
        Oracle(account.impact_is_the_square_root, ("cost_sqrt_impact",)),
        Oracle(account.borrow_is_the_rate, ("cost_borrow",)),
        Oracle(figures.figures_are_the_textbooks, ("performance",)),
        Oracle(figures.intervals_are_as_wide_as_theory, ("bootstrap_ci",)),
        Oracle(figures.luck_is_the_best_of_all_trials, ("deflated_sharpe",)),
        Oracle(figures.correlations_are_spearmans, ("ic_decay",)),
        Oracle(many.overfitting_is_counted_over_all_halves, ("pbo_cscv",)),
        Oracle(many.skill_is_superior_and_luck_is_not, ("spa_stepm",)),
        Oracle(many.paths_are_all_recombinations, ("cpcv_paths",)),
        Oracle(many.intervals_hold_for_every_trial, ("trials_ci",)),
        Oracle(sweep.sets_are_plain_accounts, ("vector_sweep",)),
        Oracle(desk.positions_fit_their_market, ("capacity_cap",)),
        Oracle(desk.targets_are_whole_lots_below_the_weight, ("lot_round",)),
        Oracle(desk.orders_are_differences_of_targets, ("targets_to_orders",)),
        Oracle(desk.paper_fills_at_the_next_bar_for_its_fee, ("paper_fill",)),
        Oracle(desk.parents_are_orders_at_the_next_bars_quote, ("gateway_submit",)),
        Oracle(desk.wire_fills_are_the_trades_of_the_wire, ("wire_fills",)),
        Oracle(desk.planted_breaks_are_reported, ("reconcile_fills",)),
        Oracle(desk.book_is_cash_and_positions, ("position_book",)),
    )
}


def oracles_of(module: Module) -> list[Oracle]:
    """The oracles that the module's TOML names."""
    return [ORACLES[name] for name in module.manifest.oracles]


def programs_of(module: str, oracle: Oracle) -> list[Program]:
    """The programs that run the module and all that the oracle looks at."""
    wanted = {module, *oracle.looks_at}
    return [program for program in PROGRAMS if wanted <= {step.module for step in program.steps}]
