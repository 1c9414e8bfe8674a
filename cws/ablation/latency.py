"""The guard on latency: CPU seconds of a decision, with and without a patch.

A decision runs the chains of features and sizing. Only the patched module is timed again and again, in turns, the best
of each arm: a busy machine makes a run slower and none faster. The rest of the chain is the same for both arms.
"""

from collections.abc import Sequence

from cws.ablation.by_runtime import Question, questions
from cws.ablation.ground import Ground
from cws.ablation.rehearsal import rehearse
from cws.gate.guards import Pair
from cws.patches import Patch
from modules.registry import load
from modules.runner import run

TURNS, WARM = 5, 1
DECIDING = ("feature", "size")


def latency(grounds: Sequence[Ground], patch: Patch) -> Pair:
    """CPU seconds over all history of the grounds' decisions; of the module's example where no ground reaches it."""
    before, after = questions(patch.module, grounds), questions(patch.module, grounds, patch)
    turns = [(_seconds(before), _seconds(after)) for _ in range(WARM + TURNS)][WARM:]
    rest = sum(_rest(ground, patch.module) for ground in grounds)
    return Pair(*(rest + min(seconds) for seconds in zip(*turns, strict=True)))


def _seconds(asked: Sequence[Question]) -> float:
    return sum(max(run(*one).trace.cpu_ns, 1) for one in asked) / 1e9


def _rest(ground: Ground, module: str) -> float:
    """What the other modules of the ground's decisions take; the backtest runs those of sizing."""
    runs = rehearse(ground, ("feature", "backtest")).runs
    others = [one for one in runs if one.trace.module != module and load(one.trace.module).stage in DECIDING]
    return sum(one.trace.cpu_ns for one in others) / 1e9
