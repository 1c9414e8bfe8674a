"""Equal formulas have one text, and no rule that makes it so changes a bit of a value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes

from kernels.alpha.batch import evaluate
from kernels.alpha.canonical import canonical, formula_hash, text
from kernels.alpha.language import Call, Field, Node, Number
from kernels.alpha.parse import parse

NUMBERS = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.1, 1.0, 3.0, -1e300, 1e-300]).map(Number)
LEAVES = st.one_of(st.sampled_from(["close", "open"]).map(Field), NUMBERS)


def calls(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    one, two = st.tuples(inner), st.tuples(inner, inner)
    truths = st.builds(Call, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), two)
    truths = st.one_of(truths, st.builds(Call, st.just("not"), st.tuples(truths)))
    return st.one_of(
        st.builds(Call, st.sampled_from(["+", "-", "*", "/"]), two),
        st.builds(Call, st.sampled_from(["neg", "abs", "sign", "cs_rank", "cs_pct"]), one),
        st.builds(Call, st.sampled_from(["min", "max"]), two),
        st.builds(Call, st.sampled_from(["delay", "delta", "tmean"]), one, st.tuples(st.integers(1, 3))),
        st.builds(Call, st.sampled_from(["tcorr", "tcov"]), two, st.tuples(st.integers(2, 4))),
        st.builds(Call, st.just("if_else"), st.tuples(truths, inner, inner)),
    )


FORMULAS = st.recursive(LEAVES, calls, max_leaves=10)


def panel(seed: int, bars: int = 20, symbols: int = 9) -> dict[str, np.ndarray]:
    """Values with ties, holes, zeros of both signs, giants and infinities."""
    rng = np.random.default_rng(seed)
    odd = np.array([0.0, -0.0, 1.0, -1.0, 3.0, 1e300, -1e300, 1e-310, np.inf, -np.inf, np.nan])
    shape = bars, symbols

    def field() -> np.ndarray:
        return np.where(rng.random(shape) < 0.4, rng.choice(odd, shape), rng.normal(size=shape))

    return {"close": field(), "open": field()}


def as_written(node: Node, fields: dict[str, np.ndarray]) -> np.ndarray:
    """Each call by itself on matrices, so that no rule sees more than one call of fields."""
    if isinstance(node, Number):
        return np.full_like(fields["close"], node.value)
    if isinstance(node, Field):
        return fields[node.name]
    assert isinstance(node, Call)
    given_ = {f"x{place}": as_written(argument, fields) for place, argument in enumerate(node.arguments)}
    return evaluate(Call(node.function, tuple(Field(name) for name in given_), node.constants), given_)


@settings(max_examples=400, deadline=None)
@given(FORMULAS, st.integers(0, 10_000))
def test_the_canonical_form_has_the_bits_of_what_was_written(formula: Node, seed: int) -> None:
    fields = panel(seed)
    assert same_bytes(evaluate(canonical(formula), fields), as_written(formula, fields))
    assert canonical(canonical(formula)) == canonical(formula)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("close / -2", "-close / 2"),
        ("close / -2", "-(close / 2)"),
        ("-3 / close", "-(3 / close)"),
        ("close * -2", "-(close * 2)"),
        ("open + close * -2", "open - 2 * close"),
        ("abs(-close)", "abs(close)"),
        ("abs(abs(close - open))", "abs(close - open)"),
        ("abs(close * -2)", "abs(2 * close)"),
        ("-(-close)", "close"),
        ("-0.0 - close", "-close"),
        ("cs_pct(cs_rank(close))", "cs_pct(close)"),
        ("cs_rank(cs_pct(cs_pct(close)))", "cs_rank(close)"),
        ("cs_pct(-cs_pct(close))", "cs_pct(-close)"),
    ],
)
def test_equal_formulas_hash_equal(one: str, other: str) -> None:
    assert text(parse(one)) == text(parse(other))
    assert formula_hash(parse(one)) == formula_hash(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Of equal values one is 0.0 and the other -0.0.
        ("-(close - open)", "open - close"),
        ("sign(-close)", "-sign(close)"),
        # These round.
        ("close * 0.1 * 3", "close * (0.1 * 3)"),
        ("cs_pct(-close)", "-cs_pct(close)"),
    ],
)
def test_what_differs_by_a_bit_stays_apart(one: str, other: str) -> None:
    assert formula_hash(parse(one)) != formula_hash(parse(other))


def test_zeros_of_two_signs_are_two_numbers() -> None:
    """Also for what remembers formulas: a plan of one is no plan of the other."""
    fields = panel(1)
    for zero in (0.0, -0.0, 0.0):
        assert np.signbit(evaluate(Number(zero), fields)).all() == np.signbit(zero)
    assert Number(0.0) != Number(-0.0)
