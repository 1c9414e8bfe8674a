"""The loop in one picture: how far ideas came, the p-values of patches and placebos, and effects with their errors."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cws.views.equity_picture import FALL, FONT, INK, QUIET, rendered_png

MOST_EFFECTS = 30
PLACEBO = "#c8952d"


def loop_png(rows: pd.DataFrame, funnel: Mapping[str, int], dpi: int = 110) -> bytes:
    """A PNG of 12 x 4.6 inches. `rows` are the lake's `verdicts`, `funnel` counts by step, widest first."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(
        {"font.family": FONT, "axes.spines.top": False, "axes.spines.right": False, "font.size": 9}
    ):
        figure = Figure(figsize=(12, 4.6))
        steps, p_values, effects = figure.subplots(1, 3)
        figure.subplots_adjust(left=0.105, right=0.985, top=0.88, bottom=0.13, wspace=0.32)
        draw_funnel(steps, funnel)
        draw_p_values(p_values, rows[rows["p"].notna()])
        draw_effects(effects, rows[rows["standard_error"].notna()])
        return rendered_png(figure, dpi)


def markdown_loop(rows: pd.DataFrame, funnel: Mapping[str, int]) -> str:
    """The picture as markdown that carries its bytes; small enough for an event log."""
    return f"![the loop](data:image/png;base64,{base64.b64encode(loop_png(rows, funnel, dpi=64)).decode()})"


def draw_funnel(axes: Any, funnel: Mapping[str, int]) -> None:
    names, counts = list(funnel), list(funnel.values())
    axes.barh(range(len(names)), counts, color=INK, height=0.62)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, max([*counts, 1]) * 1.15)
    axes.xaxis.get_major_locator().set_params(integer=True)
    for place, count in enumerate(counts):
        axes.text(count, place, f" {count:,}", va="center")
    axes.set_title("From finding to ship", loc="left")


def draw_p_values(axes: Any, rows: pd.DataFrame) -> None:
    """On confirm folds. Without any improvement the bars are level; what stands out at zero is a find."""
    real, placebo = (rows.loc[rows["placebo"] == flag, "p_alone"].to_numpy() for flag in (False, True))
    axes.hist([real, placebo], bins=np.linspace(0.0, 1.0, 21), stacked=True, color=[INK, PLACEBO],
              label=[f"patches ({len(real)})", f"placebos ({len(placebo)})"])  # fmt: skip
    axes.set_xlim(0.0, 1.0)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_title("p-values, each patch alone", loc="left")
    axes.set_xlabel("p")
    axes.set_ylabel("verdicts")
    axes.legend(frameon=False)


def draw_effects(axes: Any, rows: pd.DataFrame) -> None:
    """The surest MOST_EFFECTS, with two standard errors."""
    shown = rows.assign(t=rows["effect"] / rows["standard_error"]).sort_values("t", kind="stable").tail(MOST_EFFECTS)
    for place, (effect, error, outcome, placebo) in enumerate(
        zip(shown["effect"], shown["standard_error"], shown["outcome"], shown["placebo"], strict=True)
    ):
        colour = PLACEBO if placebo else FALL if outcome == "reject" else INK
        axes.errorbar(effect, place, xerr=2.0 * error, fmt="o", color=colour, markersize=4, linewidth=1.2)
    axes.axvline(0.0, color=QUIET, linewidth=0.8)
    axes.set_yticks(range(len(shown)), shown["module"])
    axes.set_ylim(-0.7, max(len(shown), 3) - 0.3)
    axes.set_title("Effects, two standard errors", loc="left")
    axes.set_xlabel("daily delta over its size, on confirm folds")
    for name, colour in (("accepted", INK), ("rejected", FALL), ("placebo", PLACEBO)):
        axes.plot([], [], "o", color=colour, label=name, markersize=4)
    axes.legend(loc="lower right", framealpha=0.9, edgecolor="white")
