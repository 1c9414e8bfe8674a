"""All that `cws loop report` prints, in one picture: ten panels, which say so where there is nothing to draw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cws.ablation.figures import Figures
from cws.stamps import Stamps
from cws.supervisor.findings import Finding
from cws.views.equity_picture import FALL, FONT, INK, QUIET, rendered_png
from cws.views.loop_picture import PLACEBO, draw_effects, draw_funnel, draw_p_values

MOST_BARS, LABEL_CHARACTERS = 10, 34


@dataclass(frozen=True)
class Report:
    """`rows` are the lake's `verdicts`, `funnel` counts by step, `shadows` the open ones as their fields."""

    rows: pd.DataFrame
    funnel: Mapping[str, int]
    gate: Figures
    shadows: Sequence[Mapping[str, Any]]
    stamps: Sequence[Stamps]
    findings: Sequence[Finding]


def report_png(report: Report, dpi: int = 90) -> bytes:
    """A PNG of 21 x 8.4 inches."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(
        {"font.family": FONT, "axes.spines.top": False, "axes.spines.right": False, "font.size": 8}
    ):
        figure = Figure(figsize=(21, 8.4))
        figure.subplots_adjust(left=0.06, right=0.99, top=0.94, bottom=0.08, wspace=0.62, hspace=0.34)
        panels = figure.subplots(2, 5).flat
        for axes, (title, draw) in zip(panels, PANELS.items(), strict=True):
            draw(axes, report)
            axes.set_title(title, loc="left")
        return rendered_png(figure, dpi)


def bars(axes: Any, named: Sequence[tuple[str, float]], missing: str, colour: str = INK) -> None:
    """Horizontal bars with their values, the first on top; `missing` says why there is none."""
    if not named:
        nothing(axes, missing)
        return
    shown = named[:MOST_BARS]
    values = [value for _, value in shown]
    axes.barh(range(len(shown)), values, color=colour, height=0.62)
    axes.set_yticks(range(len(shown)), [name[:LABEL_CHARACTERS] for name, _ in shown])
    axes.invert_yaxis()
    axes.margins(x=0.2)
    for place, value in enumerate(values):
        axes.text(value, place, f" {value:.3g}", va="center", ha="left" if value >= 0.0 else "right")


def nothing(axes: Any, why: str) -> None:
    axes.text(0.5, 0.5, why, ha="center", va="center", color=QUIET, transform=axes.transAxes)
    axes.set_axis_off()


def _judged(axes: Any, report: Report, column: str, draw: Callable[[Any, pd.DataFrame], None]) -> None:
    """Verdicts that have a value in `column`: those by oracles have none."""
    rows = report.rows[report.rows[column].notna()]
    nothing(axes, "no verdict by value or runtime yet") if rows.empty else draw(axes, rows)


def _rates(axes: Any, report: Report) -> None:
    """Shares with their exact intervals; the dotted line is what the procedures promise."""
    gate = report.gate
    found = [
        (name, rate, colour)
        for name, rate, colour in (
            ("accepted", gate.acceptance, INK),
            ("placebos that shipped", gate.placebo_rate, PLACEBO),
            ("false ships, estimated", gate.false_ships, FALL),
        )
        if rate is not None
    ]
    if not found:
        nothing(axes, "no batch yet")
        return
    for place, (_, rate, colour) in enumerate(found):
        axes.plot([rate.low, rate.high], [place, place], color=colour, linewidth=1.6)
        axes.plot(rate.share, place, "o", color=colour)
        axes.text(rate.high, place - 0.08, f" {rate.share:.1%}", va="bottom", ha="right")
    axes.axvline(gate.nominal_fdr, color=QUIET, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(found)), [name for name, _, _ in found])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(0.0, 1.0)


def _power(axes: Any, report: Report) -> None:
    bars(axes, list(report.gate.power.items()), "not certified in this home")


def _ablations(axes: Any, report: Report) -> None:
    counts = report.gate.ablations_by_week
    axes.bar(range(1 - len(counts), 1), counts, color=INK)
    axes.set_ylim(0.0, max(*counts, 1) * 1.1)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("weeks ago")


def _worth(axes: Any, report: Report) -> None:
    named = [(f"{one.module} {one.verdict[:6]}", 100.0 * one.shrunk) for one in report.gate.worth]
    bars(axes, named, "nothing shipped is in force")
    if named:
        axes.set_xlabel(f"% of equity a year, shrunk; {report.gate.value_shipped:+.2%} in all")


def _findings(axes: Any, report: Report) -> None:
    bars(axes, [(f"{one.module}: {one.kind}", one.score) for one in report.findings], "nothing was found", FALL)


def _shadows(axes: Any, report: Report) -> None:
    """Evidence for and against on a log scale; 20 decides."""
    shown = report.shadows[:MOST_BARS]
    if not shown:
        nothing(axes, "no open shadow")
        return
    for place, one in enumerate(shown):
        axes.plot(one["evidence_for"], place, "o", color=INK, label="for" if not place else None)
        axes.plot(one["evidence_against"], place, "x", color=FALL, label="against" if not place else None)
    axes.axvline(20.0, color=QUIET, linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), [f"{one['module']} {one['verdict'][:6]}" for one in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.legend(frameon=False)


def _stamps(axes: Any, report: Report) -> None:
    named = [(one.strategy, one.idea_to_order_s) for one in report.stamps]
    bars(axes, [(name, seconds) for name, seconds in named if seconds is not None], "no order yet")
    axes.set_xlabel("seconds")


PANELS: Mapping[str, Callable[[Any, Report], None]] = {
    "From finding to ship": lambda axes, report: draw_funnel(axes, report.funnel),
    "p-values, each patch alone": lambda axes, report: _judged(axes, report, "p", draw_p_values),
    "Effects, two standard errors": lambda axes, report: _judged(axes, report, "standard_error", draw_effects),
    "Rates, 95 % exact": _rates,
    "Power, as certified": _power,
    "Ablations a week": _ablations,
    "Value shipped": _worth,
    "Top findings, by score": _findings,
    "Open shadows, evidence": _shadows,
    "From idea to first order": _stamps,
}
