"""Small synthetic tables for the modules' examples: valid, unbalanced, and rich enough that every check can fail."""

import numpy as np
import pandas as pd

DAY_NS = 86_400_000_000_000
START_NS = 1_577_977_200_000_000_000  # 2020-01-02 15:00 UTC
SYMBOLS = ("AAA.XNYS", "BBB.XNYS", "CCC.XNYS", "DDD.XNYS")


def bars_example(rng: np.random.Generator, bars: int = 320) -> pd.DataFrame:
    """BARS of four symbols with geometric walks; the last symbol lists late, so the panel is unbalanced."""
    frames = []
    for number, symbol in enumerate(SYMBOLS):
        first = bars // 3 if number == len(SYMBOLS) - 1 else 0
        count = bars - first
        stamps = START_NS + DAY_NS * np.arange(first, bars, dtype=np.int64)
        close = 100.0 * np.cumprod(1.0 + rng.uniform(-0.02, 0.0201, count))
        open_ = close * (1.0 + rng.uniform(-0.005, 0.005, count))
        spread = rng.uniform(0.001, 0.01, count)
        frames.append(
            pd.DataFrame(
                {
                    "ts_event": stamps,
                    "ts_avail": stamps,
                    "symbol": pd.Series([symbol] * count, dtype="str"),
                    "open": open_,
                    "high": np.maximum(open_, close) * (1.0 + spread),
                    "low": np.minimum(open_, close) * (1.0 - spread),
                    "close": close,
                    "adj_close": close,
                    "volume": np.floor(rng.uniform(1e5, 1e6, count)),
                    "age_bars": np.zeros(count, dtype=np.int64),
                    "source": pd.Series(["example"] * count, dtype="str"),
                    "row": np.arange(1, count + 1, dtype=np.int64) + 1_000 * number,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def keyed_example(rng: np.random.Generator, column: str = "value", scale: float = 1.0, bars: int = 320) -> pd.DataFrame:
    """A (ts_event, ts_avail, symbol, `column`) panel on the keys of `bars_example`, uniform in [-scale, scale]."""
    keys = bars_example(rng, bars)[["ts_event", "ts_avail", "symbol"]]
    return keys.assign(**{column: rng.uniform(-scale, scale, len(keys))})
