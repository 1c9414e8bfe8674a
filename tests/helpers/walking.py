"""A unit's way through its stage without Dagster, and what a home holds before and after."""

from pathlib import Path

from small_house import Place

from cws.environment import file_hash
from cws.flow import Flow, open_flow, step
from cws.house import House
from cws.publish import Report, publish
from cws.stages import Unit, chain
from cws.strategies import catalogue
from modules.contract import STAGES

DATA_STAGES = ("ingest", "clean")


def unit_of(place: Place, stage: str) -> Unit:
    chosen = catalogue(place.strategies)
    return Unit(stage, chosen.datasets["small"], None if stage in DATA_STAGES else chosen.strategy("small_reversal"))


def walked(place: Place, house: House, stage: str) -> Flow:
    """The stage's flow after its last module."""
    unit = unit_of(place, stage)
    flow = open_flow(house, unit, place.strategies, "run 1")
    for bound in chain(unit):
        flow = step(house, flow, bound)
    return flow


def publish_stages(place: Place, house: House, *stages: str) -> list[Report]:
    """Walk and publish the stages one after the other (all six when none is named)."""
    return [publish(house, walked(place, house, stage)) for stage in stages or STAGES]


def kept(house: House) -> dict[str, str]:
    """Every file of lake, ledger and raw bytes with its hash: equal before and after means that no byte was written."""
    folders = (house.home.lake, house.home.ledger, house.home.raw)
    files = (path for folder in folders for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(house.home.folder)): file_hash(path) for path in sorted(files)}
