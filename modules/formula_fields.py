"""What a formula sees of bars: their own columns and, by a declared rule, `vwap` and `sector`, which bars do not carry.

The rules are settings, so they are part of what was asked, and a formula that names a field without one is refused.
"""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from modules.errors import CwsError
from modules.formula import BAR_FIELDS
from modules.panel import Grid

F64 = NDArray[np.float64]


def sector_numbers(sectors: str) -> dict[str, float]:
    """Symbol -> number of its sector, counted from 1 in the order of the sectors' names.

    Raises CWS-ALPHA-010 for what is no `symbol=sector`, and for a symbol that is there twice.
    """
    named: dict[str, str] = {}
    for word in sectors.split():
        symbol, _, name = word.rpartition("=")
        if not symbol or not name or symbol in named:
            why = f"{symbol!r} is there twice" if symbol in named else f"{word!r} is no symbol and sector"
            fix = "write AAPL.XNAS=hardware XOM.XNYS=energy"
            raise CwsError("CWS-ALPHA-010", what=why, where="setting sectors", fix=fix)
        named[symbol] = name
    order = sorted(set(named.values()))
    return {symbol: 1.0 + order.index(name) for symbol, name in named.items()}


def _checked(sectors: str) -> str:
    sector_numbers(sectors)
    return sectors


Vwap = Annotated[
    Literal["none", "typical"], Field(description="what stands for vwap: typical is (high + low + close) / 3")
]
Sectors = Annotated[
    str,
    Field(max_length=20_000, description="each symbol's sector, AAPL.XNAS=hardware XOM.XNYS=energy; empty for none"),
    AfterValidator(_checked),
]


def field_names(vwap: str, sectors: str) -> tuple[str, ...]:
    """What a formula may name under these rules."""
    return (*BAR_FIELDS, *(["vwap"] if vwap != "none" else []), *(["sector"] if sectors.strip() else []))


def field_matrices(bars: pd.DataFrame, stamps: Grid, vwap: str, sectors: str) -> dict[str, F64]:
    """Field -> (T, S) matrix on the grid of `bars`; a symbol without a sector is in no group."""
    fields = {name: stamps.spread(bars[name]) for name in BAR_FIELDS}
    if vwap == "typical":
        fields["vwap"] = (fields["high"] + fields["low"] + fields["close"]) / 3.0
    if sectors.strip():
        number = sector_numbers(sectors)
        row = np.array([number.get(symbol, np.nan) for symbol in stamps.symbols], dtype=np.float64)
        fields["sector"] = np.repeat(row[None, :], len(stamps.ts_event), axis=0)
    return fields
