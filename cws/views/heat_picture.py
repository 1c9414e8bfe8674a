"""The heat map of a batch: two settings, and the best Sharpe ratio over all others."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws.batch.grid import Axis
from cws.batch.run import Batch
from cws.views.equity_picture import FALL, FONT, QUIET, rendered_png

F64 = NDArray[np.float64]
MAX_TICKS, MAX_WRITTEN = 16, 144
# A palette as small as a line's would bend the scale.
COLOURS = 256


def heat_png(batch: Batch, axes: tuple[Axis, Axis], best: F64, dpi: int = 110) -> bytes:
    """A PNG of 9 x 6 inches; `best` is (values of the first axis, values of the second), NaN where there is none."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": FONT, "font.size": 9}):
        figure = Figure(figsize=(9, 6))
        title = f"{batch.body['recipe']}: best Sharpe per bar by {axes[0].name} and {axes[1].name}"
        figure.text(0.02, 0.955, "\n".join(textwrap.wrap(title, 90)), fontsize=12, weight="bold", va="center")
        figure.text(0.02, 0.905, _caveat(batch), fontsize=9, color=FALL, va="center")
        figure.text(0.02, 0.015, _foot(batch), fontsize=7.5, color=QUIET)
        plot = figure.subplots()
        figure.subplots_adjust(left=0.11, right=0.93, top=0.86, bottom=0.14)
        # Zero is white, whatever the range: what loses must not look like what gains less.
        reach = float(np.nanmax(np.abs(best))) if np.isfinite(best).any() else 1.0
        image = plot.imshow(best, cmap="RdBu", vmin=-reach, vmax=reach, aspect="auto", origin="lower")
        plot.set_facecolor("#dddddd")
        figure.colorbar(image, ax=plot, label="Sharpe per bar", fraction=0.05, pad=0.02)
        _ticks(plot.yaxis, axes[0])
        _ticks(plot.xaxis, axes[1])
        if best.size <= MAX_WRITTEN:
            _written(plot, best, reach)
        return rendered_png(figure, dpi, COLOURS)


def _caveat(batch: Batch) -> str:
    others = [name for name, _, count in batch.body["grid"] if count > 1]
    tried = f"The best of {batch.body['sets']:,} sets"
    return f"{tried}: selection flatters every cell" + (
        ", the more settings stand behind it" if len(others) > 2 else ""
    )


def _foot(batch: Batch) -> str:
    deflated = batch.body["best_in_full"].get("deflated_sharpe")
    said = f"deflated Sharpe of the best {deflated:.3f}" if deflated is not None else "no deflated Sharpe"
    return f"{said} over {batch.body['trials']:,} distinct trials  |  backtests on paper, batch {batch.body['batch']}"


def _ticks(axis: Any, shown: Axis) -> None:
    count = len(shown.values)
    places = np.unique(np.linspace(0, count - 1, min(count, MAX_TICKS)).round().astype(int))
    axis.set_ticks(places.tolist(), labels=_short([shown.values[place] for place in places]))
    axis.set_label_text(shown.name)


def _short(values: Sequence[object]) -> list[str]:
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in values]


def _written(plot: Any, best: F64, reach: float) -> None:
    for (row, column), value in np.ndenumerate(best):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.6 * reach else "black"
            plot.text(column, row, f"{value:.3f}", ha="center", va="center", fontsize=7, color=colour)
