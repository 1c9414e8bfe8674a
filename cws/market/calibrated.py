"""The default worlds: one for each real default dataset, of its size, calibrated to its moments.

Found by hand against `python -m benchmarks.market`; `docs/market.md` shows both sides.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cws.market.clock import bars_a_year
from cws.market.moments import moments
from cws.market.spec import Noise, Regimes, Trading, World
from cws.market.worlds import make_world
from kernels.ordered import median

CALIBRATED: Mapping[str, World] = {
    "us_large_caps": World(
        name="like_us_large_caps", vendor="wide_panel", first_year=1990, bars=8_313, symbols=20, first_price=20.0,
        noise=Noise(
            market_vol=0.17, factor_vol=0.05, factors=3, beta_spread=0.25, idio_vol=0.215, idio_spread=0.2, drift=0.10,
            tail_df=4.5, reaction=0.11, persistence=0.875, overnight_share=0.35, own_jumps=2.0, jump_size=0.06,
        ),
        regimes=Regimes(stress_multiple=2.0, stress_enter=0.002, stress_leave=0.01),
    ),
    "us_tech": World(
        name="like_us_tech", vendor="csv_ohlcv", first_year=2000, bars=3_270, symbols=5, first_price=60.0,
        noise=Noise(
            market_vol=0.19, factor_vol=0.05, factors=2, beta_spread=0.2, idio_vol=0.28, idio_spread=0.15, drift=0.12,
            tail_df=4.5, reaction=0.09, persistence=0.89, overnight_share=0.40, own_jumps=2.0, jump_size=0.07,
        ),
        trading=Trading(adv_usd=1.7e9, volume_vol=0.5, volume_memory=0.87),
        regimes=Regimes(stress_multiple=1.8, stress_enter=0.002, stress_leave=0.01),
        late_listings=2,
    ),
    "btc_usd_15m": World(
        name="like_btc_usd_15m", vendor="epoch_bars", calendar="24/7", bar_seconds=900, first_year=2021, bars=8_686,
        symbols=1, first_price=43_500.0, ticks_per_unit=1_000.0,
        noise=Noise(
            market_vol=0.0, factors=0, factor_vol=0.0, beta_spread=0.0, idio_vol=0.62, idio_spread=0.0, drift=0.3,
            tail_df=4.0, reaction=0.17, persistence=0.75, overnight_share=0.0, bar_gap_share=0.09, own_jumps=40.0,
            jump_size=0.03, intraday_depth=0.1,
        ),
        trading=Trading(adv_usd=2.5e10, adv_spread=0.0, volume_vol=0.9, volume_memory=0.3),
    ),
}  # fmt: skip

SEEDS = tuple(range(7))


class Band(NamedTuple):
    """How far the median of the world may lie from the real value: `within`, or that share of the real value."""

    within: float
    relative: float = 0.0

    def reach(self, real: float) -> float:
        return max(self.within, self.relative * abs(real))

    def holds(self, real: float, made: float) -> bool:
        """A moment that the source does not have must be missing on both sides."""
        if math.isnan(real) or math.isnan(made):
            return math.isnan(real) and math.isnan(made)
        return abs(made - real) <= self.reach(real)


# Wide where one history says little: skew and kurtosis of a real panel would themselves move by this between decades.
BANDS: Mapping[str, Band] = {
    "annual_vol": Band(0.0, 0.12),
    "skew": Band(0.6),
    "kurtosis": Band(0.0, 0.45),
    "abs_autocorrelation_1": Band(0.07),
    "abs_autocorrelation_20": Band(0.05),
    "pair_correlation": Band(0.07),
    "overnight_share": Band(0.05),
    "volume_autocorrelation": Band(0.06),
    "max_drawdown": Band(0.12),
}


def made_moments(world: World, seeds: Sequence[int] = SEEDS) -> list[Mapping[str, float]]:
    """The moments of the world's bars, a mapping for each seed."""
    return [moments(make_world(world, seed)["bars"].frame, bars_a_year(world)) for seed in seeds]


def middle(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median over seeds of each moment; NaN where a seed has none."""
    return {name: median(np.array([one[name] for one in found])) for name in BANDS}
