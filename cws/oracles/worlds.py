"""The worlds of the oracles and the programs that they go through."""

from collections.abc import Mapping

from cws.market.spec import Flaws, Noise, Trading, World
from cws.market.vendor import vendor_file
from cws.market.worlds import make_world
from cws.oracles import drawn, terms
from cws.oracles.scene import Program, Step
from modules.runner import Value
from modules.values import raw_bytes

# Calm enough that no true move looks like a planted spike.
CALM = Noise(own_jumps=0.0, reaction=0.05, persistence=0.90, tail_df=8.0)
TRADING = Trading(half_spread_bps=terms.HALF_SPREAD_BPS, adv_spread=0.0)
EXTRA = {
    "exact_duplicates": 4, "conflicting_duplicates": 4, "swapped_rows": 3, "bad_cells": 4, "bad_stamps": 3,
    "spikes": 5, "impossible_bars": 8,
}  # fmt: skip
LONG = World(name="oracle_long", vendor="csv_ohlcv", first_year=2004, bars=320, symbols=5, noise=CALM, trading=TRADING)
WIDE = LONG.model_copy(update={"name": "oracle_wide", "vendor": "wide_panel", "bars": 420})
INTRADAY = World(
    name="oracle_intraday", vendor="epoch_bars", calendar="24/7", bar_seconds=900, first_year=2021, bars=500, symbols=1,
    first_price=40_000.0, ticks_per_unit=1_000.0, noise=CALM.model_copy(update={"factors": 0, "market_vol": 0.0}),
)  # fmt: skip


def _with(world: World, flaws: Flaws, **other: object) -> World:
    return world.model_copy(update={"flaws": flaws, **other})


def _file(world: World, seed: int) -> dict[str, Value]:
    return {"raw": raw_bytes(vendor_file(world, seed).data), "instruments": make_world(world, seed)["instruments"]}


def _returns(world: World, seed: int) -> dict[str, Value]:
    return {"returns": drawn.returns_table(world, seed)}


def _account(world: World, seed: int) -> dict[str, Value]:
    return {
        "bars": make_world(world, seed)["bars"],
        "weights": drawn.weights_table(world, seed),
        "signal": drawn.signal_table(world, seed),
        "prior_trials": drawn.trials_table(world, seed),
    }


def _desk(world: World, seed: int) -> dict[str, Value]:
    made = make_world(world, seed)
    orders, fills, _ = drawn.broken_fills(world, seed)
    return {
        "bars": made["bars"],
        "instruments": made["instruments"],
        "weights": drawn.weights_table(world, seed),
        "equity": drawn.equity_table(world, seed),
        "broken_orders": orders,
        "broken_fills": fills,
    }


def _bars(world: World, seed: int) -> dict[str, Value]:
    return {"bars": make_world(world, seed)["bars"]}


def _steps(vendor: str, *later: str, **decided: Mapping[str, object]) -> tuple[Step, ...]:
    cleaning = ("to_utc_ns", "sort_and_dedupe", "session_filter", "bar_sanity", *later)
    return tuple(Step(name, decided.get(name, {})) for name in ("exchange_sessions", vendor, *cleaning))


# Bars that are missing and a symbol that lists late; no bar here is wrong, for nothing has cleaned them.
GAPPY = _with(LONG, Flaws(spikes=5), missing_share=0.02, late_listings=1, bars=300)
WHOLE = LONG.model_copy(update={"bars": 300})
# Little is traded here, so that the desk's caps bind.
THIN = {"trading": TRADING.model_copy(update={"adv_usd": 2e6})}

PROGRAMS: tuple[Program, ...] = (
    Program(
        "long_file",
        _with(LONG, Flaws(**EXTRA, strays=3, splits=4, dividends=8), missing_share=0.01, late_listings=1),
        LONG,
        _file,
        _steps("csv_ohlcv", "split_adjust", "dividend_adjust", "hampel_outliers", "forward_fill"),
    ),
    Program(
        "wide_file",
        _with(WIDE, Flaws(**EXTRA, strays=3), missing_share=0.01),
        WIDE,
        _file,
        _steps("wide_panel", "hampel_outliers", "forward_fill", bar_sanity={"carries": "close"}),
    ),
    Program(
        "intraday_file",
        _with(INTRADAY, Flaws(**EXTRA, strays=3), missing_share=0.01),
        INTRADAY,
        _file,
        _steps(
            "epoch_bars",
            "hampel_outliers",
            exchange_sessions={"mic": "24/7"},
            epoch_bars={"fixed_symbol": "W000"},
            to_utc_ns={"stamp_kind": "offset", "zone": "UTC", "stamp_marks": "start", "bar_seconds": 900},
            session_filter={"bar_seconds": 900},
        ),
    ),
    Program("returns", GAPPY, WHOLE, _returns, (Step("winsorize"),)),
    Program(
        "account",
        GAPPY,
        WHOLE,
        _account,
        tuple(
            Step(name)
            # ic_decay also gives `stats`: it comes before performance, whose figures are then deflated.
            for name in (
                "ic_decay", "vector_panel", "cost_bps", "cost_half_spread", "cost_sqrt_impact", "cost_borrow",
                "performance", "bootstrap_ci", "deflated_sharpe",
            )
        ),  # fmt: skip
    ),
    Program("sweep", GAPPY, WHOLE, _bars, (Step("vector_sweep"),)),
    Program(
        "desk",
        GAPPY.model_copy(update=THIN),
        WHOLE.model_copy(update=THIN),
        _desk,
        (
            Step("capacity_cap"),
            Step("lot_round"),
            Step("targets_to_orders"),
            Step("paper_fill"),
            Step("reconcile_fills", takes={"orders": "broken_orders", "fills": "broken_fills"}),
            Step("position_book"),
        ),
    ),
)
