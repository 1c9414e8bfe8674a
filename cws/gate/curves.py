"""What docs/gate.png shows: sizes over levels, power over effects."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cws.gate.p_value import mean_tests
from cws.gate.rules import p_values
from cws.gate.size_table import Cell, series
from kernels.cpu.tails import t_upper
from kernels.ordered import F64

LEVELS = np.array([10.0 ** (-k / 4.0) for k in range(4, 17)])
EFFECTS = np.arange(0.0, 0.825, 0.025)
SIZE_SERIES, POWER_SERIES, CHUNK = 200_000, 4_000, 10_000
# As good as the normal distribution.
NORMAL_FREEDOM = 1e7
SIZED = (
    Cell(64, 1, "normal sums", SIZE_SERIES),
    Cell(64, 1, "t5 sums", SIZE_SERIES),
    Cell(250, 10, "normal ar", SIZE_SERIES),
    Cell(64, 1, "loss sums", SIZE_SERIES),
)
POWERED = ((64, 1), (250, 1), (250, 5), (250, 10))


@dataclass(frozen=True)
class Curves:
    """`sizes` over LEVELS by name; `power` over EFFECTS (a day's mean over its deviation) at level .01 by name."""

    sizes: Mapping[str, F64]
    power: Mapping[str, F64]


def _customary(rows: F64) -> F64:
    """p-values with the normal tail and without regard for skewness: what the gate does not do."""
    mean = rows.mean(axis=1)
    return t_upper(mean / rows.std(axis=1, ddof=1) * np.sqrt(rows.shape[1]), NORMAL_FREEDOM)


def _share_below(p: F64) -> F64:
    return np.searchsorted(np.sort(p), LEVELS, side="right") / p.size


def _sizes(rng: np.random.Generator) -> dict[str, F64]:
    out: dict[str, F64] = {}
    for cell in SIZED:
        law = cell.law.removesuffix(" sums") if cell.horizon_days == 1 else cell.law
        name = f"T={cell.days} L={cell.horizon_days} {law}"
        chunks = [series(rng, cell, CHUNK) for _ in range(cell.tries // CHUNK)]
        out[name] = _share_below(np.concatenate([p_values(rows, cell.horizon_days) for rows in chunks]))
        if cell in (SIZED[0], SIZED[-1]):
            out[f"normal tail, {name}"] = _share_below(np.concatenate([_customary(rows) for rows in chunks]))
    return out


def _power(rng: np.random.Generator) -> dict[str, F64]:
    out: dict[str, F64] = {}
    for days, horizon in POWERED:
        rows = rng.standard_normal((POWER_SERIES, days))
        shipped = [(mean_tests(effect + rows, horizon).p <= 0.01).mean() for effect in EFFECTS.tolist()]
        out[f"T={days}, declared L={horizon}"] = np.array(shipped)
    return out


def curves(seed: int) -> Curves:
    """Simulated anew, some seconds."""
    rng = np.random.default_rng(seed)
    return Curves(_sizes(rng), _power(rng))
