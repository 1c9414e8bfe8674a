"""What the desk itself allows its live gateway: `CWS_HOME/limits.toml`, written by a person, narrower than the fields.

A recipe knows the largest order of a strategy; how much the firm may hold, owe and lose in a day is nobody's but the
desk's. A limit that the file does not name stays as `cws.execution.live` has it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cws.execution.limits import WIDE_I64, WIDE_QTY, WIDE_U32, WIDE_USD
from modules.errors import CwsError
from modules.settings import nearest

FILE = "limits.toml"
BYTES_MAX = 1 << 20
Money = Annotated[float | None, Field(ge=0.0, le=WIDE_USD, allow_inf_nan=False)]
Count = Annotated[int | None, Field(ge=0, le=WIDE_U32)]
Units = Annotated[int | None, Field(ge=0, le=WIDE_I64)]
OrderUnits = Annotated[int | None, Field(ge=1, le=WIDE_QTY)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def given(self) -> dict[str, object]:
        """The limits that the file names."""
        return self.model_dump(exclude_none=True)


class FirmLimits(_Given):
    """Money in the account's currency, USD."""

    max_order_notional: Money = None
    max_gross_notional: Money = None
    max_net_notional: Money = None
    max_open_notional: Money = None
    max_daily_loss: Money = None
    reduce_at_loss: Money = None
    capital: Money = None
    margin_bps: Annotated[int | None, Field(ge=1, le=WIDE_U32)] = None
    max_orders_a_day: Count = None

    @model_validator(mode="after")
    def capital_is_of_use(self) -> Self:
        if (self.capital is None) != (self.margin_bps is None):
            raise ValueError("capital and margin_bps belong together: capital covers that part of the worst case")
        return self


class StrategyLimits(_Given):
    """Quantities in units of the wire, of one symbol."""

    enabled: bool | None = None
    max_order_quantity: OrderUnits = None
    max_order_notional: Money = None
    max_position: Units = None
    max_daily_loss: Money = None


class SymbolLimits(_Given):
    """Quantities in units of the wire."""

    max_order_quantity: OrderUnits = None
    collar_bps: Count = None
    adv: Units = None
    max_adv_share_bps: Count = None
    short_locate: Units = None
    restricted: Literal["no", "buy", "sell", "all"] | None = None
    halted: bool | None = None


class DeskLimits(_Given):
    firm: FirmLimits = FirmLimits()
    strategy: Mapping[str, StrategyLimits] = Field(default_factory=dict)
    symbol: Mapping[str, SymbolLimits] = Field(default_factory=dict)

    def of_strategy(self, name: str) -> dict[str, object]:
        return self.strategy[name].given() if name in self.strategy else {}

    def of_symbol(self, symbol: str) -> dict[str, object]:
        return self.symbol[symbol].given() if symbol in self.symbol else {}


def written(path: Path) -> bytes:
    """What stands there; nothing where there is no file."""
    return path.read_bytes() if path.exists() else b""


def desk_limits(folder: Path, strategies: Iterable[str], symbols: Iterable[str]) -> DeskLimits:
    """What `limits.toml` in this home's folder says; without the file, nothing.

    Raises CWS-EXECUTION-013 where it cannot be read, names a limit, strategy or symbol that there is not, or gives a
    number out of its field: a limit that somebody wrote down is in force, or nothing is.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
        if len(data) > BYTES_MAX:
            raise _refused(path, f"{len(data)} bytes, at most {BYTES_MAX} are read")
        found = DeskLimits.model_validate(tomllib.loads(data.decode()))
    except FileNotFoundError:
        return DeskLimits()
    except ValidationError as refusal:
        first = refusal.errors()[0]
        raise _refused(path, f"{'.'.join(map(str, first['loc'])) or 'limits'}: {first['msg']}") from None
    except (OSError, ValueError, RecursionError) as refusal:
        raise _refused(path, str(refusal)) from None
    for kind, named, known in (("strategy", found.strategy, strategies), ("symbol", found.symbol, symbols)):
        there = set(known)
        for name in sorted(set(named) - there):
            raise _refused(path, f"no {kind} {name}: {nearest(name, there)}")
    return found


def narrowed(ours: Mapping[str, object], desk: Mapping[str, object]) -> dict[str, object]:
    """OURS with what the desk allows less of: its file widens nothing, and what we say nothing of is its own."""
    return {**ours, **{name: _less(ours.get(name), value) for name, value in desk.items()}}


def _less(ours: object, desk: object) -> object:
    if isinstance(desk, bool) or not isinstance(ours, int | float) or not isinstance(desk, int | float):
        return desk
    return min(ours, desk)


def _refused(path: Path, what: str) -> CwsError:
    return CwsError(
        "CWS-EXECUTION-013", what=what, where=str(path), fix="correct it, or remove it, then cws gateway up"
    )
