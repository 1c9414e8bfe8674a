"""Hold no more of a symbol than `adv_share` of the value that trades in it per bar, averaged over `adv_bars`.

The average runs over the symbol's own bars up to and with the decision's. Where it is unknown the weight is zero:
nobody may be large in what nobody has measured. It reads the account, so it runs only live.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import F64, rolling_mean
from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.panel import KEYS, own_bars
from modules.size.account import equity_at
from modules.size.alignment import require_same_rows, same_rows
from modules.size.samples import equity_example, weights_example
from modules.tables import BARS, EQUITY, WEIGHTS


class Settings(ModuleSettings):
    adv_share: float = Field(ge=0.0, le=1.0, description="largest share of the average traded value per bar")
    adv_bars: int = Field(ge=1, le=252, description="bars over which the traded value is averaged")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng)
    thin = bars["volume"].where(bars["symbol"] != "BBB.XNYS", bars["volume"] / 100.0)
    weights, equity = weights_example(rng), equity_example(rng, bars)
    return {"weights": weights, "bars": bars.assign(volume=thin), "equity": equity}


def _average_traded_usd(bars: pd.DataFrame, adv_bars: int) -> F64:
    own = own_bars(bars)
    return own.gather(rolling_mean(own.spread(bars["close"] * bars["volume"]), adv_bars))


@module(takes=(WEIGHTS, BARS, EQUITY), gives=WEIGHTS, settings=Settings, example=example)
def capacity_cap(weights: pd.DataFrame, bars: pd.DataFrame, equity: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    require_same_rows(weights, bars, "weights and bars")
    weight, traded_usd = weights["weight"].to_numpy(), _average_traded_usd(bars, settings.adv_bars)
    decides, known = ~np.isnan(weight), traded_usd > 0.0
    account = equity_at(equity, weights, decides & known)
    largest = np.where(known, settings.adv_share * traded_usd / account, 0.0)
    return weights[KEYS].assign(weight=np.where(decides, np.clip(weight, -largest, largest), np.nan))


@capacity_cap.accept
def decides_where_it_did(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """Same rows, and a weight exactly where there was one."""
    return same_rows(before.weights, after) and before.weights["weight"].isna().equals(after["weight"].isna())


@capacity_cap.accept
def only_shrinks(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """No weight grows or changes its side."""
    came = before.weights["weight"]
    wrong = (after["weight"].abs() > came.abs()) | (after["weight"] * came < 0.0)
    return no_row(after, wrong)


@capacity_cap.accept
def within_what_trades(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """No position is worth more than `adv_share` of the most that ever traded in its symbol in one bar up to then."""
    account = before.equity.drop_duplicates("ts_event").set_index("ts_event")["equity_usd"]
    value = after["weight"].abs() * account.reindex(after["ts_event"]).to_numpy()
    traded = (before.bars["close"] * before.bars["volume"]).groupby(before.bars["symbol"]).cummax()
    wrong = ~(value <= settings.adv_share * traded * (1.0 + 1e-12)) & (value > 0.0)
    return Check(not wrong.any(), float((value / traded).max()), f"{settings.adv_share}", after[wrong].head(5))
