"""Put a world where `cws run` finds it: the vendor's file and its recipe, in a folder of recipes."""

from pathlib import Path

from cws.market.recipe import dataset_toml
from cws.market.spec import World
from cws.market.vendor import world_source
from modules.errors import CwsError


def write_world(world: World, seed: int, folder: Path) -> Path:
    """Write `datasets/<name>.csv` and `datasets/<name>.toml` below `folder`; gives the TOML's path.

    Raises CWS-MARKET-007 when the folder cannot be written, or has a dataset of that name.
    """
    datasets = folder / "datasets"
    recipe, data = datasets / f"{world.name}.toml", datasets / f"{world.name}.csv"
    source, text = world_source(world, seed), dataset_toml(world, data.name)
    try:
        datasets.mkdir(parents=True, exist_ok=True)
        # Exclusive: a real dataset of the same name must not become a made-up one.
        with data.open("xb") as handle:
            handle.write(source)
        with recipe.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as failure:
        raise CwsError(
            "CWS-MARKET-007", what=f"cannot write the world: {failure.strerror}", where=str(failure.filename),
            fix="choose an empty folder, or another name",
        ) from None  # fmt: skip
    return recipe
