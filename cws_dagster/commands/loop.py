"""`cws loop`: how the loop itself does. `report` is a page of sections, each gathered and shown by one function."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cws_dagster.commands.supervise import show_findings
from cws_dagster.invocation import nothing_yet
from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from cws.house import House
    from cws.supervisor.seen import Seen

TOP_FINDINGS = 10


@dataclass(frozen=True)
class Section:
    """`gather` reads (the traces are read once, for all sections); `show` prints what it gave."""

    gather: Callable[["House", "Seen"], Any]
    show: Callable[[Screen, Any], None]


def _stamps(house: "House", seen: "Seen") -> Any:
    from cws.stamps import stamps

    return stamps(house.ledger.entries())


def _show_stamps(screen: Screen, found: Any) -> None:
    columns = ("strategy", "idea", "first backtest", "first verdict", "first order (paper)", "idea to order, s")
    rows = [
        (
            one.strategy,
            *(None if at is None else screen.time(at) for at in (one.idea_ns, one.backtest_ns, one.verdict_ns)),
            None if one.order_ns is None else screen.time(one.order_ns),
            None if one.idea_to_order_s is None else f"{one.idea_to_order_s:.1f}",
        )
        for one in found
    ]
    screen.table("From idea to first order", columns, rows)


def _modules(house: "House", seen: "Seen") -> Any:
    """Per module: traces, runs, failures, seconds in all."""
    traces = seen.traces
    failed = (traces["error"] != "") | traces["checks"].str.contains('"passed":false', regex=False)
    told = traces.assign(failed=failed.astype("int64"), seconds=traces["wall_ns"] / 1e9).groupby(["stage", "module"])
    counted = told.agg(
        traces=("trace_id", "size"), runs=("run_id", "nunique"), failed=("failed", "sum"), seconds=("seconds", "sum")
    )
    return counted.reset_index().sort_values(["seconds", "module"], ascending=[False, True]).to_dict("records")


def _show_modules(screen: Screen, found: Any) -> None:
    rows = [
        (*(one[n] for n in ("stage", "module", "traces", "runs", "failed")), f"{one['seconds']:.2f}") for one in found
    ]
    screen.table("Traces by module", ("stage", "module", "traces", "runs", "failed", "seconds"), rows)


def _findings(house: "House", seen: "Seen") -> Any:
    from cws.supervisor.mine import mine

    return mine(seen)


def _show_findings(screen: Screen, found: Any) -> None:
    show_findings(screen, found, TOP_FINDINGS)


SECTIONS: Mapping[str, Section] = {
    "stamps": Section(_stamps, _show_stamps),
    "modules": Section(_modules, _show_modules),
    "findings": Section(_findings, _show_findings),
}


def _plain(found: Any) -> Any:
    return [one if isinstance(one, Mapping) else asdict(one) for one in found] if isinstance(found, list) else found


def report(as_json: AsJson = False) -> None:
    """Print how the loop does.

    From idea to first order, traces by module, top findings.
    """
    from cws.home import settings
    from cws.house import open_house
    from cws.supervisor.gather import gather

    house = open_house(settings())
    seen = gather(house)
    gathered = {name: section.gather(house, seen) for name, section in SECTIONS.items()}
    if as_json:
        print_json({name: _plain(found) for name, found in gathered.items()})
        return
    screen = Screen()
    if seen.traces.empty and not gathered["stamps"]:
        screen.line(nothing_yet())
        return
    for name, section in SECTIONS.items():
        section.show(screen, gathered[name])


COMMANDS = {"report": report}
