"""A formula over a whole panel at once: (T, S) matrices in, one (T, S) matrix out.

Each step runs over the whole matrix, sums in vector lanes across symbols; nothing here goes bar by bar through the
formula as `kernels.alpha.streaming` does. docs/alpha.md says what both must give.
"""

from collections.abc import Callable, Mapping

import numpy as np

from kernels.alpha import clib, orders, windows
from kernels.alpha.elementwise import ELEMENTWISE, F64
from kernels.alpha.language import Node
from kernels.alpha.program import Step, compiled
from kernels.cross_section import centred_rank, neutralised, share_rank, unit_size, zscore
from kernels.ordered import lag, rolling_max, rolling_min

# What looks along time or across symbols and so needs whole matrices, also of a number.
_ALONG: dict[str, Callable[..., F64]] = {
    "delay": lag,
    "delta": lambda x, bars: x - lag(x, bars),
    "tsum": lambda x, bars: windows.running_sum(x, bars, 1.0),
    "tmean": lambda x, bars: windows.running_sum(x, bars, float(bars)),
    "tstd": windows.running_std,
    "tcov": lambda x, y, bars: windows.running_pair(x, y, bars, 0),
    "tcorr": lambda x, y, bars: windows.running_pair(x, y, bars, 1),
    "decay_linear": lambda x, bars: windows.running_weighted(x, bars, 0),
    "tslope": lambda x, bars: windows.running_weighted(x, bars, 1),
    "tmin": rolling_min,
    "tmax": rolling_max,
    "targmin": lambda x, bars: orders.place_in_window(x, bars, -1.0),
    "targmax": lambda x, bars: orders.place_in_window(x, bars, 1.0),
    "trank": orders.rank_in_window,
    "ema": orders.exponential_mean,
    "cs_rank": centred_rank,
    "cs_pct": share_rank,
    "cs_z": zscore,
    "cs_scale": unit_size,
    "neutralise": neutralised,
}


# The same C functions without Python between the values.
_FAST: dict[str, Callable[..., F64]] = {"log": clib.log, "log1p": clib.log1p, "signed_power": clib.signed_power}


def _value(step: Step, inputs: list[F64], fields: Mapping[str, F64], shape: tuple[int, ...]) -> F64:
    if step.function == "number":
        return np.array(step.constants[0])
    if step.function == "field":
        return np.zeros(()) if step.name == "market" else fields[step.name]
    if step.function in _ALONG:
        whole = [np.ascontiguousarray(np.broadcast_to(matrix, shape)) for matrix in inputs]
        return _ALONG[step.function](*whole, *step.constants)
    if step.function in _FAST:
        return _FAST[step.function](np.asarray(inputs[0]), *step.constants)
    return np.asarray(ELEMENTWISE[step.function](*inputs, *step.constants))


def evaluate(formula: Node, fields: Mapping[str, F64]) -> F64:
    """The formula at every bar of every symbol; `fields` maps each field to its (T, S) matrix, NaN where no bar is.

    Row 0 must be the panel's first bar: running sums start again at absolute bars.
    Raises FormulaError for a field that `fields` lacks and for a free parameter without a value.
    """
    steps = compiled(formula, tuple(fields))
    shape = next(iter(fields.values())).shape
    last_use = {place: number for number, step in enumerate(steps) for place in step.inputs}
    kept: dict[int, F64] = {}
    with np.errstate(all="ignore"):
        for number, step in enumerate(steps):
            kept[number] = _value(step, [kept[place] for place in step.inputs], fields, shape)
            for place in set(step.inputs):
                if last_use[place] == number:
                    del kept[place]
    return np.broadcast_to(kept[len(steps) - 1], shape).astype(np.float64)
