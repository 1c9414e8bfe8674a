"""Panels of other tests are smaller than one piece: here the pieces are small, and no bit changes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from same_bytes import same_bytes

from cws.known_alphas import known_alphas
from kernels.alpha import pieces
from kernels.alpha.batch import evaluate
from kernels.alpha.language import FIELDS
from kernels.alpha.parse import parse

KNOWN = [parse(alpha.formula) for alpha in known_alphas(ROOT / "strategies").values()]
# A delay of what the same rows give, groups, a condition, ranks of ranks, and one row that is all missing.
MORE = [
    parse("delay(cs_rank(close - open), 3) + cs_z(delta(cs_pct(volume), 2))"),
    parse("neutralise(log(abs(delay(close * 2, 1))), sector) * cs_scale(if_else(open < close, high, -low))"),
]


def panel(seed: int, bars: int, symbols: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    fields = {name: 50.0 + rng.normal(size=(bars, symbols)).cumsum(axis=0) for name in FIELDS}
    fields["close"][rng.random((bars, symbols)) < 0.05] = np.nan
    fields["open"][bars // 2] = np.nan
    fields["sector"] = np.broadcast_to(np.arange(symbols) % 3.0, (bars, symbols)).copy()
    return fields


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([*KNOWN, *MORE]), st.integers(0, 99), st.integers(1, 10), st.sampled_from([16, 100, 700]))
def test_pieces_of_any_size_have_the_bits_of_the_whole(formula, seed: int, symbols: int, cells: int) -> None:
    fields = panel(seed, 97, symbols)
    whole = evaluate(formula, fields)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "CELLS", cells)
        assert same_bytes(evaluate(formula, fields), whole)


@pytest.mark.parametrize(("bars", "symbols"), [(1, 1), (1, 70_000), (3, 40_000), (1_000, 500), (100_000, 1)])
def test_pieces_hold_every_row_once_and_fill_the_lanes(bars: int, symbols: int) -> None:
    bounds = pieces.row_bounds(bars, symbols)
    assert bounds[0] == 0 and bounds[-1] == bars
    rows = [last - first for first, last in pairwise(bounds)]
    assert min(rows) >= 1
    assert len(rows) == 1 or min(rows) * symbols >= pieces.CELLS // 2


@pytest.mark.parametrize("formula", [KNOWN[0], KNOWN[-1], *MORE], ids=range(4))
@pytest.mark.parametrize("bars", [97, 700])
def test_fields_may_lie_in_memory_as_they_like(formula, bars: int) -> None:
    """Each symbol's bars one after the other, or every second symbol of a wider panel."""
    fields = panel(1, bars, 4)
    whole = evaluate(formula, fields)
    wide = {name: np.repeat(values, 2, axis=1)[:, ::2] for name, values in fields.items()}
    for other in ({name: np.asfortranarray(values) for name, values in fields.items()}, wide):
        for _ in range(20):
            assert same_bytes(evaluate(formula, other), whole)
