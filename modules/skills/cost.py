"""What fills cost beyond their price, in the account currency: `cost` skills take (quantity, price, cost_bps)."""

import numpy as np
from numpy.typing import NDArray

from modules.skills.registry import skill


@skill("cost", version=1)
def bps_cost(quantity: NDArray[np.float64], price: NDArray[np.float64], cost_bps: float) -> NDArray[np.float64]:
    """`cost_bps` hundredths of a per cent of the traded value, buys and sells alike; never negative."""
    return np.abs(quantity * price) * cost_bps / 1e4
