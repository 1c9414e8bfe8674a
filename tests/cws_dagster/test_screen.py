"""What a pipe gets: whole values in columns, and JSON without what JSON does not know."""

import math
from pathlib import Path

import numpy as np

from cws_dagster.screen import aligned, figure, plain


def test_columns_keep_whole_values_and_one_line_a_row() -> None:
    lines = aligned(("name", "why"), [("a", "two\nlines  and more"), ("longer name", None), ("", "x" * 300)])
    assert lines == [
        "name         why",
        "a            two lines and more",
        "longer name  -",
        "-            " + "x" * 300,
    ]


def test_json_has_no_nan_no_numpy_no_path() -> None:
    found = plain({"a": [math.nan, np.float64("inf"), np.int64(3)], "b": Path("/x"), "c": (True, None), 4: "n"})
    assert found == {"a": [None, None, 3], "b": "/x", "c": [True, None], "4": "n"}
    assert type(found["a"][2]) is int


def test_a_figure_that_cannot_be_said_is_a_dash() -> None:
    assert [figure(value) for value in (None, math.nan, math.inf, -0.126456)] == ["-", "-", "-", "-0.1265"]
