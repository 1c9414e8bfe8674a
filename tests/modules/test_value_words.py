"""Numbers in words are the decimal numbers that stand there, and nothing that is meant otherwise is guessed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.errors import CwsError
from modules.value_words import values_of


@given(st.integers(-50, 50), st.integers(1, 30), st.integers(0, 40), st.integers(0, 4))
def test_a_range_holds_the_floats_of_its_decimal_numbers(low: int, step: int, count: int, places: int) -> None:
    def word(number: int) -> str:
        return f"{'-' if number < 0 else ''}{abs(number) // 10**places}.{abs(number) % 10**places:0{places}d}0"

    high = low + count * step + step // 2
    found = values_of(f"{word(low)}..{word(high)} by {word(step)}", "")
    assert found == [float(word(low + k * step)) for k in range(count + 1)]
    assert found[-1] <= float(word(high))


def test_a_range_never_passes_its_end() -> None:
    assert values_of("0.1..0.3 by 0.1", "") == [0.1, 0.2, 0.3]
    assert values_of("0..0.9999999999 by 1", "") == [0.0]
    assert values_of("1..4", "") == [1.0, 2.0, 3.0, 4.0]


def test_zero_has_one_sign() -> None:
    for text in ("-0 -0.0 0", "-0..0 by 1", "-1..0 by 0.5"):
        assert all(math.copysign(1.0, value) > 0.0 for value in values_of(text, "") if value == 0.0)


@pytest.mark.parametrize(
    "text",
    [
        *("0.5..3", "1..2.5", "1.0..3.5"),
        *("\u0663", "1..\u0663 by 1", "1 2\u0662"),
        *("3..1 by 1", "1..3 by 0", "1..3 by -1", "0..100000 by 1", "1e3", "", "9" * 400),
    ],
)
def test_what_may_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(CwsError, match="CWS-BACKTEST-021"):
        values_of(text, text)
