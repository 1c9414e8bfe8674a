"""What an account earned and what it was to sit through: growth, volatility, ratios, drawdown, turnover, shape.

Definitions are empyrical's (sample deviation, downside over all bars, compound growth); no risk-free rate is taken
off, for cash earns none here. A value that cannot be said is missing, and its row says why.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from kernels.ordered import ordered_mean
from modules.backtest.account_statistics import bar_returns, growth, risk
from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import DAY_NS, START_NS
from modules.tables import EQUITY, STATS

F64 = NDArray[np.float64]
GROWTH = ("total_return", "cagr", "max_drawdown", "calmar", "annual_turnover", "annual_cost")
RISK = ("annual_vol", "sharpe", "sharpe_per_bar", "sortino", "skew", "kurtosis")
MISSING = {"calmar": "no drawdown", "sortino": "no losing bar"}


class Settings(ModuleSettings):
    bars_per_year: float = Field(ge=1.0, le=600_000.0, description="252 for daily sessions, 35040 for 15-minute bars")


def example(rng: np.random.Generator) -> pd.DataFrame:
    bars = 320
    equity = 1e6 * np.cumprod(1.0 + rng.uniform(-0.02, 0.021, bars))
    traded = rng.uniform(0.0, 0.2, bars) * equity
    stamps = {"ts_event": START_NS + DAY_NS * np.arange(bars, dtype=np.int64)}
    paid = {"cost_usd": 0.001 * traded, "turnover_usd": traded}
    return pd.DataFrame({**stamps, "equity_usd": equity, "cash_usd": 0.3 * equity, **paid})


def _yearly(amount: pd.Series, equity: F64, bars_per_year: float) -> float:
    """Yearly sum of `amount`, each bar's as a share of the equity before it."""
    return ordered_mean(amount.to_numpy()[1:] / equity[:-1]) * bars_per_year


def _why(name: str, value: float, count: int) -> str:
    if np.isfinite(value):
        return ""
    if count == 0 or (count == 1 and name not in GROWTH):
        return f"needs {'two' if name in GROWTH else 'three'} bars of equity"
    return "beyond the range of a float" if np.isinf(value) else MISSING.get(name, "no dispersion")


@module(takes=EQUITY, gives=STATS, settings=Settings, example=example)
def performance(equity: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    returns, value, per_year = bar_returns(equity), equity["equity_usd"].to_numpy(), settings.bars_per_year
    found = dict.fromkeys((*GROWTH, *RISK), float("nan"))
    if returns.size:
        found |= growth(value, returns, per_year)
        found["annual_turnover"] = _yearly(equity["turnover_usd"], value, per_year)
        found["annual_cost"] = _yearly(equity["cost_usd"], value, per_year)
    if returns.size > 1:
        found |= risk(returns, per_year)
    found |= {"bars": float(len(value)), "return_count": float(returns.size)}
    names = sorted(found)
    values = np.array([found[name] for name in names])
    why = [_why(name, found[name], returns.size) for name in names]
    columns = {"name": pd.Series(names, dtype="str"), "value": np.where(np.isfinite(values), values, np.nan)}
    return pd.DataFrame({**columns, "why": pd.Series(why, dtype="str")})


@performance.accept
def a_missing_value_says_why(_: pd.DataFrame, after: pd.DataFrame) -> Check:
    """A value is missing exactly where the row gives a reason."""
    wrong = after["value"].isna() == (after["why"] == "")
    return no_row(after, wrong)


@performance.accept
def bars_are_counted(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Every statistic stands once, sorted, and the bars and returns counted are those of the account."""
    of = dict(zip(after["name"], after["value"], strict=True))
    return (
        sorted(of) == list(after["name"])
        and of["bars"] == len(before)
        and of["return_count"] == max(0, len(before) - 1)
    )


@performance.accept
def statistics_agree_with_each_other(_: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """Compounding the yearly return gives the total, and each ratio times its divisor gives what was divided."""
    of = dict(zip(after["name"], after["value"], strict=True))
    years = of["return_count"] / settings.bars_per_year
    pairs = (
        # A yearly return next to -1 has no digits left to compound.
        ((1.0 + of["cagr"]) ** years if of["cagr"] > -0.999 else np.nan, 1.0 + of["total_return"]),
        (of["calmar"] * -of["max_drawdown"], of["cagr"]),
        (of["sharpe"] ** 2, of["sharpe_per_bar"] ** 2 * settings.bars_per_year),
    )
    gap = max((abs(a - b) / (1.0 + abs(b)) for a, b in pairs if np.isfinite(a) and np.isfinite(b)), default=0.0)
    return Check(gap <= 1e-9, gap, "<= 1e-9 relative")


@performance.accept
def drawdown_holds_the_loss(_: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The largest drawdown lies above -1 and is at least as deep as the loss from the first bar to the last."""
    of = dict(zip(after["name"], after["value"], strict=True))
    drawdown, total = of["max_drawdown"], of["total_return"]
    return bool(np.isnan(drawdown) or -1.0 < drawdown <= min(0.0, total + 1e-12))
