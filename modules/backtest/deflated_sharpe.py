"""The probability that the Sharpe ratio is above what the best of so many trials shows by luck alone.

Bailey & Lopez de Prado, "The Deflated Sharpe Ratio" (Journal of Portfolio Management, 2014). With N distinct trials
whose different Sharpe ratios have variance V, the best of N skill-less ones is expected at
    SR0 = sqrt(V) * ((1 - g) * Z(1 - 1/N) + g * Z(1 - 1/(N*e))),  g = 0.5772..., Z the normal quantile,
and DSR = Phi((SR - SR0) * sqrt(T - 1) / sqrt(1 - skew * SR + (kurtosis - 1) / 4 * SR^2)), all per bar.
N counts every trial, V only different known values: trials that crash or repeat a result byte for byte were looked at,
but would bring V, and with it SR0, down as far as one likes.
"""

import math
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pandas as pd

from kernels.ordered import F64
from modules.backtest.trial_count import best_of_luck, require_distinct
from modules.contract import Check, ModuleSettings, module
from modules.tables import DEFLATED, PRIOR_TRIALS, STATS

NEEDED = ("kurtosis", "return_count", "sharpe_per_bar", "skew")
NORMAL = NormalDist()


class Settings(ModuleSettings):
    """None: a choice here would be a way to a better-looking number."""


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    names = pd.Series(NEEDED, dtype="str")
    stats = pd.DataFrame({"name": names, "value": [5.0, 319.0, 0.1, -0.5], "why": pd.Series([""] * 4, dtype="str")})
    keys = pd.Series([f"{number:032x}" for number in range(9)], dtype="str")
    sharpes = np.append(rng.uniform(-0.05, 0.12, 8), np.nan)
    return {"stats": stats, "prior_trials": pd.DataFrame({"key": keys, "sharpe": sharpes})}


def probability_above(benchmark: float, sharpe: float, returns: float, skew: float, kurtosis: float) -> float:
    """The probabilistic Sharpe ratio over `benchmark`, both per bar; NaN where the moments leave no variance."""
    variance = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
    if not (variance > 0.0 and returns > 1.0):
        return float("nan")
    return NORMAL.cdf((sharpe - benchmark) * math.sqrt(returns - 1.0) / math.sqrt(variance))


def _row(name: str, value: float, why: str) -> tuple[str, float, str]:
    known = math.isfinite(value)
    return name, value if known else math.nan, "" if known else why


def _why(prior_trials: pd.DataFrame, missing: list[str], spread: bool) -> str:
    """What stands in the way of a value, and how many trials are counted whose Sharpe ratio nobody knows."""
    if not len(prior_trials):
        return "needs two distinct trials"
    why = "the moments leave no variance" if spread else "needs two trials with different Sharpe ratios"
    why = f"the account has no {', '.join(missing)}" if missing else why
    unknown = int((~np.isfinite(prior_trials["sharpe"])).sum())
    return f"{why}; {unknown} of {len(prior_trials)} other trials have no known Sharpe ratio" if unknown else why


@module(takes=(STATS, PRIOR_TRIALS), gives=DEFLATED, settings=Settings, example=example)
def deflated_sharpe(stats: pd.DataFrame, prior_trials: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    require_distinct(prior_trials)
    of = dict(zip(stats["name"], stats["value"], strict=True))
    kurtosis, returns, sharpe, skew = (float(of.get(name, math.nan)) for name in NEEDED)
    trials = len(prior_trials) + 1
    sharpes: F64 = np.append(prior_trials["sharpe"].to_numpy(), sharpe)
    luck = best_of_luck(sharpes, trials)
    missing = [name for name in NEEDED if not math.isfinite(of.get(name, math.nan))]
    why = _why(prior_trials, missing, math.isfinite(luck))
    rows = [
        _row("deflated_sharpe", probability_above(luck, sharpe, returns, skew, kurtosis), why),
        _row("expected_max_sharpe", luck, why),
        _row("trials", float(trials), ""),
    ]
    names, values, reasons = zip(*rows, strict=True)
    text = {"name": pd.Series(names, dtype="str"), "value": values, "why": pd.Series(reasons, dtype="str")}
    return pd.DataFrame(text)


@deflated_sharpe.accept
def every_trial_counts(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """The trials are the prior ones and this one."""
    return bool(after.set_index("name")["value"]["trials"] == len(before.prior_trials) + 1)


@deflated_sharpe.accept
def luck_decides_at_one_half(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """A probability, above one half exactly when the Sharpe ratio is above the expected best of luck."""
    value = after.set_index("name")["value"]
    chance, sharpe = value["deflated_sharpe"], before.stats.set_index("name")["value"].get("sharpe_per_bar", math.nan)
    agrees = (chance > 0.5) == (sharpe > value["expected_max_sharpe"]) or abs(chance - 0.5) < 1e-12
    # Checks are seen before the outcome is opened, so a passing one shows no figure of it.
    beyond = 0.0 if np.isnan(chance) else max(0.0, -chance, chance - 1.0)
    return Check(beyond == 0.0 and bool(np.isnan(chance) or agrees), beyond, "0 beyond [0, 1]")


@deflated_sharpe.accept
def a_missing_value_says_why(_: SimpleNamespace, after: pd.DataFrame) -> bool:
    """A value is missing exactly where the row gives a reason."""
    return bool((after["value"].isna() == (after["why"] != "")).all())
