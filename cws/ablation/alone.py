"""One patch by itself: a verdict that stands in the gate's own table, and ships nothing.

It is no batch: the false-discovery procedures hear of it with the next one, which decides over this very verdict,
whatever else is handed in there: a look at it must not decide what they see. Killed anywhere, the same call finds what
was written and adds what is missing.
"""

from cws.ablation.ablate import Bench, ablate
from cws.ablation.record import ALONE, Judged, verdict_rows
from cws.ablation.told import in_batches
from cws.house import House
from cws.patches import Patch


def ablate_alone(bench: Bench, patch: Patch) -> Judged:
    """The verdict on one patch, with its row. The caller holds the home's writer lock; raises what `ablate` raises."""
    judged = ablate(bench, patch)
    _keep(bench.house, judged)
    return judged


def _keep(house: House, judged: Judged) -> None:
    """The row under the verdict's own part, unless it has one already, there or in a batch."""
    if judged.id in in_batches(house) or judged.id in {pin.part for pin in house.lake.parts("verdicts")}:
        return
    house.lake.commit("verdicts", judged.id, verdict_rows("", house.clock_ns(), [(judged, ALONE, False)]))
