"""Eight made-up strategies whose edge is planted: what certification tries P&L on.

Each trades a pattern that its world really has, so the modules' settings in force are near the best there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cws.ablation.ground import Ground
from cws.market.recipe import dataset_of
from cws.market.spec import Alpha, Noise, World
from cws.market.worlds import make_world
from cws.strategies import Strategy, parse

BARS, SYMBOLS = 1_500, 8
FEE_BPS = 4.0
QUIET = Noise(own_jumps=0.0)


@dataclass(frozen=True)
class Idea:
    """A strategy's chains and the pattern in its world, whose `ic` gives an information ratio of four to six."""

    name: str
    feature: tuple[str, ...]
    size: tuple[str, ...]
    alpha: Alpha


_REVERSAL = Alpha(pattern="reversal", window_bars=3, horizon_bars=5, ic=0.34)
_RANKED = ("rank_to_weight", "long_short_neutral")
IDEAS: tuple[Idea, ...] = (
    Idea("reversal", ("returns", "reversal_5d", "cs_rank"), _RANKED, _REVERSAL),
    Idea("formula", ("returns", "alpha_formula"), _RANKED, _REVERSAL),
    Idea(
        "momentum", ("returns", "momentum_12_1", "ewma_vol"), ("inverse_vol", "vol_target"),
        Alpha(pattern="momentum", window_bars=252, skip_bars=21, horizon_bars=5, ic=0.18),
    ),
    Idea(
        "crossing", ("returns", "ma_cross", "realized_vol"), ("inverse_vol",),
        Alpha(pattern="momentum", window_bars=126, horizon_bars=5, ic=0.18),
    ),
)  # fmt: skip
# So many worlds of each: one history says little.
EACH = 2


def world_of_idea(idea: Idea, bars: int = BARS) -> World:
    return World(name=f"world_{idea.name}", bars=bars, symbols=SYMBOLS, noise=QUIET, alpha=idea.alpha)


@dataclass(frozen=True)
class Made:
    """A ground of the panel as any process opens it: its world is made again from the seed."""

    idea: Idea
    seed: int
    name: str
    bars: int = BARS

    def open(self) -> Ground:
        return ground(self.idea, world_of_idea(self.idea, self.bars), self.seed, self.name)


def sources(seed: int, ideas: Sequence[Idea] = IDEAS, each: int = EACH, bars: int = BARS) -> list[Made]:
    """`each` grounds an idea, all on worlds of their own: the same for the same seed."""
    return [
        Made(idea, 1_000 * seed + 10 * place + turn, f"{idea.name}_{turn}", bars)
        for place, idea in enumerate(ideas)
        for turn in range(each)
    ]


def panel(seed: int, ideas: Sequence[Idea] = IDEAS, each: int = EACH, bars: int = BARS) -> list[Ground]:
    """The same, opened."""
    return [source.open() for source in sources(seed, ideas, each, bars)]


def ground(idea: Idea, world: World, seed: int, name: str) -> Ground:
    """The idea on one world, from clean bars on."""
    made = make_world(_named(world, name), seed)
    return Ground(dataset_of(_named(world, name)), _strategy(idea, name), "feature", dict(made))


def _named(world: World, name: str) -> World:
    return world.model_copy(update={"name": name})


def _strategy(idea: Idea, name: str) -> Strategy:
    def listed(names: tuple[str, ...]) -> str:
        return ", ".join(f'"{one}"' for one in names)

    text = f"""title = "Made up: {idea.name}"
why = "It trades the pattern that was planted into its world."
dataset = "{name}"
[feature]
chain = [{listed(idea.feature)}]
[backtest]
chain = ["vector_panel", "cost_bps", "performance", "bootstrap_ci", "deflated_sharpe"]
[size]
chain = [{listed((*idea.size, "lot_round"))}]
[execute]
chain = ["targets_to_orders", "pre_trade_checks", "paper_fill", "reconcile_fills", "position_book"]
[settings]
cost_bps = {FEE_BPS}
"""
    return parse(Strategy, text, name)
