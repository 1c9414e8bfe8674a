"""When a strategy decides: the `schedule` skills. Each takes ascending distinct stamps (int64 UTC ns) and gives a mask.

A bar decides when its period differs from the period of the bar before: that is known when the bar is seen, whereas
"the last bar of the month" is known only afterwards. The first bar of the data decides.
"""

import numpy as np
from numpy.typing import NDArray

from modules.skills.registry import skill

_DAY_NS = 86_400_000_000_000


def _starts(period: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.diff(period, prepend=period[:1] - 1) != 0


@skill("schedule", version=1)
def every_bar(ts_event: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Every bar decides."""
    return np.ones(len(ts_event), dtype=np.bool_)


@skill("schedule", version=1)
def daily(ts_event: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The first bar of each UTC day decides."""
    return _starts(ts_event // _DAY_NS)


@skill("schedule", version=1)
def weekly(ts_event: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The first bar of each week decides; weeks start on Monday, 00:00 UTC."""
    # 1970-01-01 was a Thursday, three days into its week.
    return _starts((ts_event // _DAY_NS + 3) // 7)


@skill("schedule", version=1)
def monthly(ts_event: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The first bar of each UTC calendar month decides."""
    return _starts(ts_event.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64))
