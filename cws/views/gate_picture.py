"""The picture of the gate: how often nothing looks like something, and how often something is seen."""

from typing import Any

from cws.gate.curves import EFFECTS, LEVELS, Curves
from cws.views.equity_picture import FALL, FONT, INK, QUIET, rendered_png

COLOURS = (INK, "#2e8b57", "#8e5bb5", "#c77c11")


def gate_png(curves: Curves, dpi: int = 110) -> bytes:
    """A PNG of 10 x 4.4 inches: sizes over levels on the left, power over effects on the right."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": FONT, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 4.4))
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.08, right=0.98, top=0.9, bottom=0.13, wspace=0.2)
        _sizes(left, curves)
        _power(right, curves)
        return rendered_png(figure, dpi)


def _sizes(axis: Any, curves: Curves) -> None:
    axis.plot(LEVELS, LEVELS, color=QUIET, linewidth=0.8, linestyle=":", label="exact")
    colours = iter(COLOURS)
    for name, values in curves.sizes.items():
        theirs = name.startswith("normal tail")
        style = {"color": FALL, "linestyle": "--" if "loss" in name else "-"} if theirs else {"color": next(colours)}
        axis.plot(LEVELS, values, linewidth=1.4, label=name, **style)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("level")
    axis.set_title("Share of series without a mean at or below the level", fontsize=9, loc="left")
    axis.legend(fontsize=7, frameon=False)


def _power(axis: Any, curves: Curves) -> None:
    for (name, values), colour in zip(curves.power.items(), COLOURS, strict=True):
        axis.plot(EFFECTS, values, linewidth=1.4, color=colour, label=name)
    axis.axhline(0.01, color=QUIET, linewidth=0.8, linestyle=":")
    axis.set_xlabel("mean of the paired delta a day, over its standard deviation")
    axis.set_title("Share that passes alone at level .01, independent days", fontsize=9, loc="left")
    axis.legend(fontsize=7, frameon=False, loc="center right")
