"""Bootstrap intervals: coverage on simulated histories where the truth is known, the seed, and what cannot be said."""

import numpy as np
import pandas as pd
import pytest

from modules.backtest.bootstrap_ci import interval, resampled
from modules.conformance import example_inputs
from modules.errors import CwsError
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.tables import EQUITY
from modules.unsealing import unseal
from modules.values import make_table

HISTORIES = 200
LEVEL = 0.9
# Three standard deviations of a binomial count with 200 draws at 0.9: 180 +- 12.7.
INSIDE = range(168, 193)


def autoregressive(rng: np.random.Generator, phi: float, mean: float, bars: int) -> np.ndarray:
    shocks = rng.standard_normal(bars + 100) * 0.01
    for t in range(1, len(shocks)):
        shocks[t] += phi * shocks[t - 1]
    return mean + shocks[100:]


def covered(phi: float, block_bars: int, bars: int) -> list[int]:
    """How many of HISTORIES intervals hold the true mean, and the true Sharpe ratio per bar."""
    mean, deviation = 0.001, 0.01 / (1.0 - phi * phi) ** 0.5
    truth, held = (mean, mean / deviation), [0, 0]
    rng = np.random.default_rng(11)
    for seed in range(HISTORIES):
        values = resampled(autoregressive(rng, phi, mean, bars), 399, block_bars, seed)
        for place in (0, 1):
            low, high = interval(values[:, place], LEVEL)
            held[place] += low <= truth[place] <= high
    return held


@pytest.mark.parametrize(("phi", "block_bars", "bars"), [(0.0, 5, 250), (0.4, 10, 1_000)])
def test_intervals_cover_the_truth_as_often_as_they_say(phi: float, block_bars: int, bars: int) -> None:
    for held in covered(phi, block_bars, bars):
        assert held in INSIDE


def test_single_bars_are_too_sure_of_a_dependent_history() -> None:
    # Why blocks: with an autocorrelation of 0.4 the deviation of the mean is 1.53 times what single bars show.
    assert max(covered(0.4, 1, 500)) < INSIDE.start


def test_interval_is_order_statistics() -> None:
    # 2.5 % of 200 is 5 on each side: the fifth smallest and the fifth largest; 5 % of 400 is 20.
    assert interval(np.arange(199.0)[::-1], 0.95) == (4.0, 194.0)
    assert interval(np.arange(399.0), 0.9) == (19.0, 379.0)
    assert np.isnan(interval(np.append(np.arange(198.0), np.nan), 0.95)).all()


def bootstrap(equity: list[float], settings: dict[str, object]) -> ModuleRun:
    value, zeros = np.array(equity, dtype=np.float64), np.zeros(len(equity))
    stamps = {"ts_event": np.arange(1, len(equity) + 1, dtype=np.int64), "equity_usd": value, "cash_usd": value}
    frame = pd.DataFrame({**stamps, "cost_usd": zeros, "turnover_usd": zeros})
    return run(bind(load("bootstrap_ci"), settings), {"equity": make_table(frame, EQUITY, "test")})


@pytest.mark.parametrize("equity", [[], [1.0], [1.0, 1.1], [1.0, 1.0, 1.0, 1.0]])
def test_too_short_or_flat_an_account_has_no_sharpe_interval(equity: list[float]) -> None:
    outcome = bootstrap(equity, {})
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    sealed = outcome.outputs["intervals"]
    assert isinstance(sealed, Sealed)
    assert unseal(sealed).frame.set_index("name").loc["sharpe_per_bar", ["low", "high"]].isna().all()


def test_the_seed_decides_the_bytes() -> None:
    inputs = example_inputs(load("bootstrap_ci"))
    one, same, other = (
        run(bind(load("bootstrap_ci"), {"seed": seed}), inputs).trace.outputs["intervals"] for seed in (1, 1, 2)
    )
    assert one == same != other


def test_refuses_a_level_that_the_histories_cannot_show() -> None:
    failure = bootstrap([1.0, 1.1, 1.05, 1.2], {"level": 0.999, "reps": 200}).failure
    assert isinstance(failure, CwsError) and failure.code == "CWS-BACKTEST-006"
