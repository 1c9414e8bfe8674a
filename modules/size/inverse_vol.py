"""Weight by signal over volatility: each symbol brings the same risk, its signal clipped at one saying how much of it.

At a decision the absolute weights add up to gross x (active symbols / symbols with a bar there), where active means a
known signal other than zero and a known positive volatility: a market half in its warm-up gets half of the money.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from kernels.ordered import F64
from modules.contract import Check, ModuleSettings, module
from modules.examples import keyed_example
from modules.panel import KEYS, grid
from modules.size.alignment import require_same_rows, same_rows
from modules.size.cross_section import row_sums, scaled_to_gross
from modules.tables import SIGNAL, VOL, WEIGHTS


class Settings(ModuleSettings):
    gross: float = Field(ge=1e-6, le=10.0, description="sum of absolute weights when every symbol is active")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    signal = keyed_example(rng, scale=1.5)
    warm = signal.groupby("symbol").cumcount() >= 10
    vol = signal.assign(value=rng.uniform(0.005, 0.03, len(signal))).assign(
        value=lambda rows: rows["value"].where(warm)
    )
    return {"signal": signal, "vol": vol}


def _raw(signal: F64, vol: F64) -> F64:
    """Clipped signal x (smallest volatility of the bar / own); NaN where not active. The ratio cannot overflow."""
    active = ~np.isnan(signal) & (signal != 0.0) & (vol > 0.0) & (vol < np.inf)
    known = np.where(active, vol, np.inf)
    calmest = known.min(axis=1, initial=np.inf, keepdims=True)
    return np.where(active, np.clip(signal, -1.0, 1.0) * (calmest / known), np.nan)


@module(takes=(SIGNAL, VOL), gives=WEIGHTS, settings=Settings, example=example)
def inverse_vol(
    signal: pd.DataFrame,
    vol: pd.DataFrame,
    settings: Settings,
    *,
    schedule: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
) -> pd.DataFrame:
    require_same_rows(signal, vol, "signal and vol")
    panel = grid(signal)
    decides = schedule(panel.ts_event)
    raw = _raw(panel.spread(signal["value"])[decides], panel.spread(vol["value"])[decides])
    listed = row_sums(panel.spread(pd.Series(1.0, index=signal.index))[decides])
    share = row_sums(np.where(np.isnan(raw), 0.0, 1.0)) / np.maximum(listed, 1.0)
    weight = np.full((len(panel.ts_event), len(panel.symbols)), np.nan)
    weight[decides] = np.nan_to_num(scaled_to_gross(raw, settings.gross * share), nan=0.0)
    return signal[KEYS].assign(weight=panel.gather(weight))


@inverse_vol.accept
def one_weight_per_row(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """The weights have exactly the signal's rows, in their order."""
    return same_rows(before.signal, after)


@inverse_vol.accept
def equal_risk_for_equal_signal(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """At a decision, weight x volatility / clipped signal is one number for all symbols that have a weight."""
    strength = before.signal["value"].clip(-1.0, 1.0)
    risk = (after["weight"] * before.vol["value"] / strength)[after["weight"].fillna(0.0) != 0.0]
    bars = risk.groupby(after["ts_event"])
    gap = (bars.max() / bars.min() - 1.0).abs()
    return Check(bool((gap <= 1e-9).all()), float(gap.max()) if len(gap) else 0.0, "1e-9")


@inverse_vol.accept
def gross_is_shared_by_all_listed(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """At a decision the absolute weights add up to gross x the share of symbols that have a weight."""
    rows = after.dropna(subset="weight").assign(size=lambda frame: frame["weight"].abs())
    bars = rows.assign(active=rows["weight"] != 0.0).groupby("ts_event")[["size", "active"]].agg(["sum", "size"])
    share = bars[("active", "sum")] / bars[("active", "size")]
    gap = (bars[("size", "sum")] - settings.gross * share).abs()
    return Check(bool((gap <= 1e-9).all()), float(gap.max()) if len(gap) else 0.0, "1e-9")
