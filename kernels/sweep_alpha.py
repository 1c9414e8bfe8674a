"""A formula's values as what lanes compare: one column a distinct assignment of its parameters, for all symbols.

The account is long while the value has risen above `enter` and not come back to `exit`, on the other side while it has
fallen below -`enter` and not come back to -`exit`; a missing value decides nothing. That is reversion in the value's
negative, so no kernel needs a rule more.
"""

import numpy as np

from kernels.alpha.assigned import Assigned
from kernels.sweep_inputs import F64, I64, Lanes

DECIDES = "z_reversion"
# What a grid gives beside the formula's own parameters.
THRESHOLDS = ("enter", "exit")


def _distinct(sets: F64) -> tuple[F64, I64]:
    """(parameters, A) distinct columns in lexical order, and the place of each set's own among them."""
    if not len(sets):
        return np.empty((0, 1)), np.zeros(sets.shape[1], dtype=np.int64)
    # Sets of one assignment stand in a row: sorting one of each row is cheap.
    new = np.concatenate([[True], (sets[:, 1:] != sets[:, :-1]).any(axis=0)])
    found, place = np.unique(sets[:, new], axis=1, return_inverse=True)
    return found, place.reshape(-1).astype(np.int64)[np.cumsum(new) - 1]


def alpha_features(formula: Assigned, names: tuple[str, ...], sets: F64) -> tuple[F64, Lanes]:
    """(S, T, A) features and the lanes of all symbols; `sets` has the rows of `names`, then enter and exit.

    Raises FormulaError for an assignment that the formula cannot take.
    """
    assignments, place = _distinct(sets[: len(names)])
    columns: F64 | None = None
    for number, values in enumerate(assignments.T):
        value = formula.at(dict(zip(names, values.tolist(), strict=True)))
        if columns is None:
            columns = np.empty((*value.T.shape, assignments.shape[1]))
        np.negative(value.T, out=columns[:, :, number])
    assert columns is not None, "a sweep has at least one set"
    enter, leave = sets[len(names) :]
    return columns, Lanes(place, place, leave.copy(), enter.copy())
