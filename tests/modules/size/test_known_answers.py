"""Hand-computed weights for the modules that shape them; panels have stamps 1, 2, 3, ... and one list per symbol."""

import numpy as np
import pandas as pd
import pytest

from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import bind
from modules.values import make_table

NAN = float("nan")


def _panel(column: str, **numbers: list[float]) -> pd.DataFrame:
    frames = []
    for symbol, values in numbers.items():
        stamps = np.arange(1, len(values) + 1, dtype=np.int64)
        keys = {"ts_event": stamps, "ts_avail": stamps, "symbol": pd.Series([symbol] * len(values), dtype="str")}
        frames.append(pd.DataFrame({**keys, column: np.array(values, dtype=np.float64)}))
    return pd.concat(frames, ignore_index=True)


def _bars(close: pd.DataFrame, volume: pd.DataFrame) -> pd.DataFrame:
    """BARS with these closes and volumes; every other price equals the close."""
    prices = dict.fromkeys(("open", "high", "low", "close", "adj_close"), close["close"])
    rows = close[["ts_event", "ts_avail", "symbol"]].assign(**prices, volume=volume["volume"])
    return rows.assign(age_bars=0, source="t", row=np.arange(1, len(rows) + 1))


def _equity(values: list[float]) -> pd.DataFrame:
    stamps = np.arange(1, len(values) + 1, dtype=np.int64)
    zero = np.zeros(len(values))
    value = np.array(values, dtype=np.float64)
    return pd.DataFrame(
        {"ts_event": stamps, "equity_usd": value, "cash_usd": value, "cost_usd": zero, "turnover_usd": zero}
    )


def _outcome_of(name: str, inputs: dict[str, pd.DataFrame], settings: dict[str, object], **skills: str) -> ModuleRun:
    found = load(name)
    tables = {table: make_table(frame, found.takes[table], "t") for table, frame in inputs.items()}
    return run(bind(found, settings, skills), tables)


def _weights_of(name: str, inputs: dict[str, pd.DataFrame], settings: dict[str, object], **skills: str) -> np.ndarray:
    """The weights as a (bars, symbols) matrix, symbols ascending; every acceptance check has passed."""
    outcome = _outcome_of(name, inputs, settings, **skills)
    assert outcome.failure is None, outcome.trace.error
    assert outcome.trace.failed_checks == []
    return outcome.outputs["weights"].frame.pivot(index="ts_event", columns="symbol", values="weight").to_numpy()


def test_inverse_vol_by_hand() -> None:
    signal = _panel("value", A=[2.0, 1.0, NAN], B=[-0.5, NAN, 0.0], C=[1.0, 1.0, 1.0])
    vol = _panel("value", A=[0.02, 0.01, 0.01], B=[0.01, 0.01, 0.01], C=[0.04, 0.03, 0.0])
    inputs = {"signal": signal, "vol": vol}
    found = _weights_of("inverse_vol", inputs, {"gross": 2.0}, schedule="every_bar")
    # Bar 1: 1/0.02 : -0.5/0.01 : 1/0.04 = 50 : -50 : 25 of 125. Bar 2: two of three are active, so 4/3 is shared 3 : 1.
    assert found[0] == pytest.approx([0.8, -0.8, 0.4], rel=1e-15)
    assert found[1] == pytest.approx([1.0, 0.0, 1.0 / 3.0], rel=1e-15)
    assert found[2].tolist() == [0.0, 0.0, 0.0]


def test_inverse_vol_counts_only_symbols_that_have_a_bar() -> None:
    late = _panel("value", B=[1.0]).assign(ts_event=np.int64(2), ts_avail=np.int64(2))
    signal = pd.concat([_panel("value", A=[1.0, 1.0]), late], ignore_index=True)
    inputs = {"signal": signal, "vol": signal.assign(value=0.01)}
    found = _weights_of("inverse_vol", inputs, {"gross": 1.0}, schedule="every_bar")
    assert found[0][0] == 1.0
    assert found[1].tolist() == [0.5, 0.5]


def test_long_short_neutral_by_hand() -> None:
    weights = _panel("weight", A=[0.4, NAN, 0.1, 0.7], B=[0.1, NAN, 0.1, NAN], C=[0.1, NAN, 0.1, 0.1])
    found = _weights_of("long_short_neutral", {"weights": weights}, {"gross": 1.0})
    assert found[0] == pytest.approx([0.5, -0.25, -0.25], rel=1e-14)
    assert np.isnan(found[1]).all()
    assert found[2].tolist() == [0.0, 0.0, 0.0]
    assert found[3] == pytest.approx([0.5, NAN, -0.5], nan_ok=True, rel=1e-14)


def test_long_short_neutral_takes_rounding_for_no_opinion() -> None:
    weights = _panel("weight", A=[0.3], B=[0.1 + 0.2], C=[0.3])
    assert _weights_of("long_short_neutral", {"weights": weights}, {"gross": 1.0}).tolist() == [[0.0, 0.0, 0.0]]


def test_long_short_neutral_does_not_scale_up_its_own_rounding() -> None:
    rng = np.random.default_rng(1)
    close = {symbol: list(1.0 + 1e-11 * rng.uniform(-1.0, 1.0, 50)) for symbol in "ABCDEFG"}
    found = _weights_of("long_short_neutral", {"weights": _panel("weight", **close)}, {"gross": 1.0})
    assert np.abs(found.sum(axis=1)).max() < 1e-12
    assert np.abs(found).sum(axis=1) == pytest.approx(np.ones(50), rel=1e-12)


def test_leverage_cap_by_hand() -> None:
    weights = _panel("weight", A=[0.5, 2.0, NAN], B=[-0.5, -1.0, NAN], C=[0.0, 1.0, 3.0])
    found = _weights_of("leverage_cap", {"weights": weights}, {"max_gross": 1.0})
    assert found[0].tolist() == [0.5, -0.5, 0.0]
    assert found[1].tolist() == [0.5, -0.25, 0.25]
    assert found[2] == pytest.approx([NAN, NAN, 1.0], nan_ok=True)


def test_position_limits_by_hand() -> None:
    weights = _panel("weight", A=[0.3, -0.3, NAN, 0.25], B=[-9.0, float("inf"), 0.1, -0.25])
    found = _weights_of("position_limits", {"weights": weights}, {"max_weight": 0.25})
    assert found[:, 0].tolist()[:2] == [0.25, -0.25]
    assert np.isnan(found[2, 0])
    assert found[:, 1].tolist() == [-0.25, 0.25, 0.1, -0.25]


def test_capacity_cap_by_hand() -> None:
    close = _panel("close", A=[10.0, 20.0, 10.0], B=[1.0, 1.0, 1.0])
    volume = _panel("volume", A=[100.0, 100.0, 400.0], B=[1e6, NAN, 1e6])
    weights = _panel("weight", A=[0.5, -0.5, 0.1], B=[0.5, NAN, 0.5])
    inputs = {"weights": weights, "bars": _bars(close, volume), "equity": _equity([1e3, 1e3, 2e3])}
    found = _weights_of("capacity_cap", inputs, {"adv_share": 0.1, "adv_bars": 2})
    # A: unknown at bar 1; 10 % of (1000 + 2000) / 2 over 1000; 10 % of 3000 over 2000 leaves 0.1.
    # B: a hole in its window.
    assert found[:, 0].tolist() == [0.0, -0.15, 0.1]
    assert found[:, 1] == pytest.approx([0.0, NAN, 0.0], nan_ok=True)


def test_capacity_cap_without_an_account_is_refused() -> None:
    close = _panel("close", A=[10.0])
    inputs = {
        "weights": _panel("weight", A=[0.5]),
        "bars": _bars(close, close.assign(volume=1.0)),
        "equity": _equity([NAN]),
    }
    inputs["equity"] = inputs["equity"].assign(equity_usd=-1.0, cash_usd=0.0)
    outcome = _outcome_of("capacity_cap", inputs, {"adv_share": 0.1, "adv_bars": 1})
    assert getattr(outcome.failure, "code", None) == "CWS-SIZE-002"


VOL_TARGET = {"target_annual_vol": 0.2, "decay": 0.9, "bars_per_year": 100.0, "max_scale": 10.0, "min_bars": 2}


def test_vol_target_of_a_constant_volatility_is_exact() -> None:
    # Half the account in A, which moves by 4 % up or down at each bar: 2 % a bar, 20 % a year of 100 bars.
    weights = _panel("weight", A=[0.5, NAN, 0.5, 0.25, NAN, 0.5])
    returns = _panel("value", A=[NAN, 0.04, -0.04, 0.04, 0.08, -0.08])
    found = _weights_of(
        "vol_target", {"weights": weights, "returns": returns}, {**VOL_TARGET, "target_annual_vol": 0.1}
    )
    # Bar 1 has seen nothing, bar 3 two bars: half of the weight gives half of the volatility.
    assert found[:, 0] == pytest.approx([0.0, NAN, 0.25, 0.125, NAN, 0.25], nan_ok=True, rel=1e-14)


def test_vol_target_ignores_bars_on_which_nothing_was_held_and_keeps_max_scale() -> None:
    weights = _panel("weight", A=[0.5, 0.5, 0.0, 0.0, 0.5])
    returns = _panel("value", A=[NAN, 0.04, -0.04, 0.0, 0.0])
    inputs = {"weights": weights, "returns": returns}
    found = _weights_of("vol_target", inputs, {**VOL_TARGET, "max_scale": 0.75})
    # Estimated 20 % asks for 1.0, and the two flat bars without a position do not lower it; the cap gives 0.75.
    assert found[:, 0].tolist() == [0.0, 0.0, 0.0, 0.0, 0.375]
    assert _weights_of("vol_target", inputs, VOL_TARGET)[4, 0] == pytest.approx(0.5, rel=1e-14)


def test_vol_target_reaches_its_target_on_a_panel_whose_volatility_changes() -> None:
    rng = np.random.default_rng(7)
    level = np.where(np.arange(4000) // 500 % 2, 0.005, 0.02)
    returns = {symbol: list(level * rng.standard_normal(4000)) for symbol in "ABC"}
    weights = _panel("weight", **{symbol: [0.5] * 4000 for symbol in "ABC"})
    settings = {**VOL_TARGET, "decay": 0.94, "bars_per_year": 252.0, "target_annual_vol": 0.1, "min_bars": 20}
    found = _weights_of("vol_target", {"weights": weights, "returns": _panel("value", **returns)}, settings)
    earned = (found[:-1] * np.column_stack(list(returns.values()))[1:]).sum(axis=1)
    for block in range(8):
        settled = earned[block * 500 + 100 : (block + 1) * 500 - 1]
        assert settled.std() * np.sqrt(252.0) == pytest.approx(0.1, rel=0.15)
