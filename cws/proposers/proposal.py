"""What a proposer is asked, and what it may ask back: scores on search folds, each of which is a counted look."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cws.patches import Patch


@dataclass(frozen=True)
class Ask:
    """A finding about a module, by its id and in words; `budget` is how many scores may be asked.

    `suspects` are settings that may be behind it, `formulas` published ones that a proposer may take parts of,
    `suggestions` patches that were thought of outside and are to be scored.
    """

    finding: str
    module: str
    suspects: tuple[str, ...]
    budget: int
    seed: int
    sentence: str = ""
    formulas: tuple[str, ...] = ()
    suggestions: tuple[Patch, ...] = ()


# The studentised mean of what a patch improves on the search folds, higher is better; None when it cannot run.
Score = Callable[[Patch], float | None]


class Proposer(Protocol):
    """Gives patches worth an ablation, best first; none is an answer too."""

    def __call__(self, ask: Ask, score: Score) -> list[Patch]: ...
