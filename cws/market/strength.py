"""How strong a planted alpha is for whoever trades it: weights in force against the truth; the `ic` for a wanted IR.

The reference traders are the house's simplest, before costs. Of a pattern across symbols: each week weights in
proportion to the ranks, gross one, filled at the close of the bar after the decision. Of a stretch: at every bar, each
symbol alone, its value over two, shared by the symbols, filled at the next open.
"""

from typing import Literal

import numpy as np
import pandas as pd

from cws.market.spec import Alpha, World
from cws.market.truth import Truth, truth_of
from kernels.ordered import F64, lag, ordered_mean
from modules.errors import CwsError
from modules.panel import grid
from modules.skills.schedule import weekly

# Fixed, and not the seeds that anybody judges with: they only measure how the reference trader's weights turn over.
REFERENCE_SEEDS = (9_001, 9_002, 9_003, 9_004)
TRIAL_IC, MAX_IC = 0.02, 0.5
# Decided at the close of t. Filled at that of t + 1, weights are in force from bar t + 2 on; filled at the open of
# t + 1, from that bar on, for what is planted into a bar comes after its open.
CLOSE_FILL_BARS, OPEN_FILL_BARS = 2, 1


def reference_weights(truth: Truth) -> F64:
    """(T, S) weights in force during each bar when the pattern's truth is traded by the reference trader."""
    if truth.world.alpha is not None and truth.world.alpha.pattern == "stretch":
        return np.nan_to_num(lag(truth.signal / (2.0 * len(truth.symbols)), OPEN_FILL_BARS), nan=0.0)
    decides = weekly(np.array(truth.ts_event, dtype=np.int64))
    gross = np.cumsum(np.abs(truth.signal), axis=1)[:, -1:]
    target = np.divide(truth.signal, gross, out=np.zeros_like(truth.signal), where=gross > 0.0)
    latest = np.maximum.accumulate(np.where(decides, np.arange(len(decides)), 0))
    return np.nan_to_num(lag(target[latest], CLOSE_FILL_BARS), nan=0.0)


def held_weights(truth: Truth, holdings: pd.DataFrame, equity: pd.DataFrame, fill_on: Literal["open", "close"]) -> F64:
    """(T, S) weights in force during each bar of a real backtest's HOLDINGS and EQUITY, for `Truth.expected_ir`.

    The difference of two backtests' weights gives the true information ratio of the patch between them.
    Raises CWS-MARKET-005 when the tables are not of this world.
    """
    place = grid(holdings)
    stamps = np.array(truth.ts_event, dtype=np.int64)
    if not set(place.symbols) <= set(truth.symbols) or not np.isin(place.ts_event, stamps).all():
        raise CwsError(
            "CWS-MARKET-005", what="holdings of symbols or stamps that the world does not have",
            where=f"world {truth.world.name}", fix="judge a backtest by the truth of the world that it ran on",
        )  # fmt: skip
    columns = np.array([truth.symbols.index(symbol) for symbol in place.symbols])
    value = pd.DataFrame(place.spread(holdings["value_usd"])).ffill().fillna(0.0).to_numpy()
    weight = value / equity["equity_usd"].to_numpy()[:, None]
    out = np.zeros((len(stamps), len(truth.symbols)))
    out[np.ix_(np.searchsorted(stamps, place.ts_event), columns)] = weight
    # Filled at an open, a position already earns what is planted into that bar, which comes after the open.
    return out if fill_on == "open" else np.nan_to_num(lag(out, 1), nan=0.0)


def ic_for_ir(world: World, alpha: Alpha, annual_ir: float) -> float:
    """The `ic` at which the reference trader's expected annual information ratio is `annual_ir`, before costs.

    Measured at a small `ic` on fixed seeds and scaled: what is planted is nearly proportional to it. Death and sleep of
    the alpha are left out, so this is its strength while it works. Raises CWS-MARKET-006 where no `ic` is enough.
    """
    trial = alpha.model_copy(update={"ic": TRIAL_IC, "first_bar": 0, "last_bar": world.bars})
    calm = world.regimes.model_copy(update={"asleep_enter": 0.0})
    probe = world.model_copy(update={"alpha": trial, "regimes": calm})
    truths = [truth_of(probe, seed) for seed in REFERENCE_SEEDS]
    found = ordered_mean(np.array([truth.expected_ir(reference_weights(truth)) for truth in truths]))
    needed = TRIAL_IC * annual_ir / found if found > 0.0 else np.inf
    if abs(needed) > MAX_IC:
        raise CwsError(
            "CWS-MARKET-006", what=f"an information ratio of {annual_ir} would need an ic of {needed:.3g}",
            where=f"world {world.name}", fix="more symbols, a faster pattern, or less",
        )  # fmt: skip
    return float(needed)
