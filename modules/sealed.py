"""A backtest's outcome, closed until the trial is recorded.

Backtest modules return sealed tables; `modules.runner` opens them only to hand them to the next backtest module and
`cws.trials.evaluate` opens them after the trial is in the ledger. Opening is `modules.unsealing`, which import-linter
lets only those two and the conformance suite import.
"""

from modules.values import Table


class Sealed:
    """A table whose content cannot be read: only its hash and its row count show."""

    __slots__ = ("__table",)

    def __init__(self, table: Table) -> None:
        self.__table = table

    @property
    def hash(self) -> str:
        return self.__table.hash

    @property
    def rows(self) -> int:
        return self.__table.rows

    def __repr__(self) -> str:
        return f"Sealed({self.hash[:15]}, {self.rows} rows)"

    def __reduce__(self) -> str:
        raise TypeError("a sealed outcome cannot be pickled: evaluate it first")
