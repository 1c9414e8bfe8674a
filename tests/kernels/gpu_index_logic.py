"""The CUDA versions against the plain loops, on small or large arrays: one line a family, `equal` or `differs`.

A process of its own: numba reads NUMBA_ENABLE_CUDASIM once, when it is imported.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "helpers")]

import numpy as np  # noqa: E402
from same_bytes import same_bytes  # noqa: E402
from sweep_cases import PAID, case  # noqa: E402
from test_panel import outcome  # noqa: E402
from test_panel_accounts import accounts  # noqa: E402

from kernels.alpha.assigned import Assigned  # noqa: E402
from kernels.alpha.parse import parse  # noqa: E402
from kernels.gpu import bootstrap as gpu_bootstrap  # noqa: E402
from kernels.gpu import cross_section as gpu_cross_section  # noqa: E402
from kernels.gpu import panel as gpu_panel  # noqa: E402
from kernels.gpu import rolling as gpu_rolling  # noqa: E402
from kernels.gpu import sweep as gpu_sweep  # noqa: E402
from kernels.reference import bootstrap, cross_section, panel, rolling, sweep  # noqa: E402
from kernels.sweep_alpha import DECIDES, alpha_features  # noqa: E402


def sweeps(bars: int, sets: int) -> bool:
    equal = True
    for number, rule in enumerate(gpu_sweep.RULES):
        given = case(number, bars, sets, PAID, 0.03)
        wild = case(number, bars, sets, PAID, 0.8)
        rows = np.array([sets - 1, 0])
        equal &= same_bytes(gpu_sweep.sweep(rule, *given), sweep.sweep(rule, *given))
        equal &= same_bytes(gpu_sweep.sweep(rule, *wild), sweep.sweep(rule, *wild))
        equal &= same_bytes(gpu_sweep.curves(rule, *given, rows), sweep.curves(rule, *given, rows))
    return equal and gpu_sweep.sweep("ma_cross", *case(1, bars, 0, PAID)).shape == (0, 5)


def alphas(bars: int, sets: int) -> bool:
    """A formula's lanes, on the second of three symbols."""
    rng, market = np.random.default_rng(bars), case(bars, bars, 1).market
    fields = {"close": np.column_stack([market.close * rng.uniform(0.9, 1.1, bars) for _ in range(3)])}
    own = Assigned(parse("cs_z(close / delay(close, $n)) + $x"), fields, 4)
    given = np.array([rng.integers(1, 3, sets), rng.choice([-0.5, 0.0], sets), rng.random(sets), rng.random(sets)])
    features, lanes = alpha_features(own, ("n", "x"), given)
    found = gpu_sweep.sweep(DECIDES, features[1], lanes, market, PAID)
    return same_bytes(found, sweep.sweep(DECIDES, features[1], lanes, market, PAID)) and (found[:, 4] > 0.0).any()


def holed(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Values of one decimal, so that ties are common, with some missing."""
    return np.where(rng.random(shape) < 0.05, np.nan, rng.normal(size=shape).round(1))


def rollings(bars: int) -> bool:
    rng = np.random.default_rng(bars)
    y, x = holed(rng, bars), holed(rng, bars)
    y[:5] = 1.1
    one, two = ("mean", "var", "std", "lowest", "highest", "rank"), ("corr", "slope", "intercept")
    equal = same_bytes(gpu_rolling.ewma(y, 0.1), rolling.ewma(y, 0.1))
    for window in (1, 4):
        equal &= all(same_bytes(getattr(gpu_rolling, n)(y, window), getattr(rolling, n)(y, window)) for n in one)
        equal &= all(same_bytes(getattr(gpu_rolling, n)(y, x, window), getattr(rolling, n)(y, x, window)) for n in two)
    return equal


def cross_sections(bars: int) -> bool:
    rng = np.random.default_rng(bars)
    values, exposure, group = holed(rng, bars, 7), holed(rng, bars, 7), np.array([0, 1, -1, 1, 0, 5, 5])
    values[0], exposure[1] = np.nan, 0.1
    equal = same_bytes(gpu_cross_section.rank(values), cross_section.rank(values))
    equal &= same_bytes(gpu_cross_section.z(values), cross_section.z(values))
    equal &= same_bytes(gpu_cross_section.neutralise(values, exposure), cross_section.neutralise(values, exposure))
    groups = gpu_cross_section.neutralise_groups(values, group), cross_section.neutralise_groups(values, group)
    return equal and same_bytes(*groups)


def bootstraps(histories: int) -> bool:
    rng = np.random.default_rng(histories)
    values, start, restart = rng.normal(size=9), rng.random((histories, 9)), rng.random((histories, 9))
    given = (start, restart, 3.0)
    equal = same_bytes(gpu_bootstrap.indices(*given), bootstrap.indices(*given))
    return equal and same_bytes(gpu_bootstrap.means(values, *given), bootstrap.means(values, *given))


def panels(bars: int, count: int) -> bool:
    """Accounts of every rule side by side, and, one at a time, some that a bad number stops."""
    weights, market, terms = accounts(1, max(bars, 12), 3, count, 0.0)
    names = vars(panel.run_panels(weights[:1], market, terms[:1])[0])
    both = zip(gpu_panel.run_panels(weights, market, terms), panel.run_panels(weights, market, terms), strict=True)
    equal = all(same_bytes(getattr(one, name), getattr(other, name)) for one, other in both for name in names)
    for seed in range(12):
        weights, market, terms = accounts(seed, 12, 3, 7, 0.01)
        for own, rules in zip(weights, terms, strict=True):
            given = market._replace(weights=own)
            equal &= outcome(gpu_panel, given, rules) == outcome(panel, given, rules)
    return equal


if __name__ == "__main__":
    bars, many = (int(word) for word in sys.argv[1:])
    found = {
        "sweep": sweeps(bars, many) and alphas(bars, many),
        "rolling": rollings(many),
        "cross_section": cross_sections(many),
        "bootstrap": bootstraps(many),
        "panel": panels(bars, min(many, 130)),
    }
    sys.stdout.writelines(f"{family} {'equal' if equal else 'differs'}\n" for family, equal in found.items())
