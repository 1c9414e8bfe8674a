"""Small synthetic weights and account values for the examples of this stage."""

import numpy as np
import pandas as pd

from modules.examples import DAY_NS, keyed_example


def weights_example(rng: np.random.Generator, every_bars: int = 5) -> pd.DataFrame:
    """WEIGHTS on the keys of `bars_example`: decisions every `every_bars` bars, NaN between them."""
    weights = keyed_example(rng, "weight", 0.9)
    decides = (weights["ts_event"] // DAY_NS) % every_bars == 0
    return weights.assign(weight=weights["weight"].where(decides))


def equity_example(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """EQUITY at every stamp of `rows`: a million, give or take."""
    stamps = np.unique(rows["ts_event"].to_numpy())
    value = 1e6 * rng.uniform(0.9, 1.1, len(stamps))
    zero = np.zeros(len(stamps))
    return pd.DataFrame(
        {"ts_event": stamps, "equity_usd": value, "cash_usd": value, "cost_usd": zero, "turnover_usd": zero}
    )
