"""How the loop does, in figures: what it accepts, how much of that is chance, how fast it is, and what it was worth."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cws.ablation.shipping import standing
from cws.ablation.told import batch_rows
from cws.gate.batch import FDR
from cws.gate.placebo import Rate, exact_rate
from cws.house import House
from kernels.ordered import F64, ordered_mean

I64 = NDArray[np.int64]
WEEK_NS, WEEKS, HOUR_S = 7 * 86_400_000_000_000, 8, 3600.0
# A longer pause between two verdicts is a night, not work.
LONGEST_WORK_S = 120.0


@dataclass(frozen=True)
class Worth:
    """A shipped verdict's yearly effect as measured, a share of equity, and shrunk towards zero."""

    module: str
    verdict: str
    annual_effect: float
    shrunk: float


@dataclass(frozen=True)
class Figures:
    """`accepted` of `decided` real patches went to shadow or shipped; rates are None while there is nothing to count.

    `ablations_by_week` are verdicts of the last WEEKS times seven days, oldest first. `false_ships` estimates
    which share of what was accepted is chance; the procedures promise `nominal_fdr`.
    """

    decided: int
    accepted: int
    acceptance: Rate | None
    placebos: int
    placebo_ships: int
    placebo_rate: Rate | None
    false_ships: Rate | None
    nominal_fdr: float
    ablations_last_week: int
    ablations_by_week: tuple[int, ...]
    ablations_per_hour: float | None
    power: dict[str, float]
    worth: tuple[Worth, ...]
    value_shipped: float


def figures(house: House, now_ns: int) -> Figures:
    """From the ledger and the gate's own table alone. Raises what reading them raises."""
    rows = batch_rows(house)
    real, placebo = rows[~rows["placebo"]], rows[rows["placebo"]]
    accepted = int((real["outcome"] != "reject").sum())
    ships = int((placebo["outcome"] != "reject").sum())
    rate = exact_rate(ships, len(placebo)) if len(placebo) else None
    stamps = np.array([e.ts_ns for e in house.ledger.entries("verdict")], dtype=np.int64)
    shipped = {str(entry.body["verdict"]) for entry in standing(house).values()}
    worth = tuple(one for one in shrunk(real) if one.verdict in shipped)
    return Figures(
        decided=len(real),
        accepted=accepted,
        acceptance=exact_rate(accepted, len(real)) if len(real) else None,
        placebos=len(placebo),
        placebo_ships=ships,
        placebo_rate=rate,
        false_ships=false_ships(rate, int(real["batch_p"].notna().sum()), accepted),
        nominal_fdr=FDR,
        ablations_last_week=by_week(stamps, now_ns)[-1],
        ablations_by_week=by_week(stamps, now_ns),
        ablations_per_hour=per_hour(stamps),
        power=_power(house),
        worth=worth,
        value_shipped=float(sum(one.shrunk for one in worth)),
    )


def false_ships(placebo_rate: Rate | None, able: int, accepted: int) -> Rate | None:
    """The share of accepted patches that chance alone would give: placebos' rate x patches with a p-value / accepted.

    As if no patch were better (Storey's pi_0 = 1), so rather too high than too low; the interval is the placebo rate's
    exact one, scaled. None while nothing was accepted or no placebo ran.
    """
    if placebo_rate is None or not accepted:
        return None
    scale = able / accepted
    share, low, high = (min(1.0, value * scale) for value in (placebo_rate.share, placebo_rate.low, placebo_rate.high))
    return replace(placebo_rate, share=share, low=low, high=high)


def by_week(stamps_ns: I64, now_ns: int) -> tuple[int, ...]:
    """How many stamps lie in each of the last WEEKS times seven days before now, oldest first."""
    ago = (now_ns - stamps_ns) // WEEK_NS
    return tuple(int((ago == back).sum()) for back in reversed(range(WEEKS)))


def per_hour(stamps_ns: I64) -> float | None:
    """Verdicts an hour while work goes on: pauses above LONGEST_WORK_S are left out; None below two verdicts."""
    gaps_s = np.diff(stamps_ns) / 1e9
    worked = gaps_s[gaps_s <= LONGEST_WORK_S]
    busy_s = float(np.cumsum(worked)[-1]) if len(worked) else 0.0
    return len(worked) / busy_s * HOUR_S if busy_s > 0.0 else None


def factors(effects: F64, errors: F64) -> F64:
    """What to multiply each measured effect by: tau^2 / (tau^2 + s_i^2), tau^2 = max(0, mean(x_i^2 - s_i^2)).

    The empirical-Bayes estimate under x_i ~ N(theta_i, s_i^2), theta_i ~ N(0, tau^2) (Efron & Morris 1973, the
    James-Stein rule for unequal variances). All tested patches give tau, not only the shipped ones, so that picking
    the best of them does not flatter it (Efron 2011).
    """
    if not len(effects):
        return np.empty(0)
    tau2 = max(0.0, ordered_mean(effects * effects - errors * errors))
    return tau2 / (tau2 + errors * errors)


def shrunk(real: pd.DataFrame) -> list[Worth]:
    """Every tested patch's yearly effect, measured and shrunk; those without a standard error are left out."""
    tested = real[real["standard_error"].notna() & (real["standard_error"] > 0.0)]
    by = factors(tested["effect"].to_numpy(), tested["standard_error"].to_numpy())
    columns = (tested[name].tolist() for name in ("module", "id", "annual_effect"))
    return [
        Worth(module, verdict, effect, effect * factor)
        for module, verdict, effect, factor in zip(*columns, by.tolist(), strict=True)
    ]


def _power(house: House) -> dict[str, float]:
    """Power by the last certificate that held, of full counts if there is one; empty when none held in this home."""
    held: list[Any] = [entry.body for entry in house.ledger.entries("certificate") if entry.body["passed"]]
    best = sorted(held, key=lambda body: body.get("counts") == "full")[-1:]
    found: dict[str, float | None] = best[0]["figures"] if best else {}
    return {name: value for name, value in found.items() if name.startswith("power") and value is not None}
