"""Guards: what a better patch may not pay with. Each is not inferior within a margin that is declared here."""

from dataclasses import dataclass, fields
from types import MappingProxyType

# Share of the baseline's value by which a candidate may be worse. Nothing tunes these, and no patch may touch them.
MARGINS = MappingProxyType({"drawdown": 0.10, "turnover": 0.25, "latency": 0.10, "capacity": 0.10})
MORE_IS_BETTER = frozenset({"capacity"})


@dataclass(frozen=True)
class Pair:
    """The same measure of baseline and candidate, neither below zero."""

    baseline: float
    candidate: float


@dataclass(frozen=True)
class Guards:
    """Worst drawdown and turnover a day as shares of equity, seconds a decision, capacity in USD."""

    drawdown: Pair
    turnover: Pair
    latency: Pair
    capacity: Pair


def _holds(name: str, pair: Pair) -> bool:
    # A comparison with NaN is False: what was not measured does not hold.
    if name in MORE_IS_BETTER:
        return pair.candidate >= pair.baseline * (1.0 - MARGINS[name])
    return pair.candidate <= pair.baseline * (1.0 + MARGINS[name])


def broken(guards: Guards) -> tuple[str, ...]:
    """Names of the guards that a candidate breaks, in the order of `Guards`."""
    return tuple(field.name for field in fields(guards) if not _holds(field.name, getattr(guards, field.name)))
