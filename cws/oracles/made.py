"""Made worlds and their files, kept for a while: every oracle of a scene asks for the same ones."""

from collections.abc import Mapping
from functools import lru_cache

from cws.market import vendor, worlds
from cws.market.spec import World
from cws.market.vendor import VendorFile
from modules.values import Table

# Both kinds of world of every program, of a few seeds.
MOST = 64


@lru_cache(maxsize=MOST)
def make_world(world: World, seed: int) -> Mapping[str, Table]:
    return worlds.make_world(world, seed)


@lru_cache(maxsize=MOST)
def vendor_file(world: World, seed: int) -> VendorFile:
    return vendor.vendor_file(world, seed)
