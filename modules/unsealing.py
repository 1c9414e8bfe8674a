"""Open a sealed outcome. Only `modules.runner`, `modules.conformance` and `cws.trials` may import this file."""

from modules.sealed import Sealed
from modules.values import Table


def unseal(sealed: Sealed) -> Table:
    """The table inside."""
    return sealed._Sealed__table  # type: ignore[attr-defined]
