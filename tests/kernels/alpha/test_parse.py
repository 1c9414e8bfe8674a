"""What the alpha language reads, what it refuses, and where it points."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.alpha.canonical import text
from kernels.alpha.language import MAX_BARS, MAX_CHARS, MAX_DEPTH, MAX_NODES, FormulaError, lookback_bars
from kernels.alpha.parse import parse


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("close", "close"),
        ("  close+open*2.50 ", "close + open * 2.5"),
        ("(close - open) - high", "close - open - high"),
        ("close - (open - high)", "close - (open - high)"),
        ("close + (open + high)", "close + (open + high)"),
        ("close / (open * high)", "close / (open * high)"),
        ("(close + open) * high", "(close + open) * high"),
        ("-close * open", "-close * open"),
        ("-(close * open)", "-(close * open)"),
        ("--close", "--close"),
        ("close - -1e3", "close - -1000"),
        ("1e-7 * volume", "1e-07 * volume"),
        (".5*close", "0.5 * close"),
        ("ret", "close / delay(close, 1) - 1"),
        ("clip(cs_z(ret), -2, 2.0)", "clip(cs_z(close / delay(close, 1) - 1), -2, 2)"),
        (
            "if_else( (close>open) , tmean(close,5), ema(close,10))",
            "if_else(close > open, tmean(close, 5), ema(close, 10))",
        ),
        ("delay(close,007)", "delay(close, 7)"),
    ],
)
def test_equal_formulas_have_one_text(written: str, canonical: str) -> None:
    assert text(parse(written)) == canonical
    assert parse(canonical) == parse(written)


@pytest.mark.parametrize(
    ("formula", "wrong", "position", "fix"),
    [
        ("", "syntax", 0, "a number, a field"),
        ("close +", "syntax", 7, "a number, a field"),
        ("close open", "syntax", 6, "operator"),
        ("(close", "syntax", 6, "close the parenthesis"),
        ("close)", "syntax", 5, "operator"),
        ("close = open", "syntax", 6, "=="),
        ("close ** 2", "syntax", 7, "a number"),
        ("close $ 2", "syntax", 6, "use numbers"),
        ("tmean(close)", "syntax", 11, "tmean(x, bars)"),
        ("tmean(close, 5, 5)", "syntax", 14, "tmean(x, bars)"),
        ("tmean(close, 5", "syntax", 14, "tmean(x, bars)"),
        ("tmean", "syntax", 0, "tmean(x, bars)"),
        ("1 < close < 2", "syntax", 10, "nest"),
        ("2 * clsoe", "name", 4, "did you mean 'close'?"),
        ("1 + tmeen(close, 5)", "name", 4, "did you mean 'tmean'?"),
        ("zzzzzzz", "name", 0, "known:"),
        ("close(5)", "type", 0, "multiply"),
        ("delay(close, -1)", "type", 13, f"0 to {MAX_BARS}"),
        ("tsum(close, -5)", "type", 12, f"1 to {MAX_BARS}"),
        ("tsum(close, 0)", "type", 12, f"1 to {MAX_BARS}"),
        ("delta(close, 0)", "type", 13, f"1 to {MAX_BARS}"),
        ("tsum(close, 2521)", "type", 12, f"1 to {MAX_BARS}"),
        ("tsum(close, " + "9" * 1_000 + ")", "type", 12, f"1 to {MAX_BARS}"),
        ("tsum(close, 5.0)", "type", 12, "whole number"),
        ("tsum(close, 1e1)", "type", 12, "whole number"),
        ("tsum(close, open)", "type", 12, "whole number"),
        ("delay(close, 5 - 6)", "type", 13, "literal"),
        ("clip(close, open, 1)", "type", 12, "literal"),
        ("clip(close, 2, 1)", "type", 15, "lower limit first"),
        ("close > open", "type", 0, "if_else"),
        ("1 + (close > open)", "type", 5, "if_else"),
        ("if_else(close, 1, 0)", "type", 8, "x > 0"),
        ("if_else(close > 0, open > 0, 0)", "type", 19, "if_else"),
        ("1e999", "limit", 0, "smaller"),
        ("(" * (MAX_DEPTH + 1) + "close" + ")" * (MAX_DEPTH + 1), "limit", MAX_DEPTH + 1, "fewer"),
        ("-" * 1_500 + "close", "limit", MAX_DEPTH + 1, "fewer"),
        ("close" + "+1" * MAX_DEPTH, "limit", 0, "fewer"),
        (" " * MAX_CHARS + "1", "limit", MAX_CHARS, str(MAX_CHARS)),
    ],
)
def test_a_refusal_points_at_the_place_and_says_what_to_write(
    formula: str, wrong: str, position: int, fix: str
) -> None:
    with pytest.raises(FormulaError) as refusal:
        parse(formula)
    assert (refusal.value.wrong, refusal.value.position) == (wrong, position), str(refusal.value)
    assert fix in refusal.value.fix


def test_parts_are_counted() -> None:
    terms = "(" + "+".join(["1"] * 40) + ")"
    assert parse("*".join([terms] * 6))
    with pytest.raises(FormulaError, match=f"more than {MAX_NODES} parts"):
        parse("*".join([terms] * 7))


@pytest.mark.parametrize(
    ("formula", "bars"),
    [
        ("close", 0),
        ("ret", 1),
        ("tmean(ret, 20)", 20),
        ("delay(close, 21) / delay(close, 252)", 252),
        ("ema(delta(close, 3), 9)", 3),
    ],
)
def test_lookback_is_the_longest_way_back(formula: str, bars: int) -> None:
    assert lookback_bars(parse(formula)) == bars


WORDS = [
    "close",
    "ret",
    "tmean",
    "delay",
    "cs_rank",
    "if_else",
    "clip",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "<",
    "==",
    "5",
    "0.5",
    " ",
    "é",
    "x",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS), max_size=25).map("".join)))
def test_any_text_is_a_formula_or_a_refusal_inside_the_text(written: str) -> None:
    try:
        formula = parse(written)
    except FormulaError as refusal:
        assert 0 <= refusal.position <= len(written) and refusal.what and refusal.fix
    else:
        assert parse(text(formula)) == formula
