"""The dataset recipe of a world: how the real ingest and clean modules read its file."""

from functools import lru_cache

from cws.market.clock import last_year
from cws.market.spec import World
from cws.strategies import Dataset, parse

# As in the recipes of the real datasets; outliers are judged behind the splits, as their module says.
CLEANING = {
    "csv_ohlcv": ("split_adjust", "dividend_adjust", "hampel_outliers"),
    "wide_panel": ("hampel_outliers", "forward_fill"),
    "epoch_bars": ("hampel_outliers",),
}


def _chain(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _reader(world: World) -> str:
    """The ingest module's own table."""
    lines = [f'source = "{world.name}"', f'mic = "{"XNYS" if world.calendar == "XNYS" else "XXXX"}"']
    if world.vendor != "epoch_bars":
        lines += ['mic_exceptions = ""']
    else:
        lines += ['fixed_symbol = "W000"']
    return "\n".join([f"[settings.{world.vendor}]", *lines])


def _stamps(world: World) -> str:
    if world.vendor != "epoch_bars":
        return ""
    return '[settings.to_utc_ns]\nstamp_kind = "offset"\nzone = "UTC"\nstamp_marks = "start"\n'


def dataset_toml(world: World, path: str) -> str:
    """A dataset's TOML for the world's file at `path`, relative to the folder of the recipes' `datasets`."""
    cleaning = ("to_utc_ns", "sort_and_dedupe", "session_filter", "bar_sanity", *CLEANING[world.vendor])
    anchor = 'anchor = "first"\n' if world.vendor == "csv_ohlcv" else ""
    return f"""title = "A made-up market: {world.name}"
why = "A world whose truth is known, so that what is found in it can be judged."
caveat = "No market ever was like this one."
max_quarantined_share = 0.6

[source]
path = "{path}"

[instruments]
currency = "USD"
calendar = "{world.calendar}"
lot_size = {1.0 if world.calendar == "XNYS" else 0.0001}
tick_size = {1.0 / world.ticks_per_unit!r}

[ingest]
chain = ["exchange_sessions", "{world.vendor}"]

[clean]
chain = [{_chain(cleaning)}]

[settings]
bar_seconds = {world.bar_seconds}
{anchor}
[settings.exchange_sessions]
mic = "{world.calendar}"
first_year = {world.first_year}
last_year = {last_year(world, world.bars + 1)}

[settings.bar_sanity]
carries = "{"close" if world.vendor == "wide_panel" else "ohlcv"}"

{_reader(world)}

{_stamps(world)}"""


@lru_cache(maxsize=64)
def dataset_of(world: World) -> Dataset:
    """The recipe as the catalogue would read it."""
    return parse(Dataset, dataset_toml(world, f"{world.name}.csv"), world.name)
