"""What a pipe gets: whole values in columns, and JSON without what JSON does not know. A terminal: unbroken words."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from cws_dagster.screen import Screen, aligned, figure, plain

HASH = "b3:0123456789ab" + "c" * 52


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


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Draw on a terminal of some columns; returns its lines."""

    def drawn(columns: int, draw) -> list[str]:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(columns))
        screen = Screen()
        assert screen.is_terminal
        draw(screen)
        return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in capsys.readouterr().out.splitlines()]

    return drawn


def _table(screen: Screen) -> None:
    screen.table("T", ("key", "why", "rows"), [(screen.hash(HASH), "some long sentence", 1234)])


def test_a_table_gives_way_between_words_and_then_becomes_lines(terminal) -> None:
    assert terminal(80, _table)[3] == "0123456789ab  some long sentence  1,234"
    assert terminal(30, _table)[3:5] == ["0123456789ab  some long  1,234", "              sentence"]
    assert terminal(27, _table)[3:5] == ["0123456789ab some     1,234", "             long"]
    assert terminal(26, _table)[1:4] == ["  key   0123456789ab", "  why   some long sentence", "  rows  1,234"]


def test_what_is_longer_than_the_terminal_is_not_cut_by_a_newline(terminal) -> None:
    path = "/a/very-long/path" * 5
    lines = terminal(20, lambda screen: screen.facts("F", {"home": path, "why": "one two three"}))
    assert [line for line in lines if path in line] and lines[-2:] == ["  why   one two", "        three"]


def test_hashes_are_short_on_a_terminal(terminal) -> None:
    text = f"blake3={HASH}, key={'d' * 32}, 1234567890123"
    lines = terminal(80, lambda screen: screen.line(screen.brief(text)))
    assert lines == [f"blake3=0123456789ab, key={'d' * 12}, 1234567890123"]


def test_a_pipe_gets_whole_hashes(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.facts("F", {"hash": screen.hash(HASH), "text": screen.brief(HASH)})
    assert capsys.readouterr().out == f"F\n  hash  {HASH}\n  text  {HASH}\n"
