"""A sweep's rule, formula and grid, checked before anything runs: which sets there are and what decides their sides."""

import math
from dataclasses import dataclass
from itertools import product

from kernels.alpha.assigned import least_bars
from kernels.alpha.language import MAX_BARS, Free, Node, names_of
from kernels.sweep_alpha import DECIDES, THRESHOLDS
from kernels.sweep_features import RULES
from modules.backtest.parameter_grid import parse_sets, size
from modules.backtest.sweep_settings import SweepSettings
from modules.backtest.sweep_tables import PARAMETERS
from modules.errors import CwsError
from modules.formula import parsed, ready
from modules.formula_fields import field_names

MAX_WINDOW_BARS = 100_000
MAX_FREE = len(PARAMETERS) - len(THRESHOLDS)


@dataclass(frozen=True)
class Plan:
    """`decides` is the kernels' name of the rule; `values` are those of each of `parameters`, in order.

    `costly` are the places of the parameters that need columns of features of their own, `formula` that of rule alpha.
    """

    decides: str
    parameters: tuple[str, ...]
    values: list[list[float]]
    costly: tuple[int, ...]
    formula: Node | None

    @property
    def sets(self) -> int:
        return size(self.values)

    @property
    def thresholds(self) -> int:
        """How many sets in a row, from a multiple of it on, differ in nothing but what needs no column."""
        return math.prod(len(column) for column in self.values[max(self.costly, default=-1) + 1 :])

    def most_columns(self, sets: int) -> int:
        """A bound on the distinct columns of features that so many sets in a row need."""
        within = {at: math.prod(len(column) for column in self.values[at + 1 :]) for at in self.costly}
        if self.formula is None:
            return sum(min(len(self.values[at]), sets // run + 2) for at, run in within.items())
        return min(self.sets, sets) // self.thresholds + 2


def _free_names(formula: Node) -> tuple[str, ...]:
    names = names_of(formula, Free)
    taken = sorted(set(names) & set(THRESHOLDS))
    if taken or len(names) > MAX_FREE:
        raise CwsError(
            "CWS-BACKTEST-025", what=f"the formula names {', '.join(f'${name}' for name in taken or names)}",
            where="setting formula", fix=f"at most {MAX_FREE} free parameters, none called {' or '.join(THRESHOLDS)}",
        )  # fmt: skip
    return names


def _of_formula(settings: SweepSettings, most_sets: int) -> Plan:
    formula = parsed(settings.formula)
    names = _free_names(formula)
    bars = {name: (least, MAX_BARS) for name, least in least_bars(formula).items()}
    values = parse_sets(settings.grid, (*names, *THRESHOLDS), bars, most_sets)
    # Longest windows together, and any lower limit above any upper one: what can be refused is refused at a corner.
    for corner in product(*({min(column), max(column)} for column in values[: len(names)])):
        ready(settings.formula, field_names(settings.vwap, settings.sectors), dict(zip(names, corner, strict=True)))
    return Plan(DECIDES, (*names, *THRESHOLDS), values, tuple(range(len(names))), formula)


def planned(settings: SweepSettings, most_sets: int) -> Plan:
    """What a sweep with these settings does.

    Raises CWS-BACKTEST-021, -022, -023 for the grid, -024 for a formula without rule alpha or the reverse, -025 for its
    parameters, and CWS-ALPHA-001 to -006 for what it says.
    """
    if (settings.rule == "alpha") != bool(settings.formula):
        raise CwsError(
            "CWS-BACKTEST-024", what=f"rule {settings.rule} with the formula {settings.formula!r}",
            where="settings rule, formula", fix="rule alpha needs a formula; any other rule takes formula = ''",
        )  # fmt: skip
    if settings.rule == "alpha":
        return _of_formula(settings, most_sets)
    parameters = RULES[settings.rule].parameters
    bars = {name: (1, MAX_WINDOW_BARS) for name in parameters if name.endswith("bars")}
    values = parse_sets(settings.grid, parameters, bars, most_sets)
    return Plan(settings.rule, parameters, values, tuple(parameters.index(name) for name in bars), None)
