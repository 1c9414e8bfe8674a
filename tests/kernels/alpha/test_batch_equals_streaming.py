"""The two evaluators of the alpha language give the same bits, and both give what the functions mean."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.alpha.batch import evaluate
from kernels.alpha.canonical import canonical, text
from kernels.alpha.language import COMPARISONS, FIELDS, FUNCTIONS, WINDOWED, Call, Field, Node, Number
from kernels.alpha.parse import parse
from kernels.alpha.streaming import Stream

PAIRS = ["tcorr", "tcov"]
SINGLES = [name for name in WINDOWED if name not in PAIRS]
PLAIN = [name for name, signature in FUNCTIONS.items() if signature.takes == ("real",)]
NO_CONSTANTS = st.just(())
LIMITS = st.tuples(st.floats(-3, 3), st.floats(-3, 3)).map(lambda pair: tuple(sorted(pair)))


# `make prove` sets these higher.
CUT_BARS, LONGEST_WINDOW = 560, 40


def _calls(inner: st.SearchStrategy[Node], longest: int = 7) -> st.SearchStrategy[Node]:
    def call(names, arguments, constants=NO_CONSTANTS):
        return st.builds(Call, st.sampled_from(names), arguments, constants)

    one, two = st.tuples(inner), st.tuples(inner, inner)
    truths = st.recursive(
        call(list(COMPARISONS), two),
        lambda one: st.one_of(call(["and", "or"], st.tuples(one, one)), call(["not"], st.tuples(one))),
        max_leaves=3,
    )
    negated = inner.filter(lambda node: not isinstance(node, Number)).map(lambda node: Call("neg", (node,)))
    bars = st.tuples(st.integers(1, longest))
    return st.one_of(
        call(["+", "-", "*", "/", "min", "max"], two),
        negated,
        call(SINGLES, one, bars),
        call(PAIRS, two, bars),
        call(["delay"], one, st.tuples(st.integers(0, longest))),
        call(PLAIN, one),
        call(["signed_power"], one, st.tuples(st.sampled_from([0.5, 1.0, 2.0, -1.5]))),
        call(["neutralise"], st.tuples(inner, st.sampled_from([Field("sector"), Field("market")]))),
        call(["clip"], one, LIMITS),
        call(["if_else"], st.tuples(truths, inner, inner)),
    )


LEAVES = st.one_of(
    st.sampled_from([Field(name) for name in FIELDS]), st.sampled_from([-1.5, 0.0, 0.1, 2.0, 1e300]).map(Number)
)
FORMULAS = st.recursive(LEAVES, _calls, max_leaves=12)


def long_formulas() -> st.SearchStrategy[Node]:
    """Windows that reach across anchors."""
    return st.recursive(LEAVES, lambda inner: _calls(inner, LONGEST_WINDOW), max_leaves=8)


def panel(seed: int, bars: int, symbols: int) -> dict[str, np.ndarray]:
    """Fields with holes, ties, zeros of both signs, giants, infinities, flat runs and a symbol that lists late."""
    rng = np.random.default_rng(seed)
    odd = np.array([0.0, -0.0, 0.1, 0.1, 0.1, -1.0, 1e300, np.inf, -np.inf])
    fields = {}
    for name in FIELDS:
        values = rng.normal(size=(bars, symbols)) * 10.0 ** rng.integers(-3, 4, (bars, symbols))
        values = np.where(rng.random(values.shape) < 0.25, rng.choice(odd, values.shape), values)
        values[rng.random(values.shape) < 0.15] = np.nan
        values[bars // 2 : bars // 2 + 8, :1] = 0.1
        values[: bars // 3, -1:] = np.nan
        fields[name] = values
    fields["sector"] = rng.choice([1.0, 2.0, 7.0, np.nan], (bars, symbols))
    return fields


def walk(seed: int, bars: int, symbols: int) -> dict[str, np.ndarray]:
    """Prices that wander, and a column that is flat for long."""
    rng = np.random.default_rng(seed)
    fields = {name: 60_000.0 * np.cumprod(1.0 + rng.normal(0.0, 0.001, (bars, symbols)), axis=0) for name in FIELDS}
    fields["close"][: bars // 2, 0] = 0.1
    return fields


def calm(seed: int, bars: int, symbols: int) -> dict[str, np.ndarray]:
    """Prices that wander, stand still, and are missing for one bar or for hundreds; groups that change now and then."""
    rng, fields = np.random.default_rng(seed), walk(seed, bars, symbols)
    for values in fields.values():
        values[rng.random(values.shape) < 0.001] = np.nan
        for _ in range(1 + bars // 1_000):
            start, column = int(rng.integers(bars)), int(rng.integers(symbols))
            values[start : start + int(rng.integers(1, 400)), column] = rng.choice([np.nan, 0.1, np.inf])
    steps = np.sort(rng.integers(0, bars, 1 + bars // 500))
    fields["sector"] = rng.choice([1.0, 2.0, np.nan], (len(steps) + 1, symbols))[
        np.searchsorted(steps, np.arange(bars))
    ]
    return fields


def cut(formula: Node, fields: dict[str, np.ndarray], cuts: list[int]) -> np.ndarray:
    """The stream's rows, each piece by a new stream from the state of the last."""
    bars, symbols = fields["close"].shape
    state, rows = None, []
    for start, end in pairwise([0, *sorted(cuts), bars]):
        stream = Stream(formula, symbols, state)
        for t in range(start, end):
            rows.append(stream.push({name: values[t] for name, values in fields.items()}))
        state = stream.state
    return np.array(rows)


def streamed(formula: Node, fields: dict[str, np.ndarray]) -> np.ndarray:
    bars, symbols = fields["close"].shape
    stream, buffer = Stream(formula, symbols), {name: np.empty(symbols) for name in fields}
    out = np.empty((bars, symbols))
    for t in range(bars):
        for name, values in fields.items():
            buffer[name][:] = values[t]
        out[t] = stream.push(buffer)
    return out


def bits(values: np.ndarray) -> bytes:
    return np.where(np.isnan(values), np.nan, values).tobytes()


@settings(max_examples=250, deadline=None)
@given(FORMULAS, st.integers(0, 10_000), st.integers(0, 30), st.integers(1, 6))
def test_any_formula_on_any_panel(formula: Node, seed: int, bars: int, symbols: int) -> None:
    assert parse(text(canonical(formula))) == canonical(formula)
    fields = panel(seed, bars, symbols)
    before = {name: bits(values) for name, values in fields.items()}
    assert bits(evaluate(formula, fields)) == bits(streamed(formula, fields))
    assert {name: bits(values) for name, values in fields.items()} == before


def if_number(function: str, x: str, bars: str) -> str:
    """A formula that is one call of the function, with `x` for its numbers."""
    written = {
        "real": x, "window": bars, "lag": bars, "number": "2", "truth": f"{x} > 0", "group": "sector",
    }  # fmt: skip
    inside = f"{function}({', '.join(written[parameter] for parameter in FUNCTIONS[function].takes)})"
    return f"if_else({inside}, 1, 0)" if FUNCTIONS[function].gives == "truth" else inside


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_over_calm_prices(function: str) -> None:
    """Nine symbols are more than one group of lanes and less than two; the pieces are of any length."""
    formula, fields = parse(if_number(function, "close", "20")), calm(3, CUT_BARS, 9)
    assert bits(cut(formula, fields, [1, CUT_BARS // 3])) == bits(evaluate(formula, fields))


def test_matrices_that_are_filled_anew_show_nothing_of_what_they_held() -> None:
    fields, spare = calm(4, 600, 9), list[np.ndarray]()
    inner = [if_number(function, "close / delay(open, 3)", "11") for function in FUNCTIONS]
    for written in [*inner, *(f"tmean({one}, 5) - delay(cs_pct({one}), 2) * 0.5" for one in inner)]:
        found = evaluate(parse(written), fields, spare)
        assert bits(found) == bits(evaluate(parse(written), fields))
        spare.append(found)
    assert len(spare) < 10


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_by_itself(function: str) -> None:
    formula = parse(if_number(function, "close - open", "5"))
    for seed in range(5):
        fields = panel(seed, 120, 4)
        found = evaluate(formula, fields)
        assert bits(found) == bits(streamed(formula, fields))
        assert np.isfinite(found).sum() > 20, "a function that is all missing here shows nothing"


@settings(max_examples=60, deadline=None)
@given(FORMULAS, st.integers(0, 10_000), st.lists(st.integers(0, 560), max_size=3))
def test_a_stream_goes_on_wherever_it_is_cut(formula: Node, seed: int, cuts: list[int]) -> None:
    """Beyond two anchors, split anywhere, each piece by a new stream from the state of the last."""
    fields = panel(seed, 560, 2)
    assert bits(cut(formula, fields, cuts)) == bits(evaluate(formula, fields))


@settings(max_examples=15, deadline=None)
@given(st.data(), st.integers(0, 10_000), st.integers(1, 10))
def test_long_windows_over_calm_prices_cut_anywhere(data: st.DataObject, seed: int, symbols: int) -> None:
    formula = data.draw(long_formulas())
    cuts = data.draw(st.lists(st.integers(0, CUT_BARS), max_size=3))
    fields = calm(seed, CUT_BARS, symbols)
    assert bits(cut(formula, fields, cuts)) == bits(evaluate(formula, fields))


@pytest.mark.parametrize("function", WINDOWED)
def test_windows_across_anchors(function: str) -> None:
    wild, tame = panel(1, 560, 3), walk(1, 560, 3)
    for bars, fields in ((1, wild), (2, tame), (20, wild), (256, tame), (300, tame)):
        formula = parse(if_number(function, "close", str(bars)))
        assert bits(evaluate(formula, fields)) == bits(streamed(formula, fields))


@pytest.mark.parametrize(
    "formula", ["tsum(tstd(ret, 20), 60)", "ema(close, 2520)", "tmean(close, 200)", "cs_z(delay(close, 250))"]
)
def test_long_windows(formula: str) -> None:
    rng = np.random.default_rng(1)
    fields = {name: 100.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (400, 3)), axis=0) for name in FIELDS}
    found = evaluate(parse(formula), fields)
    assert np.isfinite(found[-1]).all()
    assert bits(found) == bits(streamed(parse(formula), fields))


CLOSE = [1.0, 2.0, 4.0, np.nan, 3.0, 3.0, 3.0]
N = np.nan


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("delay(close, 2)", [N, N, 1.0, 2.0, 4.0, N, 3.0]),
        ("delay(close, 0)", CLOSE),
        ("delta(close, 1)", [N, 1.0, 2.0, N, N, 0.0, 0.0]),
        ("tsum(close, 2)", [N, 3.0, 6.0, N, N, 6.0, 6.0]),
        ("tmean(close, 2)", [N, 1.5, 3.0, N, N, 3.0, 3.0]),
        ("tstd(close, 2)", [N, np.sqrt(0.5), np.sqrt(2.0), N, N, 0.0, 0.0]),
        ("tmin(close, 2)", [N, 1.0, 2.0, N, N, 3.0, 3.0]),
        ("tmax(close, 2)", [N, 2.0, 4.0, N, N, 3.0, 3.0]),
        ("ema(close, 3)", [1.0, 1.5, 2.75, 2.75, 2.875, 2.9375, 2.96875]),
        ("clip(close, 1.5, 3.5)", [1.5, 2.0, 3.5, N, 3.0, 3.0, 3.0]),
        ("sign(close - 2)", [-1.0, 0.0, 1.0, N, 1.0, 1.0, 1.0]),
        ("abs(1 - close)", [0.0, 1.0, 3.0, N, 2.0, 2.0, 2.0]),
        ("if_else(close >= 3, 1, -1)", [-1.0, -1.0, 1.0, N, 1.0, 1.0, 1.0]),
        ("ret", [N, 1.0, 1.0, N, N, 0.0, 0.0]),
        ("cs_rank(close)", [0.0, 0.0, 0.0, N, 0.0, 0.0, 0.0]),
        ("-close * 2 + 10 / (4 - 2)", [3.0, 1.0, -3.0, N, -1.0, -1.0, -1.0]),
    ],
)
def test_hand_counted_values(formula: str, expected: list[float]) -> None:
    fields = {name: np.array(CLOSE).reshape(-1, 1) for name in FIELDS}
    for found in (evaluate(parse(formula), fields), streamed(parse(formula), fields)):
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("mark", "holds"), [("<", "ynn"), ("<=", "yyn"), (">", "nny"), (">=", "nyy"), ("==", "nyn"), ("!=", "yny")]
)
def test_comparisons_are_unknown_where_an_operand_is(mark: str, holds: str) -> None:
    fields = {name: np.array([[1.0], [2.0], [3.0], [N]]) for name in FIELDS}
    expected = [*({"y": 1.0, "n": -1.0}[letter] for letter in holds), N]
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(mark, mark)
    for condition in (f"close {mark} 2", f"2 {turned} close"):
        np.testing.assert_array_equal(evaluate(parse(f"if_else({condition}, 1, -1)"), fields)[:, 0], expected)


def test_cross_sections_by_hand() -> None:
    fields = {name: np.array([[5.0, N, -1.0, 5.0], [1.0, 2.0, 3.0, N]]) for name in FIELDS}
    np.testing.assert_allclose(evaluate(parse("cs_rank(close)"), fields), [[0.5, N, -1.0, 0.5], [-1.0, 0.0, 1.0, N]])
    np.testing.assert_allclose(evaluate(parse("cs_z(close)"), fields)[1], [-1.0, 0.0, 1.0, N])


def test_the_future_is_not_seen() -> None:
    now, later = panel(7, 60, 4), panel(7, 60, 4)
    for values in later.values():
        values[40:] = values[40:] * 3.0 + 1.0
    for function in FUNCTIONS:
        formula = parse(if_number(function, "close", "3"))
        assert bits(evaluate(formula, now)[:40]) == bits(evaluate(formula, later)[:40])


def test_the_stream_keeps_no_more_than_its_windows() -> None:
    symbols = 1_000
    bar = {name: np.ones(symbols) for name in FIELDS}
    row_bytes = bar["close"].nbytes
    tracemalloc.start()
    stream = Stream(parse("tmean(close, 50) - delay(open, 20)"), symbols)

    def kept_after(bars: int) -> int:
        for _ in range(bars):
            stream.push(bar)
        return tracemalloc.get_traced_memory()[0]

    full, later = kept_after(60), kept_after(300)
    tracemalloc.stop()
    assert 60 * row_bytes < full < 80 * row_bytes, "it keeps 50 + 21 rows"
    assert later < full + row_bytes, "and no more, however long it runs"
