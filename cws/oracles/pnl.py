"""What a scene earned, for people to read beside a verdict: no oracle and no decision looks at it."""

import math

import numpy as np

from cws.market.clock import bars_a_session
from cws.oracles.scene import Scene
from modules.panel import grid


def mean_pnl(scene: Scene) -> float:
    """Mean return a day: of the account where there is one, else of holding every symbol of the clean bars alike.; NaN where it has neither.
    """
    if scene.failure:
        return math.nan
    bars = [seen.after["bars"] for seen in scene.runs.values() if "bars" in seen.after]
    if not bars:
        return math.nan
    place = grid(bars[-1])
    close = place.spread(bars[-1]["close"])
    moves = close[1:] / close[:-1] - 1.0
    known = moves[np.isfinite(moves)]
    return float(np.cumsum(known)[-1]) / known.size * bars_a_session(scene.world) if known.size else math.nan
