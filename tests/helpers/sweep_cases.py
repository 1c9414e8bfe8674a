"""Random sweeps: closes, fills, and features with ties and holes."""

from typing import NamedTuple

import numpy as np

from kernels.sweep_inputs import Lanes, Market, Terms

PAID = Terms(1e6, 0.001, 0.0003, 0.0002, 0.00004, -1.0)


class Case(NamedTuple):
    """A sweep's arguments after the rule."""

    features: np.ndarray
    lanes: Lanes
    market: Market
    terms: Terms


def case(seed: int, bars: int, sets: int, terms: Terms = PAID, volatility: float = 0.03) -> Case:
    """Random closes, fills near them, features with ties and holes, some bars without a scale."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.cumprod(1.0 + np.clip(rng.normal(0.0, volatility, bars), -0.9, 5.0))
    scale = np.where(rng.random(bars) < 0.1, np.nan, rng.choice([1.0, 0.5, 0.0, 1.5], bars))
    features = rng.normal(size=(bars, 4)).round(1) * np.where(rng.random((bars, 1)) < 0.5, 1.0, 100.0)
    features[rng.random((bars, 4)) < 0.1] = np.nan
    first, second = rng.integers(0, 4, (2, sets))
    # Levels of one decimal too, so that features stand on them.
    low = rng.uniform(-1.0, 0.5, sets).round(1)
    lanes = Lanes(first, second, low, (low + rng.uniform(0.0, 1.0, sets)).round(1))
    return Case(features, lanes, Market(close, close * rng.uniform(0.98, 1.02, bars), scale), terms)
