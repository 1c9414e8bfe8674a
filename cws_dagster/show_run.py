"""The main job's summary as people read it: stages, strategies, targets, what failed and why, where to look next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cws_dagster.invocation import cws
from cws_dagster.screen import Screen, figure

if TYPE_CHECKING:
    from cws_dagster.positions import Position

TOP_TARGETS = 5


def check_reason(failed: str) -> str:
    """The sentence of a failed check: `asset: [unit__]module__check` names it."""
    from modules.registry import load, names

    parts = failed.split(": ", 1)[-1].split(" (", 1)[0].split("__")
    for place, part in enumerate(parts[:-1]):
        if part in names():
            check = "__".join(parts[place + 1 :])
            return next((a.why for a in load(part).acceptance if a.name == check), "")
    return (
        "an expectation of the table's suite does not hold; the asset check in the Dagster UI names it"
        if "suite" in parts
        else ""
    )


def _stages(screen: Screen, summary: Mapping[str, Any]) -> None:
    rows = [
        (s["stage"], s["units"], s["rows_in"], s["rows_added"], s["rows_quarantined"], s["rows_out"], s["checks"])
        for s in summary["stages"]
    ]
    screen.table("Stages", ("stage", "units", "rows in", "filled", "quarantined", "rows out", "checks"), rows)


def _strategies(screen: Screen, summary: Mapping[str, Any], caveats: Mapping[str, str]) -> None:
    found = summary["strategies"]
    notes = {name: mark for mark, name in enumerate((s["name"] for s in found if caveats.get(s["name"])), 1)}
    rows = [
        (
            s["name"] + (f" [{notes[s['name']]}]" if s["name"] in notes else ""),
            *(figure(s[name]) for name in ("sharpe", "deflated_sharpe")), s["trials"],
            *(figure(s[name]) for name in ("max_drawdown", "total_return")), s["orders"], s["fills"],
            screen.hash(s["result_hash"]),
        )
        for s in found
    ]  # fmt: skip
    columns = (
        "strategy",
        "sharpe",
        "deflated sharpe",
        "trials",
        "max drawdown",
        "total return",
        "orders",
        "fills",
        "result hash",
    )
    screen.table("Strategies", columns, rows)
    for name, mark in notes.items():
        screen.line(f"[{mark}] {caveats[name]}", "dim")
    unsaid = {s["name"]: s["deflated_sharpe_why"] for s in found if s["deflated_sharpe"] is None}
    for why in sorted(set(unsaid.values())):
        names = ", ".join(name for name, its_why in unsaid.items() if its_why == why)
        screen.line(f"no deflated Sharpe for {names}: {why}", "dim")


def _targets(screen: Screen, notes: "Notes") -> None:
    rows = [
        (name, p.symbol, p.lots, f"{p.units:.12g}", figure(p.weight), round(p.value_usd))
        for name, held in sorted(notes.positions.items())
        for p in held[:TOP_TARGETS]
    ]
    if not rows:
        return
    screen.line()
    columns = ("strategy", "symbol", "lots", "units", "weight", "value, USD")
    screen.table(f"Target positions, the {TOP_TARGETS} largest of each strategy", columns, rows)
    footnotes = sorted(set(notes.adjusted) & {row[0] for row in rows})
    for name in footnotes:
        screen.line(f"{name}: {notes.adjusted[name]}", "dim")
    if footnotes:
        screen.line()


def _failures(screen: Screen, summary: Mapping[str, Any]) -> None:
    for failed in summary["failed_checks"]:
        reason = check_reason(failed)
        screen.line(f"FAILED CHECK {failed}" + (f": {reason}" if reason else ""), "bold red")
    for error in summary["errors"]:
        screen.line(f"ERROR {error}", "bold red")


def next_steps(summary: Mapping[str, Any], refused: Mapping[str, int]) -> dict[str, str]:
    """Command, as it can be pasted -> why; the quarantine and a trial only when there is one."""
    steps = {
        f"{cws()} ui": "Dagster and MLflow on 127.0.0.1: lineage, checks, tearsheets",
        f"{cws()} ledger verify": "check every byte of the record",
        f"{cws()} lake tables": "what is stored",
    }
    for one in summary["strategies"][:1]:
        steps[f"{cws()} reproduce {one['trial'][:12]}"] = f"rebuild the backtest of {one['name']} and compare its bytes"
    for part, rows in refused.items():
        steps[f"{cws()} lake show quarantine {part}"] = f"{rows:,} refused rows with reason, source and row"
    return steps


@dataclass(frozen=True)
class Notes:
    """What the summary's figures need beside them.

    By strategy: caveats, positions, why units are no shares. By part of the quarantine: refused rows.
    """

    caveats: Mapping[str, str]
    refused: Mapping[str, int]
    positions: Mapping[str, Sequence["Position"]]
    adjusted: Mapping[str, str]


def execution(summary: Mapping[str, Any]) -> str:
    """PAPER, or NATIVE with how many orders of each strategy went over the wire: those before its horizon did not."""
    wired = [f"{one['name']} {one['wire']['parents']:,}" for one in summary["strategies"] if one.get("wire")]
    told = f": parents over the wire {', '.join(wired)}; earlier orders fill on paper" if wired else ""
    return summary["execution"].upper() + told


def show(screen: Screen, summary: Mapping[str, Any], notes: Notes) -> None:
    _stages(screen, summary)
    _strategies(screen, summary, notes.caveats)
    _targets(screen, notes)
    _failures(screen, summary)
    checks, ledger = summary["checks"], summary["ledger"]
    verified = "verified" if ledger["verified"] else f"NOT VERIFIED: {cws()} ledger verify"
    screen.facts("Run", {
        "checks": f"{checks['passed']} passed, {checks['failed']} failed",
        "ledger": f"{ledger['entries']} entries, head {screen.hash(ledger['head'])}, {verified}",
        "wall time": f"{summary['wall_s']:.1f} s",
        "execution": execution(summary),
        "home": summary["home"],
    })  # fmt: skip
    screen.line()
    screen.facts("Where to look next", next_steps(summary, notes.refused))
