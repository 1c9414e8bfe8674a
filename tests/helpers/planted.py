"""A made-up market with a known formula in it, and a strategy that trades whatever the module `alpha_formula` says."""

from cws.ablation.ground import Ground
from cws.market.recipe import dataset_of
from cws.market.spec import Alpha, World
from cws.market.worlds import make_world
from cws.strategies import Strategy, parse

# What pays is the momentum of four weeks; the module's own formula is a reversal of five days.
MOMENTUM = Alpha(pattern="momentum", window_bars=20, ic=0.3, horizon_bars=5)
RECIPE = """
title = "Whatever the formula says"
why = "The formula is the module's own, so that a patch of it is felt."
dataset = "planted"

[feature]
chain = ["returns", "alpha_formula"]

[backtest]
chain = ["vector_panel", "cost_bps", "performance", "deflated_sharpe"]

[size]
chain = ["rank_to_weight", "leverage_cap"]

[execute]
chain = ["targets_to_orders"]

[settings]
cost_bps = 1.0
fill_on = "close"
initial_cash_usd = 1_000_000.0
bars_per_year = 252.0

[skills.rank_to_weight]
schedule = "daily"
"""


def planted_ground(alpha: Alpha | None, seed: int, bars: int = 600, symbols: int = 8) -> Ground:
    """With `alpha` None the null twin: the same draws and nothing to find."""
    world = World(name="planted", bars=bars, symbols=symbols, alpha=alpha)
    strategy = parse(Strategy, RECIPE, "planted_formula")
    return Ground(dataset_of(world), strategy, "feature", dict(make_world(world, seed)))
