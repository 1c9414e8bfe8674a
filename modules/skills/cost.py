"""What fills cost beyond their price: `cost` skills take cost_bps and declare the numbers of a model.

Why numbers and no function of a fill: the compiled engine pays them inside its loop, so a skill names a model.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modules.skills.registry import skill

F64 = NDArray[np.float64]


class FillCost(NamedTuple):
    """A model of what a fill costs, in the account currency: `value_bps` hundredths of a per cent of its value."""

    value_bps: float


def fill_cost_usd(model: FillCost, quantity: F64, price: F64) -> F64:
    """The cost of each fill, buys and sells alike; never negative."""
    return np.abs(quantity * price) * model.value_bps / 1e4


@skill("cost", version=2)
def bps_cost(cost_bps: float) -> FillCost:
    """`cost_bps` hundredths of a per cent of the traded value."""
    return FillCost(value_bps=cost_bps)
