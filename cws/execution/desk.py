"""The execute stage's two ends: what every parent order carries, and what the wire said of the parents.

On paper there are no parents and nothing comes back: the same chain of modules runs either way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
from blake3 import blake3

from cws.lake.commits import Pin
from cws.stages import Unit
from modules.canonical import combined_hash
from modules.tables import EXECUTIONS, SUBMISSION
from modules.values import Table, make_table

if TYPE_CHECKING:
    from cws.house import House

NATIVE, PAPER = "native", "paper"
STRATEGY_NUMBERS = 65_535
Progress = Callable[[str], None]


def silent(said: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Told:
    """EXECUTIONS, and what the stage's ledger entry says of the way there."""

    executions: Table
    details: Mapping[str, object] = field(default_factory=dict[str, object])


def strategy_number(name: str) -> int:
    """A strategy's number on the wire, 1 to 65,535: it follows from its name, whatever other strategies there are."""
    return 1 + int.from_bytes(blake3(name.encode()).digest(4), "big") % STRATEGY_NUMBERS


def submission(house: "House", unit: Unit, pins: Mapping[str, Pin]) -> Table:
    """SUBMISSION of a unit: its words, the hash of its data, the size entry that its targets come from."""
    execution = PAPER if house.native is None else NATIVE
    data_version = combined_hash({name: pin.hash for name, pin in pins.items()})
    return worded(unit.name, execution, _patch(house, unit), data_version, _ledger_id(house, unit))


def worded(
    name: str, execution: str, patch: str = "none", data_version: str = "none", ledger_id: str = "none"
) -> Table:
    """SUBMISSION of the words themselves: one row."""
    text = {"strategy": name, "execution": execution, "patch": patch, "data_version": data_version}
    row = {**text, "ledger_id": ledger_id, "strategy_no": strategy_number(name)}
    frame = pd.DataFrame([row])[list(SUBMISSION.columns)].astype(dict.fromkeys([*text, "ledger_id"], "str"))
    return make_table(frame, SUBMISSION, name)


def _patch(house: "House", unit: Unit) -> str:
    """The last patch that was shipped into a module of the strategy's chains and not rolled back."""
    modules = {name for stage in unit.recipe.stages for name in unit.recipe.chain(stage)}
    undone = {str(entry.body["ship"]) for entry in house.ledger.entries("rollback")}
    shipped = [e for e in house.ledger.entries("ship") if e.body["module"] in modules and str(e.index) not in undone]
    return str(shipped[-1].body["patch"]) if shipped else "none"


def _ledger_id(house: "House", unit: Unit) -> str:
    sized = [e for e in house.ledger.entries("stage") if (e.body["stage"], e.body["unit"]) == ("size", unit.name)]
    return sized[-1].hash if sized else "none"


def nothing() -> Table:
    """EXECUTIONS where no parent went out."""
    columns = {str(name): pd.Series([], dtype=str(column.dtype)) for name, column in EXECUTIONS.columns.items()}
    empty = pd.DataFrame(columns).astype(dict.fromkeys(("order_id", "kind", "reason"), "str"))
    return make_table(empty, EXECUTIONS, "executions")


def executed(house: "House", strategy: str, parents: Table, newest_bar_ns: int, progress: Progress) -> Told:
    """Hand the parents to the gateway and wait for what comes back; without parents nothing does."""
    if not parents.rows:
        return Told(nothing(), {"execution": PAPER})
    from cws.execution.submit import ensure_gateway_and_submit

    return ensure_gateway_and_submit(house, strategy, parents.frame, newest_bar_ns, progress)
