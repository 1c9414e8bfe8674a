"""The few figures of a table that a trace carries."""

import math

import numpy as np
import pandas as pd
import pytest

from modules.profile import SAMPLE_ROWS, profile


def of(values: list[float] | np.ndarray):
    return profile(pd.DataFrame({"value": values}))["value"]


def test_known_figures() -> None:
    found = of(np.arange(101.0))
    assert (found.p01, found.p50, found.p99, found.nan_share, found.distinct) == (1.0, 50.0, 99.0, 0.0, 101)


def test_holes_are_counted_over_all_rows_and_are_no_value() -> None:
    found = of([1.0, math.nan, 2.0, math.nan])
    assert (found.p01, found.p99, found.nan_share, found.distinct) == (1.0, 1.0, 0.5, 2)
    nothing = of([math.nan] * 3)
    assert math.isnan(nothing.p50) and (nothing.nan_share, nothing.distinct) == (1.0, 0)


@pytest.mark.parametrize("place", [1, SAMPLE_ROWS, 3 * SAMPLE_ROWS - 1])
def test_a_large_column_is_constant_only_when_all_its_rows_are(place: int) -> None:
    values = np.ones(3 * SAMPLE_ROWS)
    assert of(values).distinct == 1
    values[place] = 2.0
    assert of(values).distinct == 2
    values[place] = math.nan
    assert of(values).distinct == 1


def test_quantiles_of_a_large_column_are_close_and_the_same_again() -> None:
    values = np.random.default_rng(3).normal(size=100_000)
    found = of(values)
    assert found == of(values)
    assert abs(found.p50) < 0.05 and abs(found.p99 - 2.326) < 0.15 and abs(found.p01 + 2.326) < 0.15


def test_stamps_text_and_places_are_not_profiled() -> None:
    frame = pd.DataFrame({"ts_event": [1], "open_ns": [1], "row": [1], "symbol": ["a"], "lots": [3], "half": [True]})
    assert set(profile(frame)) == {"lots"}
    assert profile(frame.head(0)) == {}
