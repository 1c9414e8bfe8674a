"""Operators that look at one bar of one symbol only; a truth is 1.0, 0.0, or NaN where an operand is NaN."""

import operator
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kernels.ordered import log, log1p, power

F64 = NDArray[np.float64]


def _compared(compare: Callable[[F64, F64], NDArray[np.bool_]]) -> Callable[[F64, F64], F64]:
    def judged(left: F64, right: F64) -> F64:
        return np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right))

    return judged


def _clip(values: F64, low: float, high: float) -> F64:
    # Which of two zeros is larger depends on the processor; adding +0.0 leaves one zero.
    return np.minimum(np.maximum(values, low), high) + 0.0


def _smaller(left: F64, right: F64) -> F64:
    return np.minimum(left + 0.0, right + 0.0)


def _larger(left: F64, right: F64) -> F64:
    return np.maximum(left + 0.0, right + 0.0)


def _if_else(condition: F64, yes: F64, no: F64) -> F64:
    return np.where(np.isnan(condition), np.nan, np.where(condition == 1.0, yes, no))


def _signed_power(values: F64, exponent: float) -> F64:
    return np.copysign(power(np.abs(values), exponent), values)


ELEMENTWISE: dict[str, Callable[..., F64]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "neg": np.negative,
    "<": _compared(operator.lt), "<=": _compared(operator.le), ">": _compared(operator.gt),
    ">=": _compared(operator.ge), "==": _compared(operator.eq), "!=": _compared(operator.ne),
    "and": lambda left, right: left * right, "or": _larger, "not": lambda truth: 1.0 - truth,
    "clip": _clip, "sign": lambda values: np.sign(values) + 0.0, "abs": np.abs, "if_else": _if_else,
    "min": _smaller, "max": _larger, "sqrt": np.sqrt, "log": log, "log1p": log1p, "signed_power": _signed_power,
}  # fmt: skip
