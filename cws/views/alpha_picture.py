"""The picture of a formula: its information coefficient by horizon, and how it decays with lag."""

import math
from typing import Any

from cws.alpha_study import Study
from cws.views.equity_picture import FALL, FONT, INK, QUIET, rendered_png
from modules.horizons import HORIZONS, MIN_NAMES

NOTHING = "no coefficient: the signal orders nothing"


def coefficients(study: Study, kind: str) -> list[float]:
    """One statistic of the study by horizon."""
    return [study.stats.get(f"{kind}_{h:03d}", float("nan")) for h in HORIZONS]


def alpha_png(study: Study, dpi: int = 110) -> bytes:
    """A PNG of 10 x 4 inches: bars of IC by horizon on the left, by lag on the right."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": FONT, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 4))
        title = study.formula if len(study.formula) <= 110 else study.formula[:107] + "..."
        figure.text(0.02, 0.94, title, fontsize=11, weight="bold")
        foot = (
            f"{study.dataset}: {study.bars:,} bars, {study.symbols} symbols; trial {study.key[:12]}, look {study.looks}"
        )
        figure.text(0.02, 0.02, foot, fontsize=7.5, color=QUIET)
        left, right = figure.subplots(1, 2, sharey=True)
        figure.subplots_adjust(left=0.08, right=0.98, top=0.84, bottom=0.17, wspace=0.08)
        # Ranks across symbols need some; one instrument has only its own history.
        kind = "" if study.symbols >= MIN_NAMES else "pooled_"
        said = "IC across symbols" if not kind else "IC over all bars"
        _bars(left, coefficients(study, f"{kind}ic"), f"{said}: return over the next h bars", INK)
        _bars(right, coefficients(study, f"{kind}lag_ic"), f"{said}: one-bar return h bars later", FALL)
        left.set_ylabel("information coefficient")
        return rendered_png(figure, dpi)


def _bars(axis: Any, values: list[float], title: str, colour: str) -> None:
    places = range(len(HORIZONS))
    if not any(math.isfinite(value) for value in values):
        # An axis without a bar would show a scale that means nothing.
        axis.text(0.5, 0.5, NOTHING, transform=axis.transAxes, ha="center", color=QUIET)
        axis.set(xlim=(-0.5, len(HORIZONS) - 0.5), ylim=(-1.0, 1.0))
    axis.bar(places, values, color=colour, width=0.7)
    axis.axhline(0.0, color=QUIET, linewidth=0.8)
    axis.set_xticks(places, [str(h) for h in HORIZONS])
    axis.set_xlabel("h, bars")
    axis.set_title(title, fontsize=9, loc="left")
