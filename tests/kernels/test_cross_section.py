"""Ranks against scipy, scores against a plain loop in column order."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from kernels.cross_section import centred_rank, share_rank, zscore


def sample(columns: int, seed: int) -> np.ndarray:
    """Rows with ties, holes, infinities, and rows of one and of no known value."""
    rng = np.random.default_rng([columns, seed])
    values = np.where(
        rng.random((200, columns)) < 0.5, rng.integers(-3, 3, (200, columns)), rng.normal(size=(200, columns))
    )
    values[rng.random(values.shape) < 0.2] = np.nan
    values[rng.random(values.shape) < 0.02] = np.inf
    values[5:7, 1:] = np.nan
    values[6:8] = np.nan
    values[8] = 0.1
    return values


@pytest.mark.parametrize("columns", [1, 2, 3, 20, 101])
def test_rank_is_the_average_rank_scaled(columns: int) -> None:
    values = sample(columns, 1)
    for row, found in zip(values, centred_rank(values), strict=True):
        known = ~np.isnan(row)
        others = int(known.sum()) - 1
        expected = 2.0 * (rankdata(row[known]) - 1.0) / others - 1.0 if others > 0 else np.zeros(max(others + 1, 0))
        assert np.isnan(found[~known]).all()
        np.testing.assert_allclose(found[known], expected, atol=1e-15)


def loop_scores(row: list[float]) -> list[float]:
    known = [value for value in row if not math.isnan(value)]
    if not known or min(known) == max(known):
        return [math.nan if math.isnan(value) else 0.0 for value in row]
    total = 0.0
    for value in known:
        total += value
    mean, squares = total / len(known), 0.0
    for value in known:
        squares += (value - mean) * (value - mean)
    spread = math.sqrt(squares / (len(known) - 1))
    return [(value - mean) / spread for value in row]


@pytest.mark.parametrize("columns", [1, 2, 3, 20, 101])
def test_scores_are_the_loops_bit_for_bit(columns: int) -> None:
    values = sample(columns, 2)
    values[9, :2] = [np.inf, -np.inf][:columns]
    expected = np.array([loop_scores(row.tolist()) for row in values])
    np.testing.assert_array_equal(zscore(values), expected)
    np.testing.assert_array_equal(zscore(np.asfortranarray(values)), expected)


def test_no_columns_and_no_rows() -> None:
    for shape in ((0, 3), (3, 0), (0, 0)):
        assert centred_rank(np.zeros(shape)).shape == zscore(np.zeros(shape)).shape == shape


def test_values_that_differ_in_their_last_bits_only_are_ranked() -> None:
    rng = np.random.default_rng(2)
    odd = np.array([0.0, -0.0, 1.0, 1.0 + 2**-52, 1.0 + 2**-50, -5.0, -5.0 - 2**-49, np.inf, -np.inf, np.nan, 5e-324])
    for symbols in (1, 2, 3, 64, 65, 300):
        values = rng.choice(odd, (40, symbols))
        ranks = pd.DataFrame(values).rank(axis=1).to_numpy()
        known = (~np.isnan(values)).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(share_rank(values), ranks / np.maximum(known, 1), rtol=1e-15)
        centred = np.where(
            known > 1, 2.0 * (ranks - 1.0) / np.maximum(known - 1, 1) - 1.0, np.where(np.isnan(ranks), ranks, 0.0)
        )
        np.testing.assert_allclose(centred_rank(values), centred, rtol=0, atol=1e-15)


@pytest.mark.parametrize("endless", [False, True])
@pytest.mark.parametrize("levels", [0.1, 0.4, 0.9])
def test_many_small_groups_of_values_that_hardly_differ_are_ranked(levels: float, endless: bool) -> None:
    """Sums of ranks look so: a grid of values, each with a rounding of its own. An infinity takes the fine keys."""
    rng = np.random.default_rng(3)
    for symbols in (7, 8, 65, 300):
        values = rng.integers(-1, 1 + int(levels * symbols), (40, symbols)) * (
            1.0 + 2**-52 * rng.integers(0, 3, (40, symbols))
        )
        values[rng.random(values.shape) < 0.1] = np.nan
        values[:, 0] = np.inf if endless else values[:, 0]
        known = (~np.isnan(values)).sum(axis=1, keepdims=True)
        expected = pd.DataFrame(values).rank(axis=1).to_numpy() / np.maximum(known, 1)
        np.testing.assert_allclose(share_rank(values), expected, rtol=1e-15)
        np.testing.assert_array_equal(np.isnan(share_rank(values)), np.isnan(values))
