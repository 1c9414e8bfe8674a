"""`cws loop`: how the loop itself does, and what takes back or confirms what it did.

`report` is a page of sections, each gathered and shown by one function.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.commands.supervise import show_findings
from cws_dagster.invocation import cws, nothing_yet
from cws_dagster.screen import AsJson, Screen, figure, print_json

if TYPE_CHECKING:
    from cws.ablation.bundle import Bundle
    from cws.house import House
    from cws.supervisor.seen import Seen

TOP_FINDINGS, LATEST_ENDS = 10, 10


@dataclass(frozen=True)
class Section:
    """`gather` reads (the traces are read once, for all sections); `show` prints what it gave."""

    gather: Callable[["House", "Seen"], Any]
    show: Callable[[Screen, Any], None]


def _by_hand(house: "House", seen: "Seen") -> Any:
    from cws.ablation.shipping import by_hand

    return by_hand(house)


def _show_by_hand(screen: Screen, found: Any) -> None:
    for one in found:
        screen.line(f"{one.module}.toml is not as ship {one.id} left it: written by hand, and it stays so.", "bold")


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


def _gate(house: "House", seen: "Seen") -> Any:
    from cws.ablation.figures import figures

    return figures(house, house.clock_ns())


def _rate(rate: Any, missing: str) -> str:
    return missing if rate is None else f"{rate.share:.1%} (95 %: {rate.low:.1%} to {rate.high:.1%})"


def _show_gate(screen: Screen, found: Any) -> None:
    """Acceptance is an outcome, never a target: what chance alone would give stands beside it."""
    speed = "-" if found.ablations_per_hour is None else f"{found.ablations_per_hour:,.0f} an hour while it works"
    power = ", ".join(f"{name} {figure(value)}" for name, value in found.power.items())
    facts = {
        "accepted": f"{found.accepted} of {found.decided}: {_rate(found.acceptance, 'no batch yet')}",
        "placebos that shipped": (
            f"{found.placebo_ships} of {found.placebos}: {_rate(found.placebo_rate, 'no placebo yet')}"
        ),
        "false ships, estimated": _rate(found.false_ships, "nothing was accepted, or no placebo ran"),
        "false ships, nominal": f"{found.nominal_fdr:.0%} of what a batch accepts (BatchBH)",
        "power": power or f"not certified in this home: {cws()} gate certify measures it",
        "ablations": f"{found.ablations_last_week} in the last 7 days; {speed}",
        "value shipped, shrunk": f"{found.value_shipped:+.2%} of equity a year, {len(found.worth)} ships in force",
    }
    screen.facts("The gate", facts)
    if found.worth:
        rows = [(w.module, w.verdict, f"{w.annual_effect:+.2%}", f"{w.shrunk:+.2%}") for w in found.worth]
        screen.table("Value of ships in force, a year", ("module", "verdict", "measured", "shrunk"), rows)
    screen.line()


def _shadows(house: "House", seen: "Seen") -> Any:
    from cws.ablation.shadowing import open_shadows

    return [one.fields for one in open_shadows(house)]


def _show_shadows(screen: Screen, found: Any) -> None:
    if not found:
        screen.line("No open shadow.\n", "bold")
        return
    heads = ("verdict", "module", "days", "evidence_for", "evidence_against", "stand")
    columns = ("verdict", "module", "new days", "evidence for", "against (20 decides)", "stand")
    rows = [[f"{one[h]:.3g}" if isinstance(one[h], float) else one[h] for h in heads] for one in found]
    screen.table(f"{len(rows)} open shadow{'s' * (len(rows) != 1)}", columns, rows)


def _ended_shadows(house: "House", seen: "Seen") -> Any:
    from cws.ablation.shadowing import ended_shadows

    return ended_shadows(house)


def _show_ended_shadows(screen: Screen, found: Any) -> None:
    rows = [(one["verdict"], one["module"], one["stand"], screen.time(one["ts_ns"])) for one in found[:LATEST_ENDS]]
    if rows:
        screen.table(
            f"The latest {len(rows)} of {len(found)} shadows that ended", ("verdict", "module", "end", "time"), rows
        )


SECTIONS: Mapping[str, Section] = {
    "gate": Section(_gate, _show_gate),
    "by_hand": Section(_by_hand, _show_by_hand),
    "shadows": Section(_shadows, _show_shadows),
    "ended_shadows": Section(_ended_shadows, _show_ended_shadows),
    "stamps": Section(_stamps, _show_stamps),
    "modules": Section(_modules, _show_modules),
    "findings": Section(_findings, _show_findings),
}


def _plain(found: Any) -> Any:
    if isinstance(found, list):
        return [_plain(one) for one in found]
    return asdict(found) if is_dataclass(found) and not isinstance(found, type) else found


def report(
    plot: Annotated[Path | None, typer.Option(help="Draw all of it into this PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print how the loop does.

    Rates of the gate, shadows, from idea to first order, traces by module, top findings."""
    from cws.home import settings
    from cws.house import open_house
    from cws.supervisor.gather import gather

    house = open_house(settings())
    seen = gather(house)
    gathered = {name: section.gather(house, seen) for name, section in SECTIONS.items()}
    if plot is not None:
        _draw(house, gathered, plot)
    if as_json:
        print_json({name: _plain(found) for name, found in gathered.items()})
        return
    screen = Screen()
    if seen.traces.empty and not gathered["stamps"]:
        screen.line(nothing_yet())
        return
    for name, section in SECTIONS.items():
        section.show(screen, gathered[name])


def _draw(house: "House", gathered: Mapping[str, Any], path: Path) -> None:
    from cws.ablation.told import batch_rows, funnel
    from cws.views.report_picture import Report, report_png
    from modules.errors import CwsError

    shown = {name: gathered[name] for name in ("gate", "shadows", "stamps", "findings")}
    drawn = report_png(Report(batch_rows(house), funnel(house, len(shown["findings"])), **shown))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn)
    except OSError as failure:
        raise CwsError(
            "CWS-CLI-006", what=f"cannot write the picture: {failure}", where=str(path), fix="name a writable PNG file"
        ) from None


def rollback(
    ship: Annotated[str, typer.Argument(metavar="ID", help="The ship's ledger entry: cws ledger show --kind ship.")],
    why: Annotated[str, typer.Option(help="A reason for the ledger.")] = "",
    as_json: AsJson = False,
) -> None:
    """Put a module's TOML back as it was before a ship.

    The ledger keeps both. Refused when the file was changed since.
    """
    from cws.ablation.shipping import rollback as put_back
    from cws.home import settings
    from cws.house import open_house

    house = open_house(settings())
    with house.home.writing("cws loop rollback", house.lock_wait_s):
        done = put_back(house, ship, why)
    if as_json:
        print_json(asdict(done))
        return
    screen = Screen()
    screen.line(f"{done.module} is as before ship {ship}; ledger entry {done.id}", "bold")
    for text in done.diff.splitlines():
        screen.line(f"  {text}")


def shadow(as_json: AsJson = False) -> None:
    """Carry every open shadow over its new days.

    Each is promoted, rolled back, overtaken by what was written into its module since its verdict, or goes on.
    """
    from cws.ablation.published import bench_of
    from cws.ablation.shadowing import advance
    from cws.home import settings

    bench = bench_of(settings())
    with bench.house.home.writing("cws loop shadow", bench.house.lock_wait_s):
        found = [one.fields for one in advance(bench)]
    if as_json:
        print_json({"shadows": found})
    else:
        _show_shadows(Screen(), found)


def bundle(as_json: AsJson = False) -> None:
    """Test what shipped since the last release together.

    Against the text before it, as every week. Exit 1 when the bundle is worse beyond chance; it says what to roll
    back, and rolls nothing back itself.
    """
    from cws.ablation.bundle import retest
    from cws.ablation.published import bench_of
    from cws.home import settings

    bench = bench_of(settings())
    with bench.house.home.writing("cws loop bundle", bench.house.lock_wait_s):
        found = retest(bench)
    if as_json:
        print_json({"bundle": None if found is None else {**asdict(found), "inferior": found.inferior}})
    else:
        _show_bundle(Screen(), found)
    raise typer.Exit(1 if found is not None and found.inferior else 0)


def _show_bundle(screen: Screen, found: "Bundle | None") -> None:
    if found is None:
        screen.line("Nothing shipped since the last release.")
        return
    facts = {
        "ships": " ".join(found.ships),
        "modules": " ".join(found.modules),
        "strategies that change": " ".join(found.strategies) or "none",
        "p of not worse": figure(found.p_worse),
        "yearly effect": f"{found.annual_effect:+.2%}",
    }
    screen.facts("Worse than before, together" if found.inferior else f"Release {found.entry}: not worse", facts)
    if found.inferior:
        for ship in reversed(found.ships):
            screen.line(f"  {cws()} loop rollback {ship} --why 'bundle {found.entry}'")


COMMANDS = {"report": report, "rollback": rollback, "shadow": shadow, "bundle": bundle}
