"""A world is a function of its spec and its seed, and its past never depends on how long it goes on."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from made_up import REVERSAL, SMALL
from places import ROOT, pure_environment

from cws.market.recipe import dataset_of
from cws.market.spec import Alpha, Leak, Noise, Regimes, World, without_alpha
from cws.market.truth import truth_of
from cws.market.worlds import make_world, symbol_names, trading_terms
from modules.canonical import content_hash
from modules.tables import BARS, INSTRUMENTS, SESSIONS

RICH = World(
    name="rich", bars=400, symbols=6, missing_share=0.05, late_listings=2, alpha=REVERSAL,
    regimes=Regimes(stress_multiple=2.0, stress_enter=0.02, asleep_enter=0.01, asleep_leave=0.05),
)  # fmt: skip
PRINT_HASHES = """
from cws.market.spec import world_of
from cws.market.worlds import make_world
import json, sys
world = world_of(json.loads(sys.argv[1]), "rich")
print(" ".join(make_world(world, 7)[name].hash for name in ("bars", "sessions", "instruments")))
"""


def bars_of(world: World, seed: int = 7) -> pd.DataFrame:
    return make_world(world, seed)["bars"].frame


def test_another_process_makes_the_same_bytes() -> None:
    mine = [make_world(RICH, 7)[name].hash for name in ("bars", "sessions", "instruments")]
    spec = RICH.model_dump_json(exclude={"name"})
    command = [sys.executable, "-c", PRINT_HASHES, spec]
    environment = pure_environment(PYTHONPATH=str(ROOT), PYTHONHASHSEED="77")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == mine, done.stderr[-2000:]
    assert make_world(RICH, 8)["bars"].hash != mine[0]


LEAKY = [
    World(name=f"leaky_{kind}", bars=400, symbols=3, noise=Noise(market_jumps=20.0), leak=Leak(kind=kind, symbols=2))
    for kind in ("early_bar", "telling_volume")
]


@pytest.mark.parametrize("world", [RICH, *LEAKY, *SMALL.values()], ids=lambda world: world.name)
def test_a_longer_world_begins_with_a_shorter_one(world: World) -> None:
    shorter = world.model_copy(update={"bars": world.bars - 150})
    mine, whole = bars_of(shorter), bars_of(world)
    last_ns = mine["ts_event"].max()
    columns = [name for name in mine if name != "row"]  # the row is one of a longer file
    begin = whole[whole["ts_event"] <= last_ns].reset_index(drop=True)
    assert content_hash(begin[columns]) == content_hash(mine[columns])


def test_twins_are_equal_until_the_first_planted_bar() -> None:
    first = 200
    late = RICH.model_copy(update={"alpha": REVERSAL.model_copy(update={"first_bar": first})})
    planted, null = bars_of(late), bars_of(without_alpha(late))
    when = truth_of(late, 7).ts_event[first]
    before = planted["ts_event"] < when
    assert content_hash(planted[before]) == content_hash(null[before])
    assert (planted.loc[~before, "close"] != null.loc[~before, "close"]).mean() > 0.9
    keys = ["ts_event", "symbol", "row"]
    assert planted[keys].equals(null[keys]), "twins miss the same bars"


def test_twins_differ_by_what_was_planted_and_nothing_else() -> None:
    full = RICH.model_copy(update={"missing_share": 0.0, "late_listings": 0})
    planted, null = bars_of(full), bars_of(without_alpha(full))
    mean = truth_of(full, 7).mean
    for column, symbol in enumerate(symbol_names(full)):
        logs = [np.log(frame.loc[frame["symbol"] == symbol, "close"].to_numpy()) for frame in (planted, null)]
        # Closes are rounded to ticks, so the sums agree to about a tick.
        assert logs[0] - logs[1] == pytest.approx(np.cumsum(mean[:, column]), abs=2e-5)


def test_an_alpha_without_strength_is_the_null_twin() -> None:
    weak = RICH.model_copy(update={"alpha": REVERSAL.model_copy(update={"ic": 0.0})})
    assert make_world(weak, 7)["bars"].hash == make_world(without_alpha(weak), 7)["bars"].hash


def test_tables_are_those_of_the_house_and_hold_no_truth() -> None:
    tables = make_world(RICH, 7)
    schemas = {"bars": BARS, "sessions": SESSIONS, "instruments": INSTRUMENTS}
    assert {name: list(table.frame.columns) for name, table in tables.items()} == {
        name: list(schema.columns) for name, schema in schemas.items()
    }
    truth = truth_of(RICH, 7)
    hidden = {value for matrix in (truth.mean, truth.signal, truth.noise_sd) for value in matrix.ravel() if value}
    for table in tables.values():
        assert not table.frame.attrs
        numbers = table.frame.select_dtypes("number").to_numpy(dtype=np.float64).ravel()
        # A pattern's rank is a small fraction that a price could be by chance, so prices are looked at to 12 digits.
        assert not hidden & set(numbers[np.isfinite(numbers)])


def test_holes_are_missing_bars_and_late_listings() -> None:
    counts = bars_of(RICH.model_copy(update={"bars": 900}))["symbol"].value_counts()
    names = symbol_names(RICH)
    early, late = counts[names[:4]], counts[names[4:]]
    assert early.mean() == pytest.approx(0.95 * 900, rel=0.02) and (late < 0.95 * 890).all()
    whole = bars_of(SMALL["csv_ohlcv"])["symbol"].value_counts()
    assert set(whole) == {420}


def test_death_ends_what_is_planted() -> None:
    dying = RICH.model_copy(update={"alpha": REVERSAL.model_copy(update={"last_bar": 250})})
    truth = truth_of(dying, 7)
    assert truth.mean[:251].any() and not truth.mean[251:].any() and not truth.awake[251:].any()
    assert truth.mean[:251].tobytes() == truth_of(RICH, 7).mean[:251].tobytes()


def test_sleep_and_stress_come_and_go() -> None:
    truth = truth_of(RICH, 7)
    assert 0.3 < truth.awake.mean() < 1.0 and 0.0 < truth.stressed.mean() < 0.8
    assert not truth.mean[~truth.awake].any() and truth.mean[truth.awake][10:].any()


def test_an_early_bar_is_the_next_one() -> None:
    clean = World(name="clean", bars=300, symbols=3)
    leaky = clean.model_copy(update={"leak": Leak(kind="early_bar", symbols=2)})
    honest, early = bars_of(clean), bars_of(leaky)
    for symbol, leaks in zip(symbol_names(clean), (True, True, False), strict=True):
        mine, true = (f.loc[f["symbol"] == symbol, "close"].to_numpy() for f in (early, honest))
        assert (mine[:-1].tolist() == true[1:].tolist()) is leaks
        assert (mine.tolist() == true.tolist()) is not leaks
    assert truth_of(leaky, 7).leaky == tuple(symbol_names(clean)[:2])


def test_a_telling_volume_knows_the_next_return() -> None:
    world = World(name="telling", bars=800, symbols=2, leak=Leak(kind="telling_volume", symbols=1))
    bars = bars_of(world)
    ahead = bars.groupby("symbol")["close"].shift(-1) > bars["close"]
    told = [
        np.log(bars["volume"][(bars["symbol"] == s) & ahead]).mean()
        - np.log(bars["volume"][(bars["symbol"] == s) & ~ahead]).mean()
        for s in symbol_names(world)
    ]
    assert told[0] > 0.6 and abs(told[1]) < 0.2


def test_dearer_symbols_trade_less_and_the_volume_shows_it() -> None:
    world = World(name="terms", bars=300, symbols=30)
    terms, bars = trading_terms(world, 7), bars_of(world)
    assert terms["symbol"].tolist() == symbol_names(world)
    assert np.corrcoef(np.log(terms["adv_usd"]), np.log(terms["half_spread_bps"]))[0, 1] < -0.9
    traded = (bars["close"] * bars["volume"]).groupby(bars["symbol"]).median().to_numpy()
    assert np.corrcoef(np.log(terms["adv_usd"]), np.log(traded))[0, 1] > 0.8


def test_a_session_trades_most_at_its_ends() -> None:
    bars = bars_of(SMALL["epoch_bars_xnys"].model_copy(update={"bars": 26 * 200}))
    local = pd.to_datetime(bars["ts_event"], utc=True).dt.tz_convert("America/New_York")
    volume = bars["volume"].groupby(local.dt.hour * 60 + local.dt.minute).median()
    moves = (bars["close"] / bars["open"]).map(np.log).abs().groupby(local.dt.hour).mean()
    middle = volume[13 * 60 - 30]
    assert min(volume[9 * 60 + 30], volume[15 * 60 + 45]) > 1.8 * middle
    assert min(moves[9], moves[15]) > 1.1 * moves[12]
    gaps = (bars["open"] / bars["close"].shift() - 1.0).abs()
    opening = local.dt.date != local.dt.date.shift()
    assert gaps[opening].iloc[1:].min() >= 0.0 and gaps[opening].mean() > 20.0 * gaps[~opening].mean()


def test_a_stretch_is_planted_into_one_symbol_alone() -> None:
    alpha = Alpha(pattern="stretch", window_bars=64, ic=0.05, horizon_bars=8)
    world = SMALL["epoch_bars"].model_copy(update={"alpha": alpha})
    assert truth_of(world, 7).mean.any() and dataset_of(world).name == world.name
