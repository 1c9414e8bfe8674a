"""Everything that decides the rows of a batch, said before anything runs; its hash is the batch's name."""

from collections.abc import Mapping
from dataclasses import dataclass

from cws.batch.grid import Grid
from cws.batch.recipe import Sweep
from cws.environment import code_hash
from cws.flow import trial_bounds
from cws.house import House
from cws.lake.commits import Pin
from cws.pins import open_pins
from cws.stages import Unit
from cws.strategies import Catalogue, Dataset, Strategy
from modules.canonical import json_hash

SWEEP = "vector_sweep"
# Batches of at most so many sets keep the returns per bar of each: judges of many trials together take them.
RETURNS_SETS = 1_000


@dataclass(frozen=True)
class Plan:
    """`symbols` is empty for a strategy, whose set is one account; a sweep has an account a symbol and grid set.

    `same_as` names the catalogued strategy with the recipe's dataset and chains, if there is one.
    """

    recipe: Strategy | Sweep
    dataset: Dataset
    grid: Grid
    symbols: tuple[str, ...]
    pins: Mapping[str, Pin]
    code: str
    same_as: str = ""

    @property
    def sets(self) -> int:
        """Backtests, each a trial: grid sets times accounts of each."""
        return self.grid.size * self.accounts

    @property
    def accounts(self) -> int:
        return max(len(self.symbols), 1)

    @property
    def kind(self) -> str:
        return "sweep" if isinstance(self.recipe, Sweep) else "strategy"

    @property
    def counted_as(self) -> str:
        """What the trials are counted under: all sweeps of a dataset together, whatever their files are called.

        A strategy's file outside the catalogue counts as the catalogued strategy with the same dataset and chains, and
        has its trial keys: a copy under another name would otherwise start again at one trial. Two files that match no
        catalogued strategy count apart, each under its own name.
        """
        if isinstance(self.recipe, Sweep):
            return f"sweep_{self.dataset.name}"
        return self.same_as or self.recipe.name

    @property
    def strategy(self) -> Strategy:
        """The strategy under the name that its trials count under, which is a part of their keys."""
        assert isinstance(self.recipe, Strategy)
        return self.recipe.model_copy(update={"name": self.counted_as})

    @property
    def keeps_returns(self) -> bool:
        return self.sets <= RETURNS_SETS

    @property
    def id(self) -> str:
        """The batch's name and its part in the lake."""
        asked = {
            "recipe": self.recipe.model_dump(mode="json"),
            "grid": self.grid.words(),
            "pins": {name: pin.hash for name, pin in self.pins.items()},
            "code": self.code,
        }
        return f"{self.recipe.name}.{json_hash(asked).removeprefix('b3:')[:16]}"

    @property
    def unit(self) -> Unit:
        """The strategy's backtest as `cws run` would do it."""
        return Unit("backtest", self.dataset, self.strategy)


def same_as(recipe: Strategy, catalogue: Catalogue) -> str:
    """The catalogued strategy that is the recipe but for words and settings, "" for none.

    Of several: the one of its name, else the first with its settings, else the first.
    """
    found = [one for one in catalogue.strategies.values() if _chains(one) == _chains(recipe)]
    asked = recipe.settings, recipe.skills
    found.sort(key=lambda one: (one.name != recipe.name, (one.settings, one.skills) != asked, one.name))
    return found[0].name if found else ""


def _chains(strategy: Strategy) -> tuple[object, ...]:
    return strategy.dataset, *(strategy.chain(stage) for stage in strategy.stages)


def pins_of(house: House, dataset: Dataset) -> dict[str, Pin]:
    """The published bars and sessions, verified to be of one generation. Raises what `open_pins` raises."""
    return open_pins(house, Unit("feature", dataset))


def code_of(recipe: Strategy | Sweep) -> str:
    """The code's part of a trial's key."""
    if isinstance(recipe, Sweep):
        return code_hash([f"backtest/{SWEEP}"])
    return code_hash(f"{bound.module.stage}/{bound.module.name}" for bound in trial_bounds(recipe))
