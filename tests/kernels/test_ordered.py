"""Every ordered kernel against a plain Python loop, bit for bit: the loop is the meaning, the kernel only the speed."""

import math
import statistics

import numpy as np
import pytest

from kernels import ordered

SIZES = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 127, 129, 1_000, 8_191)


def same_bits(found, expected) -> bool:
    """Equal bytes, any NaN equal to any other; the sign of zero counts."""
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    hole = np.isnan(found)
    return (
        found.shape == expected.shape
        and bool((hole == np.isnan(expected)).all())
        and np.where(hole, 0.0, found).tobytes() == np.where(hole, 0.0, expected).tobytes()
    )


def sample(size: int, holes: float = 0.0, seed: int = 0) -> np.ndarray:
    """Numbers over 30 orders of magnitude: any other order of additions shows."""
    rng = np.random.default_rng([size, seed])
    values = rng.normal(size=size) * 10.0 ** rng.uniform(-15, 15, size)
    return np.where(rng.random(size) < holes, np.nan, values)


def loop_sum(values) -> float:
    values = [float(value) for value in values]
    total = values[0] if values else 0.0
    for value in values[1:]:
        total = total + value
    return total


def loop_mean(values) -> float:
    return loop_sum(values) / len(values) if len(values) else math.nan


def loop_std(values, ddof: int = 1) -> float:
    values = [float(value) for value in values]
    if len(values) <= ddof:
        return math.nan
    if math.isfinite(values[0]) and all(value == values[0] for value in values):
        return 0.0
    mean, total = loop_mean(values), 0.0
    for value in values:
        total = total + (value - mean) * (value - mean)
    return math.sqrt(total / (len(values) - ddof))


def loop_extreme(values, sign: int) -> float:
    if any(math.isnan(value) for value in values):
        return math.nan
    best = max(values) if sign > 0 else min(values)
    return 0.0 if best == 0.0 else best


ROLLING = {
    ordered.rolling_sum: loop_sum,
    ordered.rolling_mean: loop_mean,
    ordered.rolling_std: loop_std,
    ordered.rolling_min: lambda window: loop_extreme(window, -1),
    ordered.rolling_max: lambda window: loop_extreme(window, 1),
}


def loop_rolling(function, values, bars: int) -> list[float]:
    rows = [float(value) for value in values]
    return [math.nan if t + 1 < bars else function(rows[t + 1 - bars : t + 1]) for t in range(len(rows))]


def loop_ewma(values, weight: float) -> list[float]:
    out, last = [], math.nan
    for value in map(float, values):
        if math.isnan(last):
            last = value
        elif not math.isnan(value):
            last = (1.0 - weight) * last + weight * value
        out.append(last)
    return out


def test_the_sample_tells_orders_apart() -> None:
    values = sample(1_000)
    assert float(np.sum(values)) != loop_sum(values) != loop_sum(values[::-1])


@pytest.mark.parametrize("size", [*SIZES, 1_000_003])
def test_sum_mean_and_std_go_left_to_right(size: int) -> None:
    for values in (sample(size), np.repeat(sample(size), 3).reshape(size, 3)[:, 1], sample(size)[::-1]):
        assert same_bits(ordered.ordered_sum(values), loop_sum(values))
        assert same_bits(ordered.ordered_mean(values), loop_mean(values))
        for ddof in (0, 1):
            assert same_bits(ordered.ordered_std(values, ddof), loop_std(values, ddof))


def test_a_nan_makes_a_sum_nan_and_zero_keeps_its_sign() -> None:
    assert math.isnan(ordered.ordered_sum(np.array([1.0, np.nan, 2.0])))
    assert math.isnan(ordered.ordered_std(np.array([1.0, np.nan, 2.0])))
    assert same_bits(ordered.ordered_sum(np.array([-0.0])), -0.0)


@pytest.mark.parametrize("kernel", ROLLING, ids=lambda kernel: kernel.__name__)
@pytest.mark.parametrize("bars", [1, 2, 3, 8, 20, 50])
def test_rolling_kernels_go_left_to_right_in_each_window(kernel, bars: int) -> None:
    for size in (0, 1, 2, 19, 20, 21, 300):
        for holes in (0.0, 0.03, 1.0):
            values = sample(size, holes)
            assert same_bits(kernel(values, bars), loop_rolling(ROLLING[kernel], values, bars))


@pytest.mark.parametrize("kernel", ROLLING, ids=lambda kernel: kernel.__name__)
def test_rolling_kernels_on_columns_rows_and_strides(kernel) -> None:
    matrix = sample(400, 0.02).reshape(100, 4)
    for shaped in (matrix, np.asfortranarray(matrix), sample(800, 0.02)[::2].reshape(100, 4), matrix[::-1, ::-1]):
        before = shaped.copy()
        expected = np.column_stack([loop_rolling(ROLLING[kernel], shaped[:, column], 7) for column in range(4)])
        assert same_bits(kernel(shaped, 7), expected)
        assert same_bits(kernel(shaped[:, 2], 7), expected[:, 2])
        assert same_bits(shaped, before)


def test_a_long_window_over_a_long_column() -> None:
    values = sample(6_000, 0.0002)
    assert same_bits(ordered.rolling_sum(values, 2_520), loop_rolling(loop_sum, values, 2_520))


def test_equal_values_have_no_spread() -> None:
    # 0.1 + 0.1 + 0.1 is not 0.3: the mean of equal values differs from them in the last bit.
    flat = np.array([0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2, np.nan, 0.2, 0.2, 0.2, np.inf, np.inf, np.inf])
    assert ordered.ordered_std(flat[:3]) == 0.0
    assert same_bits(ordered.rolling_std(flat, 3), loop_rolling(loop_std, flat, 3))
    assert (ordered.rolling_std(flat, 3) == 0.0).sum() == 4


def test_extremes_of_zeros_of_both_signs_are_plus_zero() -> None:
    zeros = np.tile([0.0, -0.0, -0.0], 40)
    for kernel in (ordered.rolling_min, ordered.rolling_max):
        assert not np.signbit(kernel(zeros, 4)[3:]).any()


@pytest.mark.parametrize("weight", [0.06, 0.5, 1.0])
def test_ewma_is_the_recursion(weight: float) -> None:
    for size in SIZES:
        values = sample(size, 0.1)
        assert same_bits(ordered.ewma(values, weight), loop_ewma(values, weight))
    matrix = sample(600, 0.1).reshape(200, 3)
    assert same_bits(ordered.ewma(matrix, weight), np.column_stack([loop_ewma(matrix[:, c], weight) for c in range(3)]))


@pytest.mark.parametrize("bars", [0, 1, 5, 30, 31, 99])
def test_lag_moves_down(bars: int) -> None:
    values = sample(30)
    assert same_bits(ordered.lag(values, bars), ([math.nan] * bars + values.tolist())[:30])


def test_looking_ahead_cannot_be_called() -> None:
    for kernel, bars in ((ordered.lag, -1), (ordered.rolling_sum, 0), (ordered.rolling_min, 0)):
        with pytest.raises(AssertionError):
            kernel(np.zeros(3), bars)


def test_median_is_the_middle() -> None:
    for size in SIZES[1:]:
        assert ordered.median(sample(size)) == statistics.median(sample(size).tolist())
    assert math.isnan(ordered.median(np.array([])))
    assert math.isnan(ordered.median(np.array([1.0, np.nan, 2.0])))


def by_value(function, values: np.ndarray) -> list[float]:
    def one(value: float) -> float:
        try:
            return math.nan if math.isnan(value) else function(value)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return [one(value) for value in values.ravel().tolist()]


def test_log_exp_and_power_are_the_c_librarys() -> None:
    edges = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 709.5, 709.782712893384, 709.79, -746.0, 1e300]
    wide = np.random.default_rng(1).uniform(-800, 800, 3_000)
    values = np.concatenate([sample(3_000, 0.05), wide, edges])[::-1].reshape(-1, 1)
    for kernel, function in ((ordered.log, math.log), (ordered.exp, math.exp)):
        found = kernel(values)
        assert found.shape == values.shape
        assert same_bits(found.ravel(), by_value(function, values))
    for exponent in (0.5, 1.5, 2.0, -1.0, 0.0):
        expected = by_value(lambda value, exponent=exponent: math.pow(value, exponent), values)
        assert same_bits(ordered.power(values, exponent).ravel(), expected)
    assert ordered.exp(np.array([709.5]))[0] == math.exp(709.5)
    assert ordered.power(np.array([-1e300]), 3.0)[0] == -math.inf
