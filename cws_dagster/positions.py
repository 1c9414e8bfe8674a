"""Target positions for people: what the summary's lots are in units, weight and money."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cws_dagster.main_job import Outcome
from modules.instruments import lot_sizes

ADJUSTING = ("split_adjust", "dividend_adjust")


@dataclass(frozen=True)
class Position:
    """`units` of the instrument (lots times lot size), `weight` of the account, `value_usd` at the reference price."""

    symbol: str
    lots: int
    units: float
    weight: float
    value_usd: float


def valued(lots: Mapping[str, int], targets: pd.DataFrame, instruments: pd.DataFrame) -> list[Position]:
    """The largest by value first. A bar without a decision keeps the weight of the last one."""
    if not lots:
        return []
    symbols = sorted(lots)
    last = targets.groupby("symbol")[["weight", "reference_price"]].last().loc[symbols]
    units = [lots[symbol] * float(size) for symbol, size in zip(symbols, lot_sizes(instruments, symbols), strict=True)]
    found = [
        Position(symbol, lots[symbol], held, float(weight), held * float(price))
        for symbol, held, weight, price in zip(symbols, units, last["weight"], last["reference_price"], strict=True)
    ]
    return sorted(found, key=lambda one: (-abs(one.value_usd), one.symbol))


def positions(outcome: Outcome, lots: Mapping[str, Mapping[str, int]]) -> dict[str, list[Position]]:
    """Strategy -> its positions, from the targets and instruments that this run published."""
    lake, pins = outcome.house.lake, {(r.stage, r.unit): r.pins for r in outcome.reports}
    catalogue = outcome.catalogue
    return {
        name: valued(
            held,
            lake.read(pins["size", name]["targets"]),
            lake.read(pins["ingest", catalogue.strategy(name).dataset]["instruments"]),
        )
        for name, held in lots.items()
    }


def adjusted(outcome: Outcome) -> dict[str, str]:
    """Strategy -> why its units are no shares: its dataset's clean chain adjusts the prices."""
    found: dict[str, str] = {}
    for name, strategy in outcome.catalogue.strategies.items():
        dataset = outcome.catalogue.dataset_of(strategy)
        if by := [module for module in dataset.chain("clean") if module in ADJUSTING]:
            found[name] = f"units of the series that {' and '.join(by)} made of {dataset.name}, not shares"
    return found
