"""Oracles of what is said about an account: each figure once more, by a textbook's formula and other code."""

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cws.market.clock import bars_a_year
from cws.oracles import terms
from cws.oracles.scene import Scene

F64 = NDArray[np.float64]
NORMAL = NormalDist()
# Quantiles of a thousand resampled histories are themselves estimates: they may be off by so much of the width.
WIDTH_APART = 0.2
IC_HORIZONS, IC_APART = (1, 5, 20), 1e-9


def _returns(equity: pd.DataFrame) -> F64:
    value = equity["equity_usd"].to_numpy(dtype=np.float64)
    return value[1:] / value[:-1] - 1.0


def _apart(found: Mapping[str, float], due: Mapping[str, float], relative: float = 1e-8) -> int:
    """Figures that are missing or further off than `relative`."""
    near = [abs(found.get(name, math.nan) - value) <= relative * abs(value) + 1e-12 for name, value in due.items()]
    return near.count(False)


def _told(stats: pd.DataFrame) -> dict[str, float]:
    return dict(zip(stats["name"], stats["value"], strict=True))


def figures_are_the_textbooks(scene: Scene) -> int:
    """Growth, risk and turnover that are not the textbook's on the bars that the world has in a year."""
    seen, per_year = scene.runs["performance"], bars_a_year(scene.world)
    equity, returns = seen.before["equity"], _returns(seen.before["equity"])
    value, mean, deviation = equity["equity_usd"].to_numpy(), returns.mean(), returns.std(ddof=1)
    downside = math.sqrt(float((np.minimum(returns, 0.0) ** 2).mean()))
    cagr = (value[-1] / value[0]) ** (per_year / len(returns)) - 1.0
    drawdown = float((value / np.maximum.accumulate(value) - 1.0).min())
    shares = equity[["turnover_usd", "cost_usd"]].to_numpy()[1:] / value[:-1, None]
    turnover, cost = (shares.mean(axis=0) * per_year).tolist()
    due = {
        "total_return": value[-1] / value[0] - 1.0, "cagr": cagr, "max_drawdown": drawdown, "calmar": cagr / -drawdown,
        "annual_vol": deviation * math.sqrt(per_year), "sharpe": mean / deviation * math.sqrt(per_year),
        "sharpe_per_bar": mean / deviation, "sortino": mean / downside * math.sqrt(per_year),
        "annual_turnover": turnover, "annual_cost": cost,
    }  # fmt: skip
    return _apart(_told(seen.after["stats"]), due)


def intervals_are_as_wide_as_theory(scene: Scene) -> int:
    """Intervals of mean and Sharpe ratio that are not 2 z wide around what was seen, in exact standard deviations."""
    seen = scene.runs["bootstrap_ci"]
    returns, found = _returns(seen.before["equity"]), seen.after["intervals"].set_index("name")
    mean, deviation, z = float(returns.mean()), float(returns.std(ddof=1)), NORMAL.inv_cdf(0.5 + terms.CONFIDENCE / 2.0)
    score, ratio = (returns - mean) / deviation, mean / deviation
    due = {
        "mean_return_per_bar": (mean, resampled_deviation(returns)),
        # By the influence of each return on the ratio (Lo 2002).
        "sharpe_per_bar": (ratio, resampled_deviation(score - 0.5 * ratio * score * score)),
    }
    wrong = 0
    for name, (centre, spread) in due.items():
        wrong += float(found["level"][name]) != terms.CONFIDENCE
        low, high = float(found["low"][name]), float(found["high"][name])
        wrong += not abs(high - low - 2.0 * z * spread) <= WIDTH_APART * 2.0 * z * spread
        wrong += not abs(0.5 * (low + high) - centre) <= WIDTH_APART * 2.0 * z * spread
    return wrong


def resampled_deviation(values: F64) -> float:
    """Of the mean under the stationary bootstrap, exactly (Politis & Romano 1994, lemma 1): no resampling."""
    count, keep = len(values), 1.0 - 1.0 / terms.BLOCK_BARS
    gap = values - values.mean()
    lags = [(1.0 - i / count) * keep**i * float((gap * np.roll(gap, i)).mean()) for i in range(count)]
    return math.sqrt((2.0 * sum(lags) - lags[0]) / count)


def luck_is_the_best_of_all_trials(scene: Scene) -> int:
    """Figures of the deflated Sharpe ratio that are not Bailey & Lopez de Prado's (2014) over every distinct trial."""
    seen = scene.runs["deflated_sharpe"]
    of, prior = _told(seen.before["stats"]), seen.before["prior_trials"]
    trials, sharpe = len(prior) + 1, of["sharpe_per_bar"]
    known = sorted({value for value in [*prior["sharpe"].tolist(), sharpe] if math.isfinite(value)})
    spread, gamma = float(np.std(known, ddof=1)), 0.5772156649015329
    best = (1.0 - gamma) * NORMAL.inv_cdf(1.0 - 1.0 / trials) + gamma * NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    noise = math.sqrt(1.0 - of["skew"] * sharpe + (of["kurtosis"] - 1.0) / 4.0 * sharpe**2)
    chance = NORMAL.cdf((sharpe - spread * best) * math.sqrt(of["return_count"] - 1.0) / noise)
    due = {"trials": float(trials), "expected_max_sharpe": spread * best, "deflated_sharpe": chance}
    return _apart(_told(seen.after["deflated"]), due)


def correlations_are_spearmans(scene: Scene) -> int:
    """Mean rank correlations of signal and later return that are not Spearman's, bar by bar."""
    seen = scene.runs["ic_decay"]
    close, signal = (
        seen.before[table].pivot(index="ts_event", columns="symbol", values=name)
        for table, name in (("bars", "close"), ("signal", "value"))
    )
    due = {f"ic_{bars:03d}": _mean_spearman(signal, close.shift(-bars) / close - 1.0) for bars in IC_HORIZONS}
    return _apart(_told(seen.after["stats"]), due, IC_APART)


def _mean_spearman(signal: pd.DataFrame, ahead: pd.DataFrame) -> float:
    known = signal.notna() & ahead.notna()
    ranks = signal.where(known).rank(axis=1), ahead.where(known).rank(axis=1)
    by_bar = ranks[0].corrwith(ranks[1], axis=1)[known.sum(axis=1) >= 3]
    return float(by_bar.mean())
