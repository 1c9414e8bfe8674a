"""Planted spikes, a closed form of the clip, and planted holes; none of the three may look ahead."""

import numpy as np
import pandas as pd
import pytest

from modules.clean.venue_sessions import sessions_example
from modules.examples import DAY_NS, START_NS, SYMBOLS, bars_example
from modules.instruments import FOREVER_NS
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import BARS, INSTRUMENTS, RETURNS, SESSIONS
from modules.values import make_table

QUIET = {"window_bars": 60, "min_bars": 20, "z_max": 8.0, "min_return": 0.05, "max_run_bars": 2}


def series(closes: np.ndarray, symbol: str = "S.XNYS") -> pd.DataFrame:
    stamps = START_NS + DAY_NS * np.arange(len(closes), dtype=np.int64)
    frame = pd.DataFrame({"ts_event": stamps, "ts_avail": stamps, "symbol": symbol})
    prices = {name: np.asarray(closes, dtype=np.float64) for name in ("open", "high", "low", "close", "adj_close")}
    return frame.assign(**prices, volume=10.0, age_bars=0, source="test", row=np.arange(1, len(closes) + 1))


def refused_rows(closes: np.ndarray, settings: dict[str, object]) -> list[int]:
    outcome = run(bind(load("hampel_outliers"), settings), {"bars": make_table(series(closes), BARS, "test")})
    assert outcome.failure is None and outcome.trace.failed_checks == []
    assert set(outcome.outputs["refused"].frame["reason"]) <= {"outlier"}
    return outcome.outputs["refused"].frame["row"].tolist()


def walk(bars: int = 200) -> np.ndarray:
    return 100.0 * np.cumprod(1.0 + np.random.default_rng(3).normal(0.0, 0.01, bars))


def test_exactly_the_planted_spikes_are_refused() -> None:
    closes = walk()
    for row, factor in ((50, 1.4), (90, 0.6), (91, 0.55), (150, 3.0)):
        closes[row - 1] *= factor
    assert refused_rows(closes, QUIET) == [50, 90, 91, 150]
    assert refused_rows(walk(), QUIET) == []


def test_a_new_level_is_believed_after_the_longest_run() -> None:
    closes = walk()
    closes[100:] *= 2.0
    assert refused_rows(closes, QUIET) == [101, 102]
    assert refused_rows(closes, {**QUIET, "max_run_bars": 1}) == [101]


def test_a_wild_series_has_its_own_measure() -> None:
    """Moves of 5 % and more are the rule here, as the last `window_bars` returns say; a tripled close still is not."""
    wild = 100.0 * np.cumprod(1.0 + np.random.default_rng(3).normal(0.0, 0.05, 200))
    assert refused_rows(wild, QUIET) == []
    wild[100] *= 3.0
    assert refused_rows(wild, QUIET) == [101]
    calm_then_wild = np.concatenate([walk(150), walk(150)[-1] * wild[101:] / wild[100] * 3.0])
    long_memory, short_memory = (len(refused_rows(calm_then_wild, {**QUIET, "window_bars": n})) for n in (1000, 20))
    assert short_memory < long_memory


def test_spikes_in_the_warm_up_and_below_the_smallest_move_stay() -> None:
    closes = walk()
    closes[10] *= 1.5
    assert refused_rows(closes, QUIET) == []
    closes = walk()
    closes[100] *= 1.3
    assert refused_rows(closes, {**QUIET, "min_return": 0.5}) == []
    assert refused_rows(closes, QUIET) == [101]


@pytest.mark.parametrize("cut", [60, 120, 199])
def test_outliers_are_judged_by_the_past_alone(cut: int) -> None:
    closes = walk()
    closes[[49, 110, 150]] *= 1.5
    other = closes.copy()
    other[cut:] *= np.random.default_rng(5).uniform(0.2, 5.0, 200 - cut)
    early = [row for row in refused_rows(closes, QUIET) if row <= cut]
    assert [row for row in refused_rows(other, QUIET) if row <= cut] == early


def winsorized(values: np.ndarray, settings: dict[str, object], skill: str = "mad_scale") -> np.ndarray:
    frame = series(np.ones(len(values)))[["ts_event", "ts_avail", "symbol"]].assign(value=values)
    bound = bind(load("winsorize"), settings, {"scale": skill})
    outcome = run(bound, {"returns": make_table(frame, RETURNS, "test")})
    assert outcome.failure is None and outcome.trace.failed_checks == []
    return outcome.outputs["returns"].frame["value"].to_numpy()


def test_the_clip_is_the_closed_form() -> None:
    """Returns -2, -1, 0, 1, 2 % repeated: median 0, median absolute deviation 1 %, so the limits are +-1.4826 z %."""
    values = np.tile([-0.02, -0.01, 0.0, 0.01, 0.02], 4)
    given = np.concatenate([values, [0.5, -0.5, 0.01]])
    settings = {"z_max": 3.0, "window_bars": 20, "min_bars": 20, "refresh_bars": 252}
    limit = 3.0 * 1.4826 * 0.01
    np.testing.assert_allclose(winsorized(given, settings), [*values, limit, -limit, 0.01], rtol=1e-12)
    deviation = np.sqrt(4 * (2 * 0.02**2 + 2 * 0.01**2) / 19)
    np.testing.assert_allclose(winsorized(given, settings, "std_scale")[20], 3.0 * deviation, rtol=1e-12)


def test_a_flat_window_clips_nothing() -> None:
    given = np.concatenate([np.zeros(30), [0.3], np.zeros(5)])
    settings = {"z_max": 3.0, "window_bars": 20, "min_bars": 20, "refresh_bars": 1}
    assert winsorized(given, settings).tolist() == given.tolist()


@pytest.mark.parametrize("cut", [30, 77, 150])
def test_the_clip_does_not_know_the_future(cut: int) -> None:
    given = np.random.default_rng(4).standard_t(2, 200) * 0.01
    other = given.copy()
    other[cut:] *= 50.0
    settings = {"z_max": 2.0, "window_bars": 60, "min_bars": 20, "refresh_bars": 7}
    one, two = winsorized(given, settings), winsorized(other, settings)
    assert one[:cut].tobytes() == two[:cut].tobytes()
    assert (one != given).any()


def instruments(ends: dict[str, int] | None = None) -> pd.DataFrame:
    """A, B and S and the example's symbols, valid for all time or to before the bar given."""
    text = {"symbol": ["A.XNYS", *SYMBOLS, "B.XNYS", "S.XNYS"], "mic": "XNYS", "currency": "USD", "calendar": "XNYS"}
    table = pd.DataFrame({**text, "lot_size": 1.0, "tick_size": 0.01, "valid_from_ns": 0, "valid_to_ns": FOREVER_NS})
    for symbol, bar in (ends or {}).items():
        table.loc[table["symbol"] == symbol, "valid_to_ns"] = START_NS + bar * DAY_NS
    return table.sort_values("symbol", ignore_index=True)


def filled(
    frame: pd.DataFrame,
    settings: dict[str, object],
    sessions: pd.DataFrame | None = None,
    ends: dict[str, int] | None = None,
) -> pd.DataFrame:
    table = sessions_example(120) if sessions is None else sessions
    inputs = {"bars": make_table(frame, BARS, "test"), "sessions": make_table(table, SESSIONS, "test")}
    inputs["instruments"] = make_table(instruments(ends), INSTRUMENTS, "test")
    outcome = run(bind(load("forward_fill"), settings), inputs)
    assert outcome.failure is None and outcome.trace.failed_checks == []
    return outcome.outputs["bars"].frame


def without(*holes: int, bars: int = 20) -> pd.DataFrame:
    """A has all bars; B has holes (0-based), lists at bar 3 and has no bar after bar 15."""
    late = series(50.0 + np.arange(bars), "B.XNYS").drop(index=[0, 1, 2, *holes, *range(16, bars)])
    return pd.concat([series(100.0 + np.arange(bars), "A.XNYS"), late], ignore_index=True)


def test_planted_holes_are_filled_with_the_last_close_up_to_the_bound() -> None:
    out = filled(without(6, 9, 10, 11), {"max_age_bars": 2})
    added = out[out["age_bars"] > 0]
    place = (added["ts_event"] - START_NS) // DAY_NS
    assert list(zip(place, added["age_bars"], added["close"], added["row"], strict=True)) == [
        (6, 1, 55.0, 6),
        (9, 1, 58.0, 9),
        (10, 2, 58.0, 9),
        (16, 1, 65.0, 16),
        (17, 2, 65.0, 16),
    ]
    assert (added["symbol"] == "B.XNYS").all() and (added["volume"] == 0.0).all()
    assert (added[["open", "high", "low"]].eq(added["close"], axis=0)).all(axis=None)
    assert (added["ts_avail"] == added["ts_event"]).all()


def filled_bars(out: pd.DataFrame) -> list[int]:
    return ((out["ts_event"] - START_NS) // DAY_NS)[out["age_bars"] > 0].tolist()


def test_a_symbol_is_carried_to_the_end_of_its_instrument_and_not_on_it() -> None:
    assert filled_bars(filled(without(), {"max_age_bars": 1000})) == [16, 17, 18, 19]
    assert filled_bars(filled(without(), {"max_age_bars": 1000}, ends={"B.XNYS": 18})) == [16, 17]
    assert filled_bars(filled(without(), {"max_age_bars": 1000}, ends={"B.XNYS": 16})) == []
    assert filled_bars(filled(without(6), {"max_age_bars": 1000}, ends={"B.XNYS": 10})) == [6], "no end behind bar 15"
    assert filled(without(6), {"max_age_bars": 0}).equals(without(6))


def test_nothing_is_filled_before_the_listing_nor_of_an_unknown_instrument() -> None:
    out = filled(without(), {"max_age_bars": 1000})
    assert out.loc[out["symbol"] == "B.XNYS", "ts_event"].min() == START_NS + 3 * DAY_NS
    renamed = without(6).assign(symbol=without(6)["symbol"].replace("B.XNYS", "NEW.XNYS"))
    assert filled(renamed, {"max_age_bars": 1000}).equals(renamed)


@pytest.mark.parametrize("later", [[], [12], [15]], ids=["never back", "back at once", "back late"])
def test_a_filled_bar_does_not_say_that_the_symbol_comes_back(later: list[int]) -> None:
    """B stops after bar 8: whatever it does from bar 12 on, bars 9 to 11 are the same."""
    frame = without(*[bar for bar in range(9, 16) if bar not in later])
    out = filled(frame, {"max_age_bars": 5})
    assert [bar for bar in filled_bars(out) if bar < 12] == [9, 10, 11]


def test_the_venues_sessions_show_holes_that_no_symbol_shows() -> None:
    frame = series(100.0 + np.arange(20.0)).drop(index=[4, 5, 6, 8]).reset_index(drop=True)
    assert len(filled(frame, {"grid": "panel"})) == 16
    out = filled(frame, {"grid": "sessions"})
    added = out[out["age_bars"] > 0]
    # Bar 6 is the example calendar's seventh day, without a session.
    assert ((added["ts_event"] - START_NS) // DAY_NS).tolist() == [4, 5, 8]


def test_quarter_hours_are_filled_in_trading_time_only() -> None:
    minute = 60 * 10**9
    day = sessions_example(1)
    opens, pause = int(day["open_ns"][0]), int(day["break_start_ns"][0])
    resume, close = int(day["break_end_ns"][0]), int(day["close_ns"][0])
    starts = [opens, pause - 30 * minute, resume + 15 * minute, close - 15 * minute]
    frame = series(np.arange(1.0, 5.0)).assign(ts_event=starts)
    frame["ts_avail"] = frame["ts_event"] + 15 * minute
    settings = {"grid": "sessions", "bar_seconds": 900, "max_age_bars": 3}
    added = filled(frame, settings, day).query("age_bars > 0")
    assert [(int(stamp) - opens) // minute for stamp in added["ts_event"]] == [15, 30, 45, 105, 180, 210, 225, 240]
    assert (added["ts_avail"] - added["ts_event"] == 15 * minute).all()


def test_a_fill_uses_no_later_price() -> None:
    frame = bars_example(np.random.default_rng(2), 60).drop(index=[20, 21, 80, 81, 82]).reset_index(drop=True)
    cut = START_NS + 40 * DAY_NS
    other = frame.assign(close=frame["close"].where(frame["ts_event"] <= cut, 1.0))
    one, two = (filled(table, {"max_age_bars": 5}) for table in (frame, other))
    assert one[one["ts_event"] <= cut].equals(two[two["ts_event"] <= cut])
