"""Every formula of strategies/alpha101 parses, says something on a full panel, and is live what it is in bulk."""

import numpy as np
import pytest
from places import STRATEGIES

from cws.known_alphas import known_alphas
from kernels.alpha.batch import evaluate
from kernels.alpha.canonical import formula_hash
from kernels.alpha.parse import parse
from kernels.alpha.streaming import Stream

KNOWN = known_alphas(STRATEGIES)


def panel(bars: int, symbols: int) -> dict[str, np.ndarray]:
    """Wandering prices with open, high, low, close and vwap in their places, and four sectors."""
    rng = np.random.default_rng(5)
    close = 50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.02, (bars, symbols)), axis=0)
    opened = close * (1.0 + rng.normal(0.0, 0.005, close.shape))
    high = np.maximum(opened, close) * (1.0 + rng.uniform(0.001, 0.01, close.shape))
    low = np.minimum(opened, close) * (1.0 - rng.uniform(0.001, 0.01, close.shape))
    volume = np.round(10.0 ** rng.uniform(4.0, 6.0, close.shape))
    sector = np.broadcast_to(np.arange(symbols) % 4.0, close.shape)
    vwap = (high + low + close) / 3.0
    return {"open": opened, "high": high, "low": low, "close": close, "volume": volume, "vwap": vwap, "sector": sector}


def test_there_are_many_and_no_two_are_one() -> None:
    assert len(KNOWN) >= 30
    assert len({formula_hash(parse(known.formula)) for known in KNOWN.values()}) == len(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_evaluates(name: str) -> None:
    formula, fields = parse(KNOWN[name].formula), panel(320, 24)
    found = evaluate(formula, fields)
    assert np.isfinite(found[-40:]).mean() > 0.2, "it says something"
    stream = Stream(formula, 24)
    rows = np.array([stream.push({name: values[t] for name, values in fields.items()}) for t in range(300)])
    np.testing.assert_array_equal(rows, found[:300])
