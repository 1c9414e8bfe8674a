"""SPA and StepM: equal to arch called directly, level on nulls, planted trials, and the count of all trials."""

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import SPA, StepM
from many_trials import judge, keys_of, long_form, prior, said, tables

from modules.backtest.stepwise import require_feasible
from modules.errors import CwsError

BARS, TRIALS = 400, 12
FEW = {"reps": 300, "block_bars": 5}


def noise(seed: int, trials: int = TRIALS, bars: int = BARS) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((bars, trials)) * 0.01


def planted(seed: int, *columns: int, edge: float = 0.003) -> np.ndarray:
    returns = noise(seed)
    returns[:, list(columns)] += edge
    return returns


def found(returns: np.ndarray, known: pd.DataFrame | None = None, **settings: object) -> list[int]:
    """Columns of the superior trials."""
    given = prior([]) if known is None else known
    outcome = tables(judge("spa_stepm", long_form(returns), given, **{**FEW, **settings}))
    return [keys_of(returns.shape[1]).index(key) for key in outcome["superior"]["key"]]


def directly(returns: np.ndarray, against: np.ndarray | float = 0.0) -> tuple[dict[str, float], list[int]]:
    """What arch itself says of the differences at a deviation of one."""
    gap = returns - against
    losses, nothing = -gap / gap.std(axis=0, ddof=1), np.zeros(len(gap))
    spa = SPA(nothing, losses, block_size=5, reps=300, seed=7)
    spa.compute()
    steps = StepM(nothing, losses, size=0.1, block_size=5, reps=300, seed=7)
    steps.compute()
    return spa.pvalues.to_dict(), [int(column) for column in steps.superior_models]


@pytest.mark.parametrize(
    "returns", [noise(1), planted(2, 3, 8), planted(5, 0, edge=0.0015)], ids=["null", "two", "one"]
)
def test_is_what_arch_says(returns: np.ndarray) -> None:
    p, superior = directly(returns)
    got = said("spa_stepm", returns, **FEW, seed=7, level=0.1)["value"]
    assert {kind: got[f"p_{kind}"] for kind in p} == p
    assert found(returns, seed=7, level=0.1) == superior and got["superior"] == len(superior)


def test_against_the_mean_of_all_trials_is_what_arch_says() -> None:
    returns = planted(2, 3, 8)
    p, superior = directly(returns, returns.mean(axis=1, keepdims=True))
    got = said("spa_stepm", returns, **FEW, seed=7, level=0.1, benchmark="equal_weight")["value"]
    assert {kind: got[f"p_{kind}"] for kind in p} == p
    assert found(returns, seed=7, level=0.1, benchmark="equal_weight") == superior == [3, 8]


def test_on_nulls_a_p_value_is_as_often_small_as_it_says() -> None:
    p = [
        said("spa_stepm", noise(seed, 6, 150), reps=200, block_bars=1)["value"][["p_lower", "p_consistent", "p_upper"]]
        for seed in range(100)
    ]
    share = np.array([[(column <= bound).mean() for bound in (0.1, 0.3, 0.5, 0.9)] for column in np.array(p).T])
    # Three standard deviations of a share of 100 draws are 0.09 at 0.1 and 0.15 at 0.5.
    assert np.all(np.abs(share[1:] - [0.1, 0.3, 0.5, 0.9]) < [0.09, 0.14, 0.15, 0.09])


def test_finds_the_planted_trials_and_no_other() -> None:
    assert found(planted(3, 1, 6, 7)) == [1, 6, 7]
    assert said("spa_stepm", planted(3, 1, 6, 7), **FEW)["value"]["p_upper"] == 0.0
    assert found(planted(3, 1, 6, 7, edge=-0.003)) == found(noise(3)) == []


def test_all_trials_may_be_superior_in_more_than_one_step() -> None:
    # arch's own StepM falls over here: two trials far ahead, and a third that is found once they are gone.
    rng, edge = np.random.default_rng(0), np.array([0.02, 0.02, 0.00085])
    failed = 0
    for _ in range(12):
        returns = rng.standard_normal((500, 3)) * 0.01 + edge
        try:
            StepM(np.zeros(500), -returns / returns.std(axis=0, ddof=1), block_size=5, reps=300, seed=1).compute()
        except ValueError:
            failed += 1
            assert found(returns, seed=1) == [0, 1, 2]
    assert failed > 0


def test_a_wild_trial_does_not_speak_for_a_calm_one() -> None:
    returns = planted(3, 5)
    returns[:, 0] *= 1_000.0
    assert found(returns) == [5]
    unscaled = StepM(np.zeros(BARS), -returns, block_size=5, reps=300, seed=7)
    unscaled.compute()
    assert unscaled.superior_models == []


def test_trials_that_are_not_at_hand_count() -> None:
    returns = planted(5, 0, edge=0.0012)
    alone, many = (
        said("spa_stepm", returns, prior(np.linspace(-0.1, 0.1, known)), **FEW)["value"] for known in (0, 111)
    )
    assert alone["p_consistent"] == many["p_consistent"]
    assert alone["p_counted"] == pytest.approx((alone["p_consistent"] * 300 + 1) / 301)
    assert many["p_counted"] == pytest.approx(min(1.0, 100.0 * alone["p_counted"]))
    assert (many["trials_tested"], many["trials_in_matrix"], many["trials_distinct"]) == (12.0, 12.0, 111.0)
    # Ninety-nine are missing: StepM has a hundredth of the level then, and 300 histories show nothing of a thousandth.
    ledger = prior(np.full(111, 0.1))
    assert found(returns, level=0.1) == [0] and found(returns, ledger, level=0.1) == []
    unsaid = said("spa_stepm", returns, ledger, **FEW, level=0.1).loc["superior"]
    assert np.isnan(unsaid["value"]) and unsaid["why"] == "a level of 0.1 for all trials needs 1000 reps"
    assert found(returns, ledger, level=0.1, reps=2_000) == []
    assert found(planted(5, 0, edge=0.004), ledger, level=0.1, reps=2_000) == [0]


def test_a_trial_at_rest_counts_but_is_not_tested() -> None:
    returns = planted(3, 1)
    returns[:, 4] = 0.0
    got = said("spa_stepm", returns, **FEW)["value"]
    assert (got["trials_tested"], got["trials_distinct"]) == (11.0, 12.0)
    assert found(returns) == [1]


@pytest.mark.parametrize(
    "returns", [np.empty((0, 0)), noise(1, 3, 1), noise(1, 3, 99), np.zeros((BARS, 3))], ids=["0", "1", "99", "idle"]
)
def test_too_little_to_test_says_so(returns: np.ndarray) -> None:
    got = said("spa_stepm", returns, **FEW)
    p = got.loc[["p_consistent", "p_counted", "p_lower", "p_upper", "superior"]]
    assert p["value"].isna().all()
    assert set(p["why"]) == {"needs a trial that differs from cash and 100 common bars"}


def test_one_trial_has_no_mean_of_others() -> None:
    got = said("spa_stepm", planted(1, 0)[:, :1], **FEW, benchmark="equal_weight")
    assert got["value"]["trials_tested"] == 0.0 and np.isnan(got["value"]["p_upper"])
    assert said("spa_stepm", planted(1, 0)[:, :1], **FEW)["value"]["p_upper"] == 0.0


@pytest.mark.parametrize(
    ("bars", "trials", "reps"), [(1_000_000, 2, 100), (2_500, 50_000, 10_000), (20, 3_000, 10_000)]
)
def test_refuses_more_than_a_core_can_resample(bars: int, trials: int, reps: int) -> None:
    with pytest.raises(CwsError, match="CWS-BACKTEST-046"):
        require_feasible(bars, trials, reps)


def test_ten_thousand_trials_of_ten_years_are_feasible() -> None:
    require_feasible(2_500, 10_000, 1_000)
