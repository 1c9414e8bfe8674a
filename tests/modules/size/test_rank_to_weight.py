"""Hand-computed ranks, and the calendars of the schedule skills."""

import numpy as np
import pandas as pd
import pytest

from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.skills.registry import skills_of_kind
from modules.tables import SIGNAL
from modules.values import make_table


def _stamps(*dates: str) -> np.ndarray:
    return np.array([pd.Timestamp(date, tz="UTC").value for date in dates], dtype=np.int64)


def _signal(dates: list[str], **values: list[float]) -> pd.DataFrame:
    stamps = _stamps(*dates)
    frames = [
        pd.DataFrame({"ts_event": stamps, "ts_avail": stamps, "symbol": [symbol] * len(stamps), "value": numbers})
        for symbol, numbers in values.items()
    ]
    return pd.concat(frames, ignore_index=True).astype({"value": "float64"})


def _weights(signal: pd.DataFrame, gross: float, schedule: str) -> pd.DataFrame:
    outcome = run(
        bind(load("rank_to_weight"), {"gross": gross}, {"schedule": schedule}),
        {"signal": make_table(signal, SIGNAL, "t")},
    )
    assert outcome.failure is None, outcome.trace.error
    assert outcome.trace.failed_checks == []
    return outcome.outputs["weights"].frame.pivot(index="ts_event", columns="symbol", values="weight")


def test_ranks_by_hand() -> None:
    nan = float("nan")
    signal = _signal(["2024-01-02", "2024-01-03"], A=[5.0, nan], B=[-1.0, 2.0], C=[5.0, 2.0], D=[9.0, nan])
    found = _weights(signal, 2.0, "every_bar").to_numpy()
    # Bar 1: ranks 2.5 1 2.5 4, middle 2.5, so 0 -1.5 0 1.5, sizes 3. Bar 2: B and C tie, A and D are unknown.
    assert found[0].tolist() == [0.0, -1.0, 0.0, 1.0]
    assert found[1].tolist() == [0.0, 0.0, 0.0, 0.0]


def test_only_the_first_bar_of_a_week_decides() -> None:
    signal = _signal(["2024-01-05", "2024-01-07", "2024-01-08", "2024-01-09"], A=[1.0] * 4, B=[2.0] * 4)
    found = _weights(signal, 1.0, "weekly")
    assert found.isna().all(axis=1).tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("every_bar", [1, 1, 1, 1, 1, 1]),
        ("daily", [1, 0, 1, 1, 1, 1]),
        ("weekly", [1, 0, 0, 1, 0, 1]),
        ("monthly", [1, 0, 0, 0, 1, 0]),
    ],
)
def test_schedules_see_only_the_past(schedule: str, expected: list[int]) -> None:
    # Sunday 2023-01-29 lies before the new week, 2023-02-01 is a Wednesday, 2023-02-06 a Monday.
    stamps = _stamps(
        "2023-01-28 10:00", "2023-01-28 11:00", "2023-01-29 23:59", "2023-01-30", "2023-02-01", "2023-02-06"
    )
    decide = skills_of_kind("schedule")[schedule].function
    assert decide(stamps).astype(int).tolist() == expected
    for end in range(len(stamps) + 1):
        assert decide(stamps[:end]).tolist() == decide(stamps)[:end].tolist()
