"""Returns of an account per bar and what is said of them: the one definition that every module of the stage uses."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.ordered import ordered_mean, ordered_std, power
from modules.errors import CwsError

F64 = NDArray[np.float64]
# A return is a ratio near one, less one, so it carries about 2e-16 of rounding: a smaller deviation is no dispersion.
DISPERSION_FLOOR = 1e-14


def bar_returns(equity: pd.DataFrame) -> F64:
    """(T - 1,) simple returns of consecutive bars; empty below two bars.

    Raises CWS-BACKTEST-004 where equity is not positive and finite: no return can be taken from it.
    """
    value = equity["equity_usd"].to_numpy(dtype=np.float64)
    unusable = ~((value > 0.0) & (value < np.inf))
    if unusable.any():
        bar = int(np.argmax(unusable))
        raise CwsError(
            "CWS-BACKTEST-004",
            what=f"equity {value[bar]} is not positive and finite",
            where=f"equity at ts_event {equity['ts_event'].iloc[bar]} (bar {bar})",
            fix="a ruined account has no returns: lower the gross weight",
        )
    return value[1:] / value[:-1] - 1.0


def _over(above: float, below: float) -> float:
    """above / below; NaN when the divisor is nothing but rounding."""
    return above / below if below > DISPERSION_FLOOR else float("nan")


def sharpe_per_bar(returns: F64) -> float:
    """Mean over sample deviation (n - 1), not annualised; NaN below two returns or without dispersion."""
    return _over(ordered_mean(returns), ordered_std(returns))


def growth(equity: F64, returns: F64, bars_per_year: float) -> dict[str, float]:
    """total_return, cagr, max_drawdown and calmar of at least two bars of equity (T,) and their returns (T - 1,)."""
    cagr = float(power(equity[-1:] / equity[:1], bars_per_year / returns.size)[0]) - 1.0
    drawdown = float(np.min(equity / np.maximum.accumulate(equity) - 1.0))
    total = float(equity[-1] / equity[0]) - 1.0
    return {"total_return": total, "cagr": cagr, "max_drawdown": drawdown, "calmar": _over(cagr, -drawdown)}


def risk(returns: F64, bars_per_year: float) -> dict[str, float]:
    """annual_vol, sharpe, sharpe_per_bar, sortino, skew and kurtosis of at least two returns; NaN where undefined."""
    mean, deviation, yearly = ordered_mean(returns), ordered_std(returns), float(np.sqrt(bars_per_year))
    # Only losses count, but over all bars: Sortino's own definition, not the deviation of the negative returns.
    losses = np.minimum(returns, 0.0)
    downside = float(np.sqrt(ordered_mean(losses * losses)))
    sharpe = sharpe_per_bar(returns)
    ratios = {"sharpe": sharpe * yearly, "sharpe_per_bar": sharpe, "sortino": _over(mean, downside) * yearly}
    return {"annual_vol": deviation * yearly, **ratios, **shape(returns - mean)}


def shape(gap: F64) -> dict[str, float]:
    """Population moments, kurtosis 3 for the normal law: what the deflated Sharpe ratio is defined with."""
    spread = float(np.sqrt(ordered_mean(gap * gap)))
    if not spread > DISPERSION_FLOOR:
        return dict.fromkeys(("skew", "kurtosis"), float("nan"))
    score = gap / spread
    return {"skew": ordered_mean(score * score * score), "kurtosis": ordered_mean(score * score * score * score)}
