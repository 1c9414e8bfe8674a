"""What docs/alpha.md says may be written parses, and what it says may not is refused."""

import pytest
from places import ROOT

from kernels.alpha.language import FormulaError
from kernels.alpha.parse import parse

PAGE = (ROOT / "docs" / "alpha.md").read_text()


@pytest.mark.parametrize(
    "formula", ["close * $x", "-$x", "ret > $x", "if_else(and(ret > 0, not(close < open)), 1, -1)"]
)
def test_what_may_be_written(formula: str) -> None:
    assert f"`{formula}`" in PAGE
    parse(f"if_else({formula}, 1, 0)" if formula == "ret > $x" else formula)


@pytest.mark.parametrize("formula", ["tmean(x, $n + 1)", "clip(x, -$c, $c)"])
def test_what_may_not(formula: str) -> None:
    assert f"`{formula}`" in PAGE
    with pytest.raises(FormulaError, match="plain number"):
        parse(formula.replace("x", "close"))


@pytest.mark.parametrize("formula", ["ret > 0 and close < open", "not ret > 0"])
def test_conditions_are_joined_by_functions(formula: str) -> None:
    with pytest.raises(FormulaError):
        parse(f"if_else({formula}, 1, 0)")
