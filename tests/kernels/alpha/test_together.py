"""A set of formulas has the bits of each formula alone, shares equal parts, and keeps no more than it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from same_bytes import same_bytes

from cws.known_alphas import known_alphas
from kernels.alpha import batch, together
from kernels.alpha.batch import evaluate
from kernels.alpha.language import FIELDS, FormulaError
from kernels.alpha.parse import parse
from kernels.alpha.together import evaluate_set

FORMULAS = [parse(alpha.formula) for alpha in known_alphas(ROOT / "strategies").values()]
BARS, SYMBOLS = 60, 9
MATRIX_BYTES = 8 * BARS * SYMBOLS


def panel(seed: int = 1, bars: int = BARS, symbols: int = SYMBOLS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    fields = {name: 50.0 + rng.normal(size=(bars, symbols)).cumsum(axis=0) for name in FIELDS}
    fields["close"][rng.random((bars, symbols)) < 0.02] = np.nan
    fields["sector"] = np.broadcast_to(np.arange(symbols) % 3.0, (bars, symbols)).copy()
    return fields


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(FORMULAS), max_size=12), st.sampled_from([0, 1, 2, 5, 1_000]), st.integers(0, 99))
def test_a_set_has_the_bits_of_each_formula_alone(formulas: list, most: int, seed: int) -> None:
    """Whatever the order, the limit and the repetitions; results that are written into disturb no later one."""
    fields, spare = panel(seed), list[np.ndarray]()
    before = {name: values.copy() for name, values in fields.items()}
    found = []
    for values in evaluate_set(formulas, fields, spare, most * MATRIX_BYTES + MATRIX_BYTES // 2):
        found.append(values.copy())
        values.fill(7.0)
        spare.append(values)
    assert len(found) == len(formulas)
    for formula, values in zip(formulas, found, strict=True):
        assert same_bytes(values, evaluate(formula, fields))
    assert all(same_bytes(before[name], fields[name]) for name in fields)


def tasks_done(monkeypatch: pytest.MonkeyPatch, formulas: list[str], most_kept_bytes: int) -> list[str]:
    """The functions over whole matrices that ran, in order."""
    done: list[str] = []
    real = batch._Work._prepared

    def counted(work, number, out):
        task = work._plan.tasks[number]
        done.append("tree" if not isinstance(task, int) else work._plan.steps[task].function)
        return real(work, number, out)

    monkeypatch.setattr(batch._Work, "_prepared", counted)
    for _ in evaluate_set([parse(formula) for formula in formulas], panel(), None, most_kept_bytes):
        pass
    return done


SHARING = ["cs_rank(tmean(close, 5)) + 1", "open * 2", "tmean(close, 5) * cs_rank(-(-tmean(close, 5)))"]


def test_equal_parts_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tasks_done(monkeypatch, SHARING, 2 * MATRIX_BYTES) == ["tmean", "cs_rank", "tree", "tree", "tree"]


def test_what_may_not_be_kept_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = ["tmean", "cs_rank", "tree", "tree", "tmean", "cs_rank", "tree"]
    assert tasks_done(monkeypatch, SHARING, MATRIX_BYTES - 1) == alone
    assert len(tasks_done(monkeypatch, SHARING, MATRIX_BYTES)) == 6


@pytest.mark.parametrize("most", [0, 1, 3, 7])
def test_no_more_is_kept_than_said(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    real = together.computed

    def watched(plan, fields, wanted, given, spare):
        # What is kept from before, and what this formula adds to it beside its own value.
        held.append(len(kept_of[0].kept) + len(set(wanted) - set(given) - {len(plan.steps) - 1}))
        return real(plan, fields, wanted, given, spare)

    kept_of: list = []
    made = together._Parts.__init__

    def seen(self, *arguments):
        made(self, *arguments)
        kept_of.append(self)

    monkeypatch.setattr(together, "computed", watched)
    monkeypatch.setattr(together._Parts, "__init__", seen)
    for _ in evaluate_set(FORMULAS, panel(), None, most * MATRIX_BYTES):
        assert len(kept_of[0].kept) <= most
    assert max(held) == most
    assert not kept_of[0].kept, "nothing is needed after the last formula"


def test_zeros_of_two_signs_are_not_one_part() -> None:
    formulas = [parse(f"if_else(close > 50, {zero}, 1)") for zero in ("0", "-0.0")]
    fields = panel()
    for formula, values in zip(formulas, evaluate_set(formulas, fields), strict=True):
        assert same_bytes(values, evaluate(formula, fields))


def test_a_formula_that_is_none_is_refused_before_the_first_is_evaluated() -> None:
    fields = {name: values for name, values in panel().items() if name != "vwap"}
    with pytest.raises(FormulaError, match="vwap"):
        evaluate_set([parse("close"), parse("vwap / close")], fields)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_panels_of_nothing(shape: tuple[int, int]) -> None:
    fields = {name: np.ones(shape) for name in (*FIELDS, "sector")}
    found = list(evaluate_set([*FORMULAS[:3], parse("close")], fields))
    assert [values.shape for values in found] == [shape] * 4
    assert list(evaluate_set([], fields)) == []
