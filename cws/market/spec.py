"""What a made-up market is: bounded numbers, refused with a code, with a hash. Nothing here draws anything."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cws.strategies import NAME
from modules.canonical import json_hash
from modules.errors import CwsError
from modules.settings import nearest

MAX_CELLS = 5_000_000  # bars x symbols of one world


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Noise(_Strict):
    """What prices do without any alpha. Volatilities are annual; the rest of a name is what it counts in."""

    market_vol: float = Field(default=0.15, ge=0.0, le=2.0, description="of the factor that every symbol loads on")
    factor_vol: float = Field(default=0.06, ge=0.0, le=2.0, description="of each further factor")
    factors: int = Field(default=3, ge=0, le=10, description="further factors, loadings of mean zero")
    beta_spread: float = Field(
        default=0.25, ge=0.0, le=1.0, description="standard deviation of market betas around one"
    )
    idio_vol: float = Field(default=0.22, ge=0.01, le=3.0, description="of a symbol's own noise, median of the symbols")
    idio_spread: float = Field(
        default=0.25, ge=0.0, le=1.0, description="standard deviation of its logarithm over symbols"
    )
    drift: float = Field(default=0.08, ge=-1.0, le=2.0, description="mean return a year of every symbol")
    tail_df: float = Field(default=5.0, ge=2.5, le=200.0, description="degrees of freedom of the shocks")
    reaction: float = Field(default=0.06, ge=0.0, le=0.5, description="of the variance to the last bar's square")
    persistence: float = Field(default=0.92, ge=0.0, le=0.999, description="of the variance from bar to bar")
    overnight_share: float = Field(
        default=0.25, ge=0.0, le=0.9, description="of a session's variance that comes as a gap"
    )
    bar_gap_share: float = Field(default=0.0, ge=0.0, le=0.9, description="of a bar's own variance that comes as a gap")
    market_jumps: float = Field(default=0.0, ge=0.0, le=500.0, description="a year, all symbols at once")
    own_jumps: float = Field(default=1.0, ge=0.0, le=500.0, description="a year and symbol")
    jump_size: float = Field(default=0.05, ge=0.0, le=0.5, description="standard deviation of a jump's log return")
    intraday_depth: float = Field(
        default=0.5, ge=0.0, le=0.95, description="of the U in volatility and volume over a session"
    )

    @model_validator(mode="after")
    def is_stationary(self) -> "Noise":
        if self.reaction + self.persistence >= 1.0:
            raise ValueError("reaction + persistence must stay below one, or the variance has no mean")
        return self


class Trading(_Strict):
    """Volume and what trading costs, per symbol around a median."""

    adv_usd: float = Field(default=5e8, ge=1e3, le=1e12, description="value traded in a session, median of the symbols")
    adv_spread: float = Field(
        default=0.8, ge=0.0, le=3.0, description="standard deviation of its logarithm over symbols"
    )
    volume_vol: float = Field(default=0.45, ge=0.0, le=3.0, description="standard deviation of log volume over time")
    volume_memory: float = Field(default=0.75, ge=0.0, le=0.999, description="of log volume from bar to bar")
    move_share: float = Field(default=0.25, ge=0.0, le=2.0, description="log volume added by a move twice the usual")
    half_spread_bps: float = Field(default=1.5, ge=0.0, le=500.0, description="median of the symbols")


class Regimes(_Strict):
    """Two Markov chains in bars: calm or stress, and the alpha awake or asleep."""

    stress_multiple: float = Field(default=1.0, ge=1.0, le=10.0, description="volatility in stress over calm")
    stress_enter: float = Field(default=0.0, ge=0.0, le=1.0, description="chance a bar to go from calm to stress")
    stress_leave: float = Field(default=0.02, gt=0.0, le=1.0, description="chance a bar to come back")
    asleep_enter: float = Field(default=0.0, ge=0.0, le=1.0, description="chance a bar that the alpha stops working")
    asleep_leave: float = Field(default=0.02, gt=0.0, le=1.0, description="chance a bar that it works again")


class Alpha(_Strict):
    """A predictable part of returns, following a pattern of past closes.

    The mean return of a bar is `ic` x the symbol's own usual noise x the weighted mean of the pattern's last
    `horizon_bars` values, whose mean square is one: so `ic` is at most the correlation of a forecaster who knows it.
    """

    pattern: Literal["reversal", "momentum", "stretch"] = Field(description="stretch is one symbol by itself")
    window_bars: int = Field(default=5, ge=1, le=2520)
    skip_bars: int = Field(default=0, ge=0, le=252)
    ic: float = Field(ge=-0.5, le=0.5, description="per bar; negative turns the pattern around")
    horizon_bars: int = Field(default=5, ge=1, le=252, description="bars over which a value goes on predicting")
    half_life_bars: float = Field(default=1000.0, ge=0.1, le=10_000.0, description="in which its weight halves")
    first_bar: int = Field(default=0, ge=0, description="before it nothing is planted")
    last_bar: int = Field(default=MAX_CELLS, ge=0, description="death: from the bar after it nothing is planted")

    @model_validator(mode="after")
    def has_a_window(self) -> "Alpha":
        if self.skip_bars >= self.window_bars:
            raise ValueError("skip_bars must be smaller than window_bars")
        return self


class Leak(_Strict):
    """Data that see ahead. `early_bar`: each bar stands one stamp too early. `telling_volume`: volume knows the next
    bar's return."""

    kind: Literal["early_bar", "telling_volume"]
    symbols: int = Field(default=1, ge=1, le=500, description="how many symbols, the first ones, are leaky")


class Flaws(_Strict):
    """How many of each fault the vendor's file has; see `cws.market.flaws` for what each is."""

    splits: int = Field(default=0, ge=0, le=100)
    dividends: int = Field(default=0, ge=0, le=1000)
    exact_duplicates: int = Field(default=0, ge=0, le=1000)
    conflicting_duplicates: int = Field(default=0, ge=0, le=1000)
    swapped_rows: int = Field(default=0, ge=0, le=1000)
    spikes: int = Field(default=0, ge=0, le=100)
    impossible_bars: int = Field(default=0, ge=0, le=1000)
    bad_cells: int = Field(default=0, ge=0, le=1000)
    bad_stamps: int = Field(default=0, ge=0, le=1000)
    strays: int = Field(default=0, ge=0, le=1000)


class World(_Strict):
    """One market. `vendor` is the ingest module that reads its file, and so which fields it carries."""

    name: str = Field(pattern=NAME)
    vendor: Literal["csv_ohlcv", "wide_panel", "epoch_bars"] = "csv_ohlcv"
    calendar: Literal["XNYS", "24/7"] = "XNYS"
    bar_seconds: Literal[86_400, 3_600, 1_800, 900, 300] = 86_400
    first_year: int = Field(default=2000, ge=1990, le=2040)
    bars: int = Field(default=2500, ge=2, le=500_000)
    symbols: int = Field(default=20, ge=1, le=500)
    missing_share: float = Field(default=0.0, ge=0.0, le=0.5, description="of bars that are not in the file")
    late_listings: int = Field(
        default=0, ge=0, le=499, description="symbols, the last ones, that list after the first bar"
    )
    first_price: float = Field(default=60.0, ge=0.01, le=1e6, description="median of the symbols")
    ticks_per_unit: float = Field(default=10_000.0, ge=1.0, le=1e8)
    noise: Noise = Noise()
    trading: Trading = Trading()
    regimes: Regimes = Regimes()
    alpha: Alpha | None = None
    leak: Leak | None = None
    flaws: Flaws = Flaws()

    @model_validator(mode="after")
    def fits_together(self) -> "World":
        if self.bars * self.symbols > MAX_CELLS:
            raise ValueError(f"bars x symbols must not exceed {MAX_CELLS}")
        if self.vendor == "epoch_bars" and self.symbols != 1:
            raise ValueError("a file of epoch_bars is of one symbol")
        if (self.vendor == "epoch_bars") != (self.bar_seconds < 86_400):
            raise ValueError("intraday bars are read by epoch_bars, daily ones by csv_ohlcv or wide_panel")
        if self.vendor != "csv_ohlcv" and (self.flaws.splits or self.flaws.dividends):
            raise ValueError("only a file of csv_ohlcv carries the adjusted close that shows splits and dividends")
        if self.calendar == "24/7" and self.bar_seconds == 86_400 and self.flaws.strays:
            raise ValueError("a market that never closes has no stray day")
        if self.late_listings >= self.symbols:
            raise ValueError("at least one symbol must be listed from the first bar")
        return self

    @property
    def hash(self) -> str:
        return json_hash(self.model_dump(mode="json"))

    def __hash__(self) -> int:
        return hash(self.hash)


def world_of(content: Mapping[str, object], name: str) -> World:
    """A world from plain values, as TOML or JSON give them. Raises CWS-MARKET-001 for an unknown key or a bad value."""
    try:
        return World.model_validate({**content, "name": name})
    except ValidationError as refusal:
        first = sorted(refusal.errors(), key=lambda error: error["type"] != "extra_forbidden")[0]
        place = [str(part) for part in first["loc"]]
        unknown = first["type"] == "extra_forbidden"
        fix = nearest(place[-1], _keys_inside(place[:-1])) if unknown else f"got {first['input']!r}"[:300]
        what = f"{first['msg']}: {'.'.join(place) or 'the whole'!r}"
        raise CwsError("CWS-MARKET-001", what=what, where=f"world {name}", fix=fix) from None


def _keys_inside(place: list[str]) -> list[str]:
    parts = {"noise": Noise, "trading": Trading, "regimes": Regimes, "alpha": Alpha, "leak": Leak, "flaws": Flaws}
    kind: type[BaseModel] = parts[place[0]] if place else World
    return [key for key in kind.model_fields if key != "name"]


def without_alpha(world: World) -> World:
    """The null twin: the same draws, nothing to find."""
    return world.model_copy(update={"alpha": None})
