"""Whether any trial beats the benchmark when all of them were tried, and which: Hansen's SPA and Romano & Wolf's StepM.

Hansen, "A Test for Superior Predictive Ability" (JBES 23, 2005); Romano & Wolf, "Stepwise Multiple Testing as
Formalized Data Snooping" (Econometrica 73, 2005); both by `arch.bootstrap.SPA`, stationary blocks. It compares means,
so each difference from the benchmark is divided by its deviation first: else the most volatile trial speaks for all.
Distinct trials whose returns are not at hand were looked at as well, and those at hand may be the best of them: with
m missing ones `p_counted` is the consistent p-value, no lower than the resampled histories can show, times m + 1
(Bonferroni: the tested ones as one family, each missing one as another), and StepM runs at level / (m + 1), if the
histories can show that. Figures are counts of comparisons of resampled means, so a mean's last digit cannot show.
"""

import math
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import F64
from modules.backtest.account_statistics import sharpe_per_bar
from modules.backtest.stepwise import MIN_BLOCKS, edges, require_feasible, superior
from modules.backtest.trial_count import counted, statistics_table
from modules.backtest.trial_matrix import trial_matrix, trials_example
from modules.contract import Check, ModuleSettings, module, no_row
from modules.tables import PRIOR_TRIALS, SUPERIOR, SUPERIORITY, TRIAL_RETURNS

NAMES = ("p_consistent", "p_counted", "p_lower", "p_upper", "superior", "trials_tested")


class Settings(ModuleSettings):
    benchmark: Literal["cash", "equal_weight"] = Field(description="what is to be beaten: nothing, or the trials' mean")
    level: float = Field(ge=0.001, le=0.2, description="chance of one wrong trial among the superior ones")
    reps: int = Field(ge=100, le=10_000, description="resampled histories")
    block_bars: int = Field(ge=1, le=252, description="mean length of a block; 1 resamples single bars")
    seed: int = Field(ge=0, le=4_294_967_295, description="seed of the resampling")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    return trials_example(rng)


def _tested(tested: F64, factor: float, settings: Settings) -> tuple[dict[str, float], list[int]]:
    from arch.bootstrap import SPA  # Takes over a second to import, and only this needs it.

    at_rest = np.zeros(len(tested))
    spa = SPA(at_rest, -tested, block_size=settings.block_bars, reps=settings.reps, seed=settings.seed)
    spa.compute()
    p = {f"p_{kind}": float(value) for kind, value in spa.pvalues.items()}
    # None of the histories beyond is one of reps + 1 at most, the seen one included.
    shown = (p["p_consistent"] * settings.reps + 1.0) / (settings.reps + 1.0)
    p["p_counted"] = min(1.0, shown * factor)
    # The largest of so few histories is no bound of a smaller level: it would be kept too seldom.
    if settings.level / factor * (settings.reps + 1.0) < 1.0:
        return p, []
    columns = superior(spa, tested.shape[1], settings.level / factor)
    return {**p, "superior": float(len(columns))}, columns


@module(takes=(TRIAL_RETURNS, PRIOR_TRIALS), gives=(SUPERIORITY, SUPERIOR), settings=Settings, example=example)
def spa_stepm(
    trial_returns: pd.DataFrame, prior_trials: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    matrix = trial_matrix(trial_returns)
    bars = len(matrix.returns)
    edge = edges(matrix.returns, settings.benchmark) if bars else matrix.returns
    own = np.flatnonzero(np.isfinite(edge).all(axis=0)) if bars > 1 else np.arange(0)
    require_feasible(bars, len(own), settings.reps)
    found = dict.fromkeys(NAMES, math.nan) | counted(prior_trials, matrix)
    found |= {"bars": float(bars), "trials_tested": float(len(own))}
    columns: list[int] = []
    why = f"needs a trial that differs from {settings.benchmark} and {MIN_BLOCKS * settings.block_bars} common bars"
    if len(own) and bars >= MIN_BLOCKS * settings.block_bars:
        factor = found["trials_distinct"] - found["trials_in_matrix"] + 1.0
        figures, columns = _tested(np.ascontiguousarray(edge[:, own]), factor, settings)
        found |= figures
        why = f"a level of {settings.level} for all trials needs {math.ceil(factor / settings.level)} reps"
    chosen = [int(own[column]) for column in columns]
    sharpes = [sharpe_per_bar(matrix.returns[:, column]) for column in chosen]
    keys = pd.Series([matrix.keys[column] for column in chosen], dtype="str")
    return statistics_table(found, why), pd.DataFrame({"key": keys, "sharpe": np.array(sharpes, dtype=np.float64)})


@spa_stepm.accept
def a_missing_value_says_why(_: SimpleNamespace, after: SimpleNamespace) -> Check:
    """A value is missing exactly where the row gives a reason."""
    return no_row(after.superiority, after.superiority["value"].isna() == (after.superiority["why"] == ""))


@spa_stepm.accept
def recentring_orders_the_p_values(_: SimpleNamespace, after: SimpleNamespace) -> Check:
    """lower <= consistent <= upper, and counting the trials that are not at hand never lowers a p-value."""
    p = after.superiority.set_index("name")["value"].filter(like="p_")
    chain = [p["p_lower"], p["p_consistent"], p["p_upper"]]
    known = p.notna().all()
    passed = chain == sorted(chain) and p.between(0.0, 1.0).all() and p["p_counted"] >= min(1.0, p["p_consistent"])
    return Check(bool(passed if known else p.isna().all()), 0.0 if passed or not known else 1.0, "0 out of order")


@spa_stepm.accept
def every_trial_counts(before: SimpleNamespace, after: SimpleNamespace) -> bool:
    """The trials are those of the ledger and those at hand, each once, and no more are tested than are at hand."""
    of, keys = after.superiority.set_index("name")["value"], set(before.trial_returns["key"].unique())
    counts = (len(keys | set(before.prior_trials["key"])), len(keys))
    return (of["trials_distinct"], of["trials_in_matrix"]) == counts and bool(0 <= of["trials_tested"] <= len(keys))


@spa_stepm.accept
def superior_trials_are_at_hand_and_ahead(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """Superior trials stand once, sorted and as many as told, and those that beat cash have earned something."""
    shown, of = after.superior, after.superiority.set_index("name")["value"]
    told = of["superior"] if np.isfinite(of["superior"]) else 0
    wrong = ~shown["key"].isin(before.trial_returns["key"].unique()) | shown["key"].duplicated()
    if settings.benchmark == "cash":
        wrong |= ~(shown["sharpe"] > 0.0)
    in_order = list(shown["key"]) == sorted(shown["key"]) and len(shown) == told
    return Check(in_order and not wrong.any(), float(wrong.sum()), "0 rows", shown[wrong].head(5))
