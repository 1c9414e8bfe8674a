"""The words on an asset: what it is, its caveat, its chain, who owns it."""

from collections.abc import Sequence

from assets.wiring import About
from cws.stages import Unit, chain


def _chain(unit: Unit) -> str:
    return " -> ".join(f"`{bound.module.name}`" for bound in chain(unit))


def about(unit: Unit, kinds: Sequence[str]) -> About:
    recipe = unit.recipe
    caveat = f"\n\n**Caveat.** {recipe.caveat}" if recipe.caveat else ""
    text = f"**{recipe.title}**: {unit.stage}.\n\n{recipe.why}{caveat}\n\nModules: {_chain(unit)}"
    return About(text, recipe.owner, kinds, {"recipe": recipe.hash, "dataset": unit.dataset.name})


def about_book(parts: Sequence[Unit]) -> About:
    chains = "\n".join(f"- {unit.name}: {_chain(unit)}" for unit in parts)
    wire = "Fills are the wire's where the gateway is built, else **paper**: at the next bar with costs, no venue."
    text = f"The book over all strategies. {wire}\n\n{chains}"
    return About(text, "team:trading", ("pandas", "deltalake"))
