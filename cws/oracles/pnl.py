"""What a module's scene earned, for people to read beside a verdict: no oracle and no decision looks at it."""

import math

import numpy as np
import pandas as pd

from cws.market.clock import bars_a_session
from cws.oracles import terms
from cws.oracles.scene import Scene
from modules.panel import grid


def mean_pnl(scene: Scene, module: str) -> float:
    """Mean return a day of what the module decides about: an account, its costs, its figures, or holding every symbol.

    NaN where it decides about none, or was never reached.
    """
    if module not in scene.runs:
        return math.nan
    after = scene.runs[module].after
    if "costs" in after:
        return -float(after["costs"]["cost_usd"].sum()) / terms.INITIAL_CASH_USD / scene.world.bars
    if "equity" in after:
        return float(after["equity"]["equity_usd"].pct_change().mean())
    if module == "performance":
        return float(after["stats"].set_index("name")["value"]["cagr"]) / terms.BARS_PER_YEAR
    if "sweep" in after:
        return (float(after["sweep"]["final_usd"].mean()) / terms.SWEEP_CASH_USD - 1.0) / scene.world.bars
    if "returns" in after:
        return float(after["returns"]["value"].mean())
    if "position_book" in scene.runs:
        return float(scene.runs["position_book"].after["book"]["equity_usd"].pct_change().mean())
    return _holding(scene)


def _holding(scene: Scene) -> float:
    """Of every symbol of the clean bars alike."""
    given = [seen.after["bars"] for seen in scene.runs.values() if "bars" in seen.after]
    return _mean_move(given[-1]) * bars_a_session(scene.world) if given else math.nan


def _mean_move(bars: pd.DataFrame) -> float:
    close = grid(bars).spread(bars["close"])
    moves = close[1:] / close[:-1] - 1.0
    known = moves[np.isfinite(moves)]
    return float(np.cumsum(known)[-1]) / known.size if known.size else math.nan
