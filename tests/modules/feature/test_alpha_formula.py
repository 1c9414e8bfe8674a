"""A wrong formula is refused with a code when it is bound, and a formula is the module it imitates."""

import numpy as np
import pytest

from modules.errors import CwsError
from modules.examples import bars_example
from modules.formula import RULED
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import BARS
from modules.values import make_table


@pytest.mark.parametrize(
    ("formula", "code", "where", "fix"),
    [
        ("close +", "CWS-ALPHA-001", "formula, character 8", "write a number, a field or a function"),
        ("cs_rank(clsoe)", "CWS-ALPHA-002", "formula, character 9", "did you mean 'close'?"),
        ("delay(close, -1)", "CWS-ALPHA-003", "formula, character 14", "write a whole number from 0 to 2520"),
        ("1e999", "CWS-ALPHA-004", "formula, character 1", "use a smaller number"),
        ("(" * 60 + "close" + ")" * 60, "CWS-ALPHA-004", "formula, character 50", "use fewer levels or terms"),
        ("+".join(["tsum(close, 2500)"] * 11), "CWS-ALPHA-004", "formula, character 1", "use shorter or fewer windows"),
        (
            "neutralise(close, sector)",
            "CWS-ALPHA-005",
            "formula, character 19",
            "this panel has close, high, low, open, volume" + RULED,
        ),
        (
            "vwap - close",
            "CWS-ALPHA-005",
            "formula, character 1",
            "this panel has close, high, low, open, volume" + RULED,
        ),
        ("close * $k", "CWS-ALPHA-006", "formula, character 9", "give it one; given: none"),
    ],
)
def test_a_wrong_formula_is_refused_before_any_run(formula: str, code: str, where: str, fix: str) -> None:
    with pytest.raises(CwsError) as refusal:
        bind(load("alpha_formula"), {"formula": formula})
    assert (refusal.value.code, refusal.value.where, refusal.value.fix) == (code, where, fix)


def value(name: str, **settings: object) -> np.ndarray:
    bars = make_table(bars_example(np.random.default_rng(11)), BARS, "test")
    outcome = run(bind(load(name), settings), {"bars": bars})
    assert outcome.failure is None and outcome.trace.failed_checks == [], outcome.trace
    return next(iter(outcome.outputs.values())).frame["value"].to_numpy()


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("returns", "ret"),
        ("reversal_5d", "-(close / delay(close, 5) - 1)"),
        ("momentum_12_1", "delay(close, 21) / delay(close, 252) - 1"),
    ],
)
def test_a_formula_gives_the_bits_of_the_module_it_writes(name: str, formula: str) -> None:
    # The example's symbols miss no bar once they are listed, so the grid and each symbol's own bars agree.
    assert value("alpha_formula", formula=formula).tobytes() == value(name).tobytes()


def test_running_means_agree_with_the_module_that_adds_each_window_anew() -> None:
    found = value("alpha_formula", formula="tmean(close, 50) / tmean(close, 200) - 1")
    np.testing.assert_allclose(found, value("ma_cross"), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "formula", ["1", "tmin(low, 2520)", "ema(cs_z(ret), 20)", "if_else(volume > tmean(volume, 20), ret, -ret)"]
)
def test_formulas_of_every_kind_pass_their_checks(formula: str) -> None:
    assert len(value("alpha_formula", formula=formula)) > 0
