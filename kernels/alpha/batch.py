"""A formula over a whole panel at once: (T, S) matrices in, one (T, S) matrix out."""

from collections.abc import Callable, Mapping

import numpy as np

from kernels.alpha.elementwise import ELEMENTWISE, F64
from kernels.alpha.language import Field, Node, Number
from kernels.cross_section import centred_rank, zscore
from kernels.ordered import ewma, lag, rolling_max, rolling_mean, rolling_min, rolling_std, rolling_sum


def _delta(values: F64, bars: int) -> F64:
    return values - lag(values, bars)


def _ema(values: F64, bars: int) -> F64:
    return ewma(values, 2.0 / (bars + 1))


_FUNCTIONS: dict[str, Callable[..., F64]] = {
    **ELEMENTWISE,
    "delay": lag, "delta": _delta, "tsum": rolling_sum, "tmean": rolling_mean, "tstd": rolling_std,
    "tmin": rolling_min, "tmax": rolling_max, "ema": _ema, "cs_rank": centred_rank, "cs_z": zscore,
}  # fmt: skip


def _value(node: Node, fields: Mapping[str, F64], shape: tuple[int, ...]) -> F64:
    if isinstance(node, Number):
        return np.full(shape, node.value)
    if isinstance(node, Field):
        return fields[node.name]
    arguments = [_value(argument, fields, shape) for argument in node.arguments]
    return _FUNCTIONS[node.function](*arguments, *node.constants)


def evaluate(formula: Node, fields: Mapping[str, F64]) -> F64:
    """The formula at every bar of every symbol; `fields` maps each field to its (T, S) matrix, NaN where no bar is.

    Window functions add their window left to right; a NaN in a window makes it NaN. Cross-sections skip NaN.
    """
    with np.errstate(all="ignore"):
        return _value(formula, fields, next(iter(fields.values())).shape)
