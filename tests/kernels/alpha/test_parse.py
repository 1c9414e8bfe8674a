"""What the alpha language reads, what it refuses, and where it points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.alpha.batch import evaluate
from kernels.alpha.binding import bind
from kernels.alpha.canonical import formula_hash, text
from kernels.alpha.language import (
    MAX_BARS,
    MAX_CHARS,
    MAX_DEPTH,
    MAX_NODES,
    FormulaError,
    Free,
    lookback_bars,
    names_of,
)
from kernels.alpha.parse import parse
from kernels.alpha.streaming import Stream


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("close", "close"),
        ("  close+open*2.50 ", "close + open * 2.5"),
        ("(close - open) - high", "close - open - high"),
        ("close - (open - high)", "close - (open - high)"),
        ("close + (open + high)", "close + (high + open)"),
        ("close / (open * high)", "close / (high * open)"),
        ("(close + open) * high", "(close + open) * high"),
        ("-close * open", "-(close * open)"),
        ("-(close * open)", "-(close * open)"),
        ("--close", "close"),
        ("close - -1e3", "close + 1000"),
        ("1e-7 * volume", "volume * 1e-07"),
        (".5*close", "close * 0.5"),
        ("ret", "close / delay(close, 1) - 1"),
        ("clip(cs_z(ret), -2, 2.0)", "clip(cs_z(close / delay(close, 1) - 1), -2, 2)"),
        (
            "if_else( (close>open) , tmean(close,5), ema(close,10))",
            "if_else(open < close, tmean(close, 5), ema(close, 10))",
        ),
        ("delay(close,007)", "delay(close, 7)"),
        ("open + close", "close + open"),
        ("tcorr(volume, close, 5)", "tcorr(close, volume, 5)"),
        ("0.5 * 2 * close", "close"),
        ("close * (0.1 + 0.2)", "(0.1 + 0.2) * close"),
        ("close * (0.25 + 0.5)", "close * 0.75"),
        ("close / 1 - 0 + 0", "close + 0"),
        ("-1 * cs_rank(close)", "-cs_rank(close)"),
        ("-close - open", "-close - open"),
        ("-open + -close", "-close - open"),
        ("close - delay(close, 5)", "delta(close, 5)"),
        ("delay(delay(close, 2), 3)", "delay(close, 5)"),
        ("delay(delay(close, 2000), 2000)", "delay(delay(close, 2000), 2000)"),
        ("if_else(not(close >= open), 1, 0)", "if_else(close < open, 1, 0)"),
        ("if_else(and(open > 1, close > 1), 1, 0)", "if_else(and(1 < close, 1 < open), 1, 0)"),
        ("tmean(close, $slow) * $k", "$k * tmean(close, $slow)"),
        ("neutralise(ret, sector)", "neutralise(close / delay(close, 1) - 1, sector)"),
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
        ("close * / 2", "syntax", 8, "a number"),
        ("close ** 2", "syntax", 7, "signed_power(x, number)"),
        ("close ^ 2", "syntax", 6, "signed_power(x, number)"),
        ("if_else(close > open, close)", "syntax", 27, "if_else(condition, x, y)"),
        ("tcorr(close, open)", "syntax", 17, "tcorr(x, y, bars)"),
        ("and(close > open)", "syntax", 16, "and(condition, other)"),
        ("* close", "syntax", 0, "a number"),
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
        ("close + sector", "type", 8, "neutralise"),
        ("neutralise(close, open)", "type", 18, "market or sector"),
        ("not(close)", "type", 4, "x > 0"),
        ("tmean(close, $2)", "syntax", 13, "use numbers"),
        (f"{'+'.join(['tsum(close, 2500)'] * 11)}", "limit", 0, "shorter or fewer"),
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


@pytest.mark.parametrize(
    ("formula", "values", "wrong", "position", "fix"),
    [
        ("tmean(close, $n)", {}, "parameter", 13, "given: none"),
        ("tmean(close, $n)", {"n": 5, "m": 6}, "parameter", 0, "$n"),
        ("tmean(close, $n)", {"n": 0}, "parameter", 13, f"from 1 to {MAX_BARS}"),
        ("tmean(close, $n)", {"n": 2.5}, "parameter", 13, "whole number"),
        ("close + delay(open, $n)", {"n": -1}, "parameter", 20, f"from 0 to {MAX_BARS}"),
        ("close * $k", {"k": float("nan")}, "parameter", 8, "finite"),
        ("tmean(close, $n)", {"n": float("inf")}, "parameter", 13, "finite"),
        ("clip(close, 1, $k)", {"k": 0}, "parameter", 15, "lower limit first"),
        ("+".join(["tsum(close, $n)"] * 11), {"n": 2500}, "limit", 0, "shorter or fewer"),
    ],
)
def test_a_parameter_gets_a_number_that_fits(
    formula: str, values: dict[str, float], wrong: str, position: int, fix: str
) -> None:
    with pytest.raises(FormulaError) as refusal:
        bind(parse(formula), values)
    assert (refusal.value.wrong, refusal.value.position) == (wrong, position), str(refusal.value)
    assert fix in refusal.value.fix


def test_a_bound_formula_is_the_formula_with_numbers() -> None:
    formula = parse("tmean(close, $n) * $k - delay(close, $lag)")
    assert names_of(formula, Free) == ("k", "lag", "n")
    bound = bind(formula, {"n": 5, "k": 1, "lag": 0})
    assert bound == parse("tmean(close, 5) - close")
    assert formula_hash(bound) == formula_hash(parse("tmean(close, 5) * 1 - close")) != formula_hash(formula)


def test_a_free_lag_may_be_zero_wherever_it_stands() -> None:
    formula = parse("close - delay(close, $n)")
    assert bind(formula, {"n": 0}) == parse("close - close")
    assert formula_hash(bind(formula, {"n": 5})) == formula_hash(parse("delta(close, 5)"))


def test_a_panel_without_the_field_is_refused_where_the_field_stands() -> None:
    with pytest.raises(FormulaError) as refusal:
        evaluate(parse("close + neutralise(open, sector)"), {"close": np.ones((3, 2)), "open": np.ones((3, 2))})
    assert (refusal.value.wrong, refusal.value.position) == ("field", 25)
    assert "close, open" in refusal.value.fix
    with pytest.raises(FormulaError, match="no value"):
        Stream(parse("close + $k"), 2)


WORDS = [
    "close",
    "ret",
    "tmean",
    "delay",
    "cs_rank",
    "if_else",
    "clip",
    "$n",
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


@pytest.mark.parametrize(
    ("formula", "meant"),
    [("CLOSE", "close"), ("rank(close)", "cs_pct"), ("IndNeutralize(ret, sector)", "neutralise"), ("returns", "ret")],
)
def test_a_word_of_the_literature_or_in_capitals_is_understood(formula: str, meant: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        parse(formula)
    assert refusal.value.fix == f"did you mean {meant!r}?"


@pytest.mark.parametrize("formula", ["adv20", "True"])
def test_what_is_like_nothing_gets_the_list_of_what_is_known(formula: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        parse(formula)
    assert refusal.value.fix.startswith("known: open, high")
