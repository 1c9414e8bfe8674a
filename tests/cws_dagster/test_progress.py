"""Progress: bars that end full on a terminal, a line a published unit in a pipe."""

import io
import re

from rich.console import Console
from rich.progress import Progress as Bars

from cws_dagster.progress import StageBars, shown

PLAN = {"ingest": {"a": 2, "b": 1}, "clean": {"a": 3}}


def _report(call: object) -> None:
    """What the ops say: opened, each module as it starts, published; the two units of a stage run by turns."""
    assert callable(call)
    for unit, module, done, total in (
        ("a", "open", 0, 2), ("b", "open", 0, 1), ("a", "first", 0, 2), ("a", "second", 1, 2), ("b", "only", 0, 1),
        ("b", "publish", 1, 1), ("a", "publish", 2, 2),
    ):  # fmt: skip
        call("ingest", unit, module, done, total)


def test_a_pipe_gets_one_line_a_published_unit() -> None:
    out = io.StringIO()
    with shown(PLAN, Console(file=out, width=20)) as progress:
        _report(progress)
    lines = [re.sub(r"^ *[0-9.]+ s  ", "", line) for line in out.getvalue().splitlines()]
    assert lines == ["ingest b: 1 modules, 1 to go", "ingest a: 2 modules, stage done"]


def test_a_bar_a_stage_counts_modules_and_publications() -> None:
    bars = Bars(console=Console(file=io.StringIO()))
    progress = StageBars(PLAN, bars)
    ingest, clean = bars.tasks
    assert [(task.description, task.total) for task in (ingest, clean)] == [("ingest", 5), ("clean", 4)]
    progress("ingest", "a", "second", 1, 2)
    assert (ingest.completed, ingest.fields["now"]) == (1, "a second")
    _report(progress)
    assert (ingest.completed, ingest.fields["now"], ingest.finished) == (5, "", True)
    assert clean.completed == 0


def test_a_terminal_gets_bars() -> None:
    out = io.StringIO()
    with shown(PLAN, Console(file=out, force_terminal=True, width=100)) as progress:
        _report(progress)
    assert "5/5" in out.getvalue()
    assert "0/4" in out.getvalue()
