"""What every op is handed: the house, the catalogue's folder, and where progress goes."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import dagster as dg

from cws.home import settings
from cws.house import House, open_house
from cws.publish import Report
from cws.trace_log import tracing

# (stage, unit, module or "publish", modules done, modules in all)
Progress = Callable[[str, str, str, int, int], None]


def silent(stage: str, unit: str, module: str, done: int, total: int) -> None:
    """No progress: what a run without a terminal wants."""


@dataclass(frozen=True)
class Desk:
    house: House
    folder: Path
    progress: Progress = silent
    reports: Callable[[Report], None] = lambda report: None
    views: str = "on"


def desk_from_environment() -> Desk:
    """The desk of a process that Dagster started: home and folder by `CWS_*`."""
    chosen = settings()
    return Desk(open_house(chosen), chosen.strategies, views=chosen.views)


@dg.resource(description="The house (lake and ledger of CWS_HOME) and the strategies' folder.")
def desk_resource(_: dg.InitResourceContext) -> Generator[Desk]:
    """The run's desk; Dagster ends it with the run, also with one that failed, and then its traces are committed."""
    desk = desk_from_environment()
    with tracing(desk.house):
        yield desk


def desk_of(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Desk:
    return cast(Desk, context.resources.desk)
