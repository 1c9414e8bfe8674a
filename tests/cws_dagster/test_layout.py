"""On a terminal lines give way and words do not."""

import pytest

from cws_dagster.layout import fitted, is_figure, wrapped

CELLS = [["key", "why"], ["a64adcd725b6", "one two three four"], ["682f7aab4303", "five"]]


@pytest.mark.parametrize(("width", "widths"), [(80, [12, 18]), (32, [12, 18]), (31, [12, 17]), (19, [12, 5])])
def test_the_widest_column_gives_way_down_to_its_longest_word(width: int, widths: list[int]) -> None:
    assert fitted(CELLS, width, 2) == widths


def test_words_are_never_broken() -> None:
    assert fitted(CELLS, 18, 2) is None
    assert fitted(CELLS, 18, 1) == [12, 5]
    assert fitted([["x"] * 3, ["b3:" + "f" * 64, "1", "2"]], 72, 2) is None
    assert fitted([["x"] * 3, ["b3:" + "f" * 64, "1", "2"]], 73, 2) == [67, 1, 1]


def test_lines_are_wrapped_between_words_and_indented() -> None:
    assert wrapped("  name  one two three", 14, " " * 8) == "  name  one\n        two\n        three"
    assert wrapped("first\n\n/a/path-that/is/long end", 8) == "first\n\n/a/path-that/is/long\nend"


def test_what_reads_as_a_number_stands_right() -> None:
    assert all(map(is_figure, ["1,234", "-0.1265", "-", "", "0.00005"]))
    assert not any(map(is_figure, ["a64adcd725b6", "36 min", "xs_reversal"]))
