"""What docs/alpha.md says of the windows is so: exactness, anchors, restarts, ties, and one library of logarithms."""

import math
from fractions import Fraction

import numpy as np
import pytest

from kernels.alpha import clib
from kernels.alpha.batch import evaluate
from kernels.alpha.elementwise import ELEMENTWISE
from kernels.alpha.language import ANCHOR_BARS
from kernels.alpha.parse import parse

N = np.nan


def value(formula: str, close: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
    fields = {"close": close, "open": close if other is None else other}
    return evaluate(parse(formula), {name: values.reshape(len(close), -1) for name, values in fields.items()})


def root(square: Fraction) -> float:
    """The square root of an exact number, in float64."""
    scale = 2**400
    return float(Fraction(math.isqrt(int(square * scale * scale)), scale))


def exact(name: str, x: list[Fraction], y: list[Fraction]) -> float:
    n = len(x)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    xx, yy = sum((a - mean_x) ** 2 for a in x), sum((b - mean_y) ** 2 for b in y)
    xy = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    places = [Fraction(place) - Fraction(n - 1, 2) for place in range(n)]
    slope = sum(p * a for p, a in zip(places, x, strict=True)) / sum(p * p for p in places)
    decay = sum((k + 1) * a for k, a in enumerate(x)) / Fraction(n * (n + 1), 2)
    return {
        "tsum": lambda: float(sum(x)), "tmean": lambda: float(mean_x), "tstd": lambda: root(xx / (n - 1)),
        "tcov": lambda: float(xy / (n - 1)), "tcorr": lambda: math.copysign(root(xy * xy / (xx * yy)), xy),
        "tslope": lambda: float(slope), "decay_linear": lambda: float(decay),
    }[name]()  # fmt: skip


@pytest.mark.parametrize("function", ["tsum", "tmean", "tstd", "tcov", "tcorr", "tslope", "decay_linear"])
@pytest.mark.parametrize("bars", [2, 3, 64])
def test_windows_are_exact_to_the_last_digits(function: str, bars: int) -> None:
    rng = np.random.default_rng(bars)
    # A steep ramp with a small wiggle, a price far from zero, and a giant that comes and goes.
    ramp = 60_000.0 + np.arange(700) * 50.0 + rng.normal(0.0, 1e-3, 700)
    giant = np.where(np.arange(700) == 300, 1e6, 100.0 + rng.normal(0.0, 0.01, 700))
    for x, y in ((ramp, giant), (giant, rng.normal(size=700))):
        two = function in ("tcov", "tcorr")
        found = value(f"{function}({'close, open' if two else 'close'}, {bars})", x, y)[:, 0]
        for t in [bars - 1, *rng.integers(bars, 700, 12).tolist(), 255, 256, 511, 512, 305]:
            if t >= bars - 1:
                window = [[Fraction(v) for v in side[t - bars + 1 : t + 1].tolist()] for side in (x, y)]
                expected = exact(function, *window)
                assert found[t] == pytest.approx(expected, rel=1e-12, abs=1e-300), (t, function)


def test_what_an_overflow_left_is_gone_with_its_bar() -> None:
    close = np.ones(40)
    close[10], close[11] = 1.7e308, 1.7e308
    found = value("tsum(close * open, 5)", close, np.where(close > 1, 1.0, np.arange(40.0)))[:, 0]
    assert np.isnan(found[11:15]).all() and found[16] == 12 + 13 + 14 + 15 + 16
    squares = value("tstd(close, 5)", np.where(close > 1, 1e200, np.arange(40.0)))[:, 0]
    assert np.isnan(squares[10:16]).all() and squares[16] == pytest.approx(math.sqrt(2.5), rel=1e-15)


def test_an_anchor_recomputes_from_the_window() -> None:
    # 1e300 and 1e-3 are too far apart for a sum with its error: the small one is lost until the next anchor.
    close = np.full(600, 0.001)
    close[:,] += np.arange(600) % 2 * 0.001
    close[200], close[201] = 1e300, 1e280
    found = value("tsum(close, 10)", close)[:, 0]
    assert found[ANCHOR_BARS] == pytest.approx(0.015, rel=1e-15)
    assert found[230] != pytest.approx(0.015, rel=1e-6)


@pytest.mark.parametrize(
    ("formula", "close", "expected"),
    [
        ("ema(close, 3)", [1.0, N, N, 3.0, N, N, N, 5.0], [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, N, 5.0]),
        ("trank(close, 3)", [1.0, 3.0, 2.0, 2.0, N, 9.0], [N, N, 2 / 3, 2.5 / 4 * 4 / 3 - 1 / 3, N, 1.0]),
        ("targmax(close, 3)", [1.0, 3.0, 3.0, 2.0, N, 9.0], [N, N, 2.0, 1.0, N, N]),
        ("targmin(close, 3)", [1.0, 3.0, 1.0, 2.0, 5.0, 9.0], [N, N, 1.0, 2.0, 1.0, 1.0]),
        ("tslope(close, 3)", [1.0, 2.0, 3.0, 7.0, 7.0, 7.0], [N, N, 1.0, 2.5, 2.0, 0.0]),
        ("decay_linear(close, 2)", [3.0, 6.0, 6.0, N, 1.0, 4.0], [N, 5.0, 6.0, N, N, 3.0]),
        ("tcorr(close, -2 * close, 3)", [1.0, 2.0, 4.0, 4.0, 4.0, 5.0], [N, N, -1.0, -1.0, N, -1.0]),
        ("tcov(close, 2 * close, 2)", [1.0, 2.0, 4.0, 4.0, N, 5.0], [N, 1.0, 4.0, 0.0, N, N]),
        ("min(close, 2) + max(close, 2)", [1.0, 2.0, 4.0, N, 0.0, -1.0], [3.0, 4.0, 6.0, N, 2.0, 1.0]),
        ("signed_power(close, 2)", [1.0, -2.0, 4.0, N, 0.0, -1.0], [1.0, -4.0, 16.0, N, 0.0, -1.0]),
        ("log1p(close)", [0.0, -1.0, -2.0, N, np.inf, 1.0], [0.0, N, N, N, np.inf, math.log1p(1.0)]),
        ("if_else(or(close > 1, close < 0), 1, 0)", [1.0, 2.0, -1.0, N], [0.0, 1.0, 1.0, N]),
        ("if_else(not(and(close > 1, close < 3)), 1, 0)", [1.0, 2.0, 3.0, N], [1.0, 0.0, 1.0, N]),
    ],
)
def test_hand_counted(formula: str, close: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(value(formula, np.array(close))[:, 0], expected, rtol=1e-14, atol=1e-14)


def test_across_symbols_by_hand() -> None:
    fields = {
        "close": np.array([[1.0, 2.0, 6.0, N, 2.0]]),
        "sector": np.array([[1.0, 1.0, 2.0, 2.0, N]]),
    }
    found = evaluate(parse("neutralise(close, sector)"), fields)
    np.testing.assert_array_equal(found, [[-0.5, 0.5, 0.0, N, N]])
    np.testing.assert_array_equal(
        evaluate(parse("neutralise(close, market)"), fields), [[-1.75, -0.75, 3.25, N, -0.75]]
    )
    np.testing.assert_array_equal(evaluate(parse("cs_pct(close)"), fields), [[0.25, 0.625, 1.0, N, 0.625]])
    np.testing.assert_allclose(evaluate(parse("cs_scale(-close)"), fields), [[-1 / 11, -2 / 11, -6 / 11, N, -2 / 11]])


def test_logarithms_and_powers_are_the_c_librarys() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([10.0 ** rng.uniform(-300, 300, 20_000), [0.0, -0.0, -1.0, -3.0, np.inf, -np.inf, N, 1.0]])
    for name, fast in (("log", clib.log), ("log1p", clib.log1p)):
        assert fast(values).tobytes() == ELEMENTWISE[name](values).tobytes()
    signed = np.where(rng.random(len(values)) < 0.5, -values, values)
    for exponent in (0.0, 0.5, 1.0, 2.0, 7.3, -1.5):
        assert clib.signed_power(signed, exponent).tobytes() == ELEMENTWISE["signed_power"](signed, exponent).tobytes()
