"""A formula under many assignments has the bits of the formula bound as a whole, and computes what is shared once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes

from kernels.alpha import assigned
from kernels.alpha.assigned import Assigned, least_bars
from kernels.alpha.batch import evaluate
from kernels.alpha.binding import bind
from kernels.alpha.canonical import canonical
from kernels.alpha.language import Call, Field, Free, Node, Number, names_of
from kernels.alpha.parse import parse

WINDOWED = ("tsum", "tmean", "tstd", "tmin", "targmax", "trank", "tslope", "decay_linear", "ema")
BARS = st.one_of(st.integers(1, 6), st.sampled_from(["n", "m"]).map(Free))
LEAVES = st.one_of(
    st.sampled_from(["close", "open"]).map(Field),
    st.sampled_from([0.0, 1.5, -2.0]).map(Number),
    st.sampled_from(["x", "y"]).map(Free),
)


def calls(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    two = st.tuples(inner, inner)
    truths = st.builds(Call, st.sampled_from(["<", ">=", "=="]), two)
    return st.one_of(
        st.builds(Call, st.sampled_from(["+", "-", "*", "/", "min"]), two),
        st.builds(Call, st.sampled_from(WINDOWED), st.tuples(inner), st.tuples(BARS)),
        st.builds(Call, st.just("tcorr"), two, st.tuples(BARS)),
        st.builds(Call, st.sampled_from(["delay", "delta"]), st.tuples(inner), st.tuples(BARS)),
        st.builds(Call, st.sampled_from(["cs_rank", "neg", "abs"]), st.tuples(inner)),
        st.builds(Call, st.just("if_else"), st.tuples(truths, inner, inner)),
    )


def panel(seed: int, bars: int = 40, symbols: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    fields = {name: rng.normal(size=(bars, symbols)).round(1) for name in ("close", "open")}
    fields["close"][rng.random((bars, symbols)) < 0.1] = np.nan
    return fields


@settings(max_examples=60, deadline=None)
@given(
    formula=st.recursive(LEAVES, calls, max_leaves=10).map(canonical), seed=st.integers(0, 99), most=st.integers(1, 4)
)
def test_every_assignment_has_the_bits_of_the_bound_formula(formula: Node, seed: int, most: int) -> None:
    fields, names = panel(seed), names_of(formula, Free)
    own = Assigned(formula, fields, most)
    for values in ({"n": 2, "m": 3, "x": 0.5, "y": -1.0}, {"n": 2, "m": 5, "x": 0.5, "y": 3.0}, {"n": 2, "m": 3}):
        given_ = {name: float(values.get(name, 0.5)) for name in names}
        assert same_bytes(own.at(given_), evaluate(bind(formula, given_), fields))


def test_what_is_shared_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def counted(formula: Node, fields: dict[str, np.ndarray]) -> np.ndarray:
        seen.append(assigned.text(formula))
        return evaluate(formula, fields)

    monkeypatch.setattr(assigned, "evaluate", counted)
    own = Assigned(parse("tmean(cs_rank(close), $n) - tmean(log1p(abs(open)), $m) * $n"), panel(1), 8)
    for n in (2.0, 3.0, 4.0):
        for m in (5.0, 6.0):
            own.at({"n": n, "m": m})
    shared = [text for text in seen if text in ("cs_rank(close)", "log1p(abs(open))")]
    assert len(shared) == 2
    # Three windows of n and two of m, six times the whole.
    assert len(seen) == 2 + 3 + 2 + 6, seen


def test_values_between_two_whole_numbers_share_nothing() -> None:
    formula, fields = parse("abs(close - $x) * $y"), panel(1)
    own = Assigned(formula, fields, 8)
    for x in (0.2, 0.4, 0.2, -0.4):
        values = {"x": x, "y": 2.0}
        assert same_bytes(own.at(values), evaluate(bind(formula, values), fields))
    assert len(own._recent) == 3


def test_no_more_is_kept_than_said() -> None:
    own = Assigned(parse("tmean(close, $n) / tmean(open, $m)"), panel(1), 2)
    for n in range(2, 9):
        own.at({"n": float(n), "m": 3.0})
    assert len(own._recent) == 2


@pytest.mark.parametrize(
    ("formula", "least"),
    [
        ("close * $x", {}),
        ("delay(close, $n) * $x", {"n": 0}),
        ("delay(close, $n) + tmean(close, $n)", {"n": 1}),
        ("clip(tcorr(close, open, $m), $x, 2) + delta(delay(close, $n), 3)", {"m": 1, "n": 0}),
    ],
)
def test_the_language_says_what_counts_bars(formula: str, least: dict[str, int]) -> None:
    assert least_bars(parse(formula)) == least
