"""What a proposer is asked, and what it may ask back: scores on search folds, each of which is a counted look."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from cws.patches import Patch, parse_patch, patch_toml


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


def written(ask: Ask) -> dict[str, Any]:
    """The ask as JSON can hold it."""
    return {**asdict(ask), "suggestions": [patch_toml(patch) for patch in ask.suggestions]}


def read_ask(fields: Mapping[str, Any]) -> Ask:
    """The ask that was written."""
    thought = tuple(parse_patch(text, "suggestion") for text in fields["suggestions"])
    suspects, formulas = (tuple(map(str, fields[name])) for name in ("suspects", "formulas"))
    words = str(fields["finding"]), str(fields["module"])
    return Ask(*words, suspects, fields["budget"], fields["seed"], fields["sentence"], formulas, thought)


# The studentised mean of what a patch improves on the search folds, higher is better; None when it cannot run.
Score = Callable[[Patch], float | None]


class Proposer(Protocol):
    """Gives patches worth an ablation, best first; none is an answer too."""

    def __call__(self, ask: Ask, score: Score) -> list[Patch]: ...
