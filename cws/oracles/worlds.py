"""The worlds of the oracles and the programs that they go through."""

from collections.abc import Mapping

from cws.market.spec import World, world_of
from cws.oracles import drawn, drawn_wire, terms
from cws.oracles.made import make_world, vendor_file
from cws.oracles.scene import Kind, Program, Step
from modules.runner import Value
from modules.values import raw_bytes

# Calm enough that no true move looks like a planted spike.
CALM = {"own_jumps": 0.0, "reaction": 0.05, "persistence": 0.90, "tail_df": 8.0}
TRADING = {"half_spread_bps": terms.HALF_SPREAD_BPS, "adv_spread": 0.0}
LONG = {"first_year": 2004, "bars": 320, "symbols": 5, "noise": CALM, "trading": TRADING}
WIDE = {**LONG, "vendor": "wide_panel", "bars": 420}
INTRADAY = {
    "vendor": "epoch_bars", "calendar": "24/7", "bar_seconds": 900, "first_year": 2021, "bars": 500, "symbols": 1,
    "first_price": 40_000.0, "ticks_per_unit": 1_000.0, "noise": {**CALM, "factors": 0, "market_vol": 0.0},
}  # fmt: skip
FLAWS = {
    "exact_duplicates": 4, "conflicting_duplicates": 4, "swapped_rows": 3, "bad_cells": 4, "bad_stamps": 3,
    "spikes": 5, "impossible_bars": 8, "strays": 3,
}  # fmt: skip
# Bars that are missing and a symbol that lists late; no bar here is wrong, for nothing has cleaned them.
BARE = {**LONG, "bars": 300}
GAPS = {"missing_share": 0.02, "late_listings": 1, "flaws": {"spikes": 5}}
# Little is traded here, so that the desk's caps bind.
THIN = {**BARE, "trading": {**TRADING, "adv_usd": 2e6}}


def _worlds(name: str, world: Mapping[str, object], planted: Mapping[str, object]) -> dict[Kind, World]:
    return {"planted": world_of({**world, **planted}, name), "untouched": world_of(world, name)}


def _file(world: World, seed: int) -> dict[str, Value]:
    return {"raw": raw_bytes(vendor_file(world, seed).data), "instruments": make_world(world, seed)["instruments"]}


def _returns(world: World, seed: int) -> dict[str, Value]:
    return {"returns": drawn.returns_table(world, seed)}


def _halts(world: World, seed: int) -> dict[str, Value]:
    return {**make_world(world, seed), "bars": drawn.halted_bars(world, seed)}


def _outliers(world: World, seed: int) -> dict[str, Value]:
    return {"bars": drawn.spiked_bars(world, seed)}


def _account(world: World, seed: int) -> dict[str, Value]:
    return {
        "bars": make_world(world, seed)["bars"],
        "weights": drawn.weights_table(world, seed),
        "signal": drawn.signal_table(world, seed),
        "prior_trials": drawn.trials_table(world, seed),
    }


def _history(world: World, seed: int) -> dict[str, Value]:
    return {"equity": drawn.swung_equity(world, seed)}


def _desk(world: World, seed: int) -> dict[str, Value]:
    made = make_world(world, seed)
    orders, fills, _ = drawn.broken_fills(world, seed)
    expected, parents, executions = drawn_wire.wire(world, seed)
    return {
        "submission": drawn_wire.submission(world),
        "wire_expected": expected,
        "wire_parents": parents,
        "wire_executions": executions,
        "bars": made["bars"],
        "instruments": made["instruments"],
        "weights": drawn.weights_table(world, seed),
        "equity": drawn.equity_table(world, seed),
        "broken_orders": orders,
        "broken_fills": fills,
    }


def _many(world: World, seed: int) -> dict[str, Value]:
    return {"trial_returns": drawn.tried_table(world, seed), "prior_trials": drawn.trials_table(world, seed)}


def _bars(world: World, seed: int) -> dict[str, Value]:
    return {"bars": make_world(world, seed)["bars"]}


def _steps(vendor: str, *later: str, **decided: Mapping[str, object]) -> tuple[Step, ...]:
    cleaning = ("to_utc_ns", "sort_and_dedupe", "session_filter", "bar_sanity", *later)
    return tuple(Step(name, decided.get(name, {})) for name in ("exchange_sessions", vendor, *cleaning))


# ic_decay also gives `stats`: it comes before performance, whose figures are then deflated.
ACCOUNT = (
    "ic_decay", "vector_panel", "cost_bps", "cost_half_spread", "cost_sqrt_impact", "cost_borrow", "performance",
    "bootstrap_ci", "deflated_sharpe", "trials_ci",
)  # fmt: skip

PROGRAMS: tuple[Program, ...] = (
    Program(
        "long_file",
        _worlds(
            "oracle_long",
            LONG,
            {"flaws": {**FLAWS, "splits": 4, "dividends": 8}, "missing_share": 0.01, "late_listings": 1},
        ),
        _file,
        _steps("csv_ohlcv", "split_adjust", "dividend_adjust", "hampel_outliers", "forward_fill"),
    ),
    Program(
        "wide_file",
        _worlds("oracle_wide", WIDE, {"flaws": FLAWS, "missing_share": 0.01}),
        _file,
        _steps("wide_panel", "hampel_outliers", "forward_fill", bar_sanity={"carries": "close"}),
    ),
    Program(
        "intraday_file",
        _worlds("oracle_intraday", INTRADAY, {"flaws": FLAWS, "missing_share": 0.01}),
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
    Program("returns", _worlds("oracle_returns", BARE, GAPS), _returns, (Step("winsorize"),)),
    Program("halts", _worlds("oracle_halts", BARE, GAPS), _halts, (Step("forward_fill"),)),
    Program("outliers", _worlds("oracle_outliers", BARE, GAPS), _outliers, (Step("hampel_outliers"),)),
    Program("account", _worlds("oracle_account", BARE, GAPS), _account, tuple(Step(name) for name in ACCOUNT)),
    Program("history", _worlds("oracle_history", BARE, GAPS), _history, (Step("bootstrap_ci"),)),
    Program("sweep", _worlds("oracle_sweep", BARE, GAPS), _bars, (Step("vector_sweep"),)),
    Program(
        "many",
        _worlds("oracle_many", BARE, GAPS),
        _many,
        (Step("pbo_cscv"), Step("spa_stepm"), Step("cpcv_paths")),
    ),
    Program(
        "desk",
        _worlds("oracle_desk", THIN, GAPS),
        _desk,
        (
            Step("capacity_cap"),
            Step("lot_round"),
            Step("targets_to_orders"),
            Step("gateway_submit"),
            Step("paper_fill"),
            Step("reconcile_fills", takes={"orders": "broken_orders", "fills": "broken_fills"}),
            Step("position_book"),
            Step(
                "wire_fills",
                takes={"executions": "wire_executions", "parents": "wire_parents", "fills": "wire_expected"},
            ),
        ),
    ),
)
