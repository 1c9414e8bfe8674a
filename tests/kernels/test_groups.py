"""Means of groups are taken out symbol by symbol, in column order, whether groups change or not."""

import numpy as np
from same_bytes import same_bytes

from kernels.groups import neutralised


def test_groups_that_change_and_groups_that_stay_are_taken_out_alike() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(30, 12))
    values[rng.random(values.shape) < 0.1] = np.nan
    stays = np.broadcast_to(np.array([3.0, 1.0, 1.0, np.nan, 2.0, 5.0] * 2), values.shape).copy()
    moves = stays.copy()
    moves[29, 0], moves[15, 3] = np.nan, 7.0
    for group in (stays, moves):
        expected = values.copy()
        for t in range(len(values)):
            for name in np.unique(group[t][~np.isnan(group[t])]):
                own = (group[t] == name) & ~np.isnan(values[t])
                expected[t, own] -= np.cumsum(values[t, own])[-1] / own.sum() if own.any() else 0.0
            expected[t, np.isnan(group[t])] = np.nan
        assert same_bytes(neutralised(values, group), expected)
