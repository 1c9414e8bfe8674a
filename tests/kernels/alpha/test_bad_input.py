"""Panels that say little and formulas that ask too much: an answer or a refusal, never a crash, in both evaluators."""

import warnings

import numpy as np
import pytest

from kernels.alpha.batch import evaluate
from kernels.alpha.language import FIELDS, FUNCTIONS, MAX_BARS, MAX_DEPTH, FormulaError
from kernels.alpha.parse import parse
from kernels.alpha.streaming import Stream

SYMBOLS = 11


def of(function: str, bars: int) -> str:
    """A formula that is one call of the function."""
    written = {
        "real": "close", "window": str(bars), "lag": str(bars), "number": "2", "truth": "close > 0", "group": "sector",
    }  # fmt: skip
    inside = f"{function}({', '.join(written[parameter] for parameter in FUNCTIONS[function].takes)})"
    return f"if_else({inside}, 1, 0)" if FUNCTIONS[function].gives == "truth" else inside


def both(formula: str, fields: dict[str, np.ndarray]) -> np.ndarray:
    """What both evaluators give, which is the same and comes without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(parse(formula), fields)
        stream = Stream(parse(formula), fields["close"].shape[1])
        rows = [stream.push({name: x[t] for name, x in fields.items()}) for t in range(len(found))]
    np.testing.assert_array_equal(found, np.array(rows).reshape(found.shape))
    return found


def panel(close: np.ndarray) -> dict[str, np.ndarray]:
    fields = {name: close.copy() for name in FIELDS}
    return {**fields, "sector": np.broadcast_to(np.arange(close.shape[1]) % 3.0, close.shape).copy()}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_bar_and_one_bar(function: str) -> None:
    for symbols in (1, SYMBOLS):
        assert evaluate(parse(of(function, 5)), panel(np.empty((0, symbols)))).shape == (0, symbols)
        one = both(of(function, 5), panel(np.full((1, symbols), 3.0)))
        if "window" in FUNCTIONS[function].takes and function != "ema":
            assert np.isnan(one).all(), "a window that is not full says nothing"
    assert evaluate(parse(of(function, 5)), panel(np.empty((3, 0)))).shape == (3, 0)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_windows_longer_than_the_data(function: str) -> None:
    found = both(of(function, MAX_BARS), panel(np.random.default_rng(1).uniform(1.0, 2.0, (30, SYMBOLS))))
    if "window" in FUNCTIONS[function].takes and function != "ema":
        assert np.isnan(found).all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_columns_without_a_value_stay_so_and_leave_the_others_alone(function: str) -> None:
    close = np.random.default_rng(2).uniform(1.0, 2.0, (30, SYMBOLS))
    close[:, [0, 9]] = np.nan
    found = both(of(function, 4), panel(close))
    assert np.isnan(found[:, [0, 9]]).all() and np.isfinite(found[10:, 1:9]).any()
    assert np.isnan(both(of(function, 4), panel(np.full((30, SYMBOLS), np.nan)))).all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_prices_of_zero_and_below(function: str) -> None:
    close = np.random.default_rng(3).uniform(-2.0, 2.0, (40, SYMBOLS))
    close[5:9], close[20, 3], close[:, 4] = 0.0, -0.0, -1.0
    both(of(function, 4), panel(close))


def test_no_logarithm_no_root_and_no_return_where_there_is_none() -> None:
    close = np.full((12, SYMBOLS), -1.0)
    close[5:9, :4] = 0.0
    assert np.isnan(both("log(close) + sqrt(close) * 0", panel(close))).all()
    assert not np.isfinite(both("ret", panel(close))[6:10, :4]).any()


@pytest.mark.parametrize(
    "formula",
    [
        "(" * 1_999,
        "-" * 1_999,
        "abs(" * 400 + "close" + ")" * 400,
        "close" + "+(close" * (MAX_DEPTH + 5) + ")" * (MAX_DEPTH + 5),
        "tmean(" * 60 + "close" + ", 5)" * 60,
        "+".join(["tsum(close, 2500)"] * 11),
        "+".join(["close"] * 1_000),
        "9" * 1_999,
        "close" * 1_000_000,
    ],
)
def test_bombs_are_refused_by_a_limit(formula: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        parse(formula)
    assert refusal.value.wrong == "limit" and refusal.value.fix
