"""A formula of the alpha language in pandas, each function in pandas' own best documented way.

Windows by `rolling`, what rolling lacks by `rolling.apply(raw=True, engine="numba")`, ranks across symbols by
`rank(axis=1, pct=True)`. Equal parts are computed once, as in ours: of one formula, or of all formulas of a set.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kernels.alpha.language import Node
from kernels.alpha.program import Step, compiled
from kernels.alpha.together import numbered


def _place_of_largest(window: Any) -> float:
    return np.argmax(window) + 1.0


def _place_of_smallest(window: Any) -> float:
    return np.argmin(window) + 1.0


def _decay(window: Any) -> float:
    total, weights = 0.0, 0.0
    for place in range(len(window)):
        total += (place + 1.0) * window[place]
        weights += place + 1.0
    return total / weights


def _applied(x: pd.DataFrame, bars: int, fold: Callable[[Any], float]) -> pd.DataFrame:
    return x.rolling(bars).apply(fold, raw=True, engine="numba")


def _signed_power(x: pd.DataFrame, exponent: float) -> pd.DataFrame:
    return x.abs() ** exponent * np.sign(x)


def _smaller(x: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    return x.where(x < y, y).where(x.notna())


def _larger(x: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    return x.where(x > y, y).where(x.notna())


def _neutralise(x: pd.DataFrame, group: pd.DataFrame) -> pd.DataFrame:
    # The groups of this panel never change, so that pandas may group its columns once.
    return x - x.T.groupby(group.iloc[0]).transform("mean").T


_WAYS: dict[str, Callable[..., Any]] = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
    "neg": lambda x: -x, "<": lambda x, y: x < y, "<=": lambda x, y: x <= y, "abs": lambda x: x.abs(),
    "sign": np.sign, "log": np.log, "sqrt": np.sqrt, "signed_power": _signed_power, "min": _smaller,
    "max": _larger,
    "delay": lambda x, n: x.shift(n), "delta": lambda x, n: x.diff(n),
    "tsum": lambda x, n: x.rolling(n).sum(), "tmean": lambda x, n: x.rolling(n).mean(),
    "tstd": lambda x, n: x.rolling(n).std(), "tmin": lambda x, n: x.rolling(n).min(),
    "tmax": lambda x, n: x.rolling(n).max(), "trank": lambda x, n: x.rolling(n).rank(pct=True),
    "tcorr": lambda x, y, n: x.rolling(n).corr(y), "tcov": lambda x, y, n: x.rolling(n).cov(y),
    "targmin": lambda x, n: _applied(x, n, _place_of_smallest),
    "targmax": lambda x, n: _applied(x, n, _place_of_largest),
    "decay_linear": lambda x, n: _applied(x, n, _decay),
    "cs_pct": lambda x: x.rank(axis=1, pct=True), "cs_scale": lambda x: x.div(x.abs().sum(axis=1), axis=0),
    "neutralise": _neutralise,
}  # fmt: skip


def _if_else(condition: pd.DataFrame, yes: Any, no: Any) -> pd.DataFrame:
    like = condition.astype(float)
    return (like * 0.0 + yes).where(condition, no)


def _value(step: Step, inputs: list[Any], fields: Mapping[str, pd.DataFrame]) -> Any:
    if step.function == "number":
        return step.constants[0]
    if step.function == "field":
        return fields[step.name]
    if step.function == "if_else":
        return _if_else(*inputs)
    return _WAYS[step.function](*inputs, *step.constants)


def evaluated(formula: Node, fields: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The formula at every bar (row) of every symbol (column)."""
    values: list[Any] = []
    with np.errstate(all="ignore"):
        for step in compiled(formula, tuple(fields)):
            values.append(_value(step, [values[place] for place in step.inputs], fields))
    return values[-1]


def evaluated_set(formulas: Sequence[Node], fields: Mapping[str, pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Each formula in turn; what several need is computed once and kept until the last of them has it."""
    programs = [compiled(formula, tuple(fields)) for formula in formulas]
    names = numbered(programs)
    last_use = {name: number for number, own in enumerate(names) for name in own}
    values: dict[int, Any] = {}
    for number, (program, own) in enumerate(zip(programs, names, strict=True)):
        with np.errstate(all="ignore"):
            for step, name in zip(program, own, strict=True):
                if name not in values:
                    values[name] = _value(step, [values[own[place]] for place in step.inputs], fields)
        yield values[own[-1]]
        for name in [name for name in values if last_use[name] == number]:
            del values[name]
