"""The picture of a backtest: the account above, its drawdown below; and the same in a few hundred bytes."""

import base64
import textwrap
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from cws.views.published import Backtest, bar_equity, drawdown

INK, FALL, QUIET = "#1f4e79", "#b03a2e", "#666666"
FONT = "DejaVu Sans"  # comes with matplotlib, so that no other machine lacks it
LOG_FROM = 8.0  # an account that grew this many times is drawn on a logarithmic axis
YEARS_ONLY = pd.Timedelta(days=4 * 365)  # a longer history is labelled by years, a shorter one by days
COLOURS = 48  # a palette keeps the picture small: it travels inside event logs
SPARK_POINTS, SPARK_WIDTH, SPARK_HEIGHT = 64, 280, 44


def equity_png(backtest: Backtest, dpi: int = 110) -> bytes:
    """A PNG of 10 x 5.6 inches: title, caveat, equity and drawdown over dates."""
    import matplotlib
    from matplotlib.figure import Figure

    equity_usd = bar_equity(backtest.equity)
    with matplotlib.rc_context(
        {"font.family": FONT, "axes.spines.top": False, "axes.spines.right": False, "font.size": 9}
    ):
        figure = Figure(figsize=(10, 5.6))
        caveat_lines = _head(figure, backtest)
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1], "hspace": 0.08})
        figure.subplots_adjust(left=0.085, right=0.975, top=0.92 - 0.034 * caveat_lines, bottom=0.1)
        _account(above, equity_usd)
        _fall(below, equity_usd)
        figure.align_ylabels()
        return rendered_png(figure, dpi)


def rendered_png(figure: Any, dpi: int, colours: int = COLOURS) -> bytes:
    """The figure as a PNG with a palette of so many colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    buffer = BytesIO()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    Image.fromarray(pixels).quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _head(figure: Any, backtest: Backtest) -> int:
    """Title, caveat and foot; returns the lines that the caveat takes."""
    figure.text(0.02, 0.955, backtest.unit.recipe.title, fontsize=13, weight="bold")
    figure.text(0.02, 0.014, _foot(backtest), fontsize=7.5, color=QUIET)
    caveat = backtest.unit.recipe.caveat
    lines = textwrap.wrap("Caveat: " + caveat, 130, max_lines=2, placeholder=" ...") if caveat else []
    figure.text(0.02, 0.94, "\n".join(lines), fontsize=9, color=FALL, va="top")
    return len(lines)


def _foot(backtest: Backtest) -> str:
    shown = {"sharpe": "Sharpe {:.2f}", "max_drawdown": "max drawdown {:.1%}", "cagr": "growth {:.1%} a year"}
    figures = [text.format(backtest.figures[name]) for name, text in shown.items() if name in backtest.figures]
    source = [f"backtest on paper, costs included, trial {backtest.key[:12]}, ledger entry {backtest.ledger_index}"]
    return "  |  ".join([*figures, *source])


def _account(axes: Any, equity_usd: pd.Series) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.plot(equity_usd.index, equity_usd.to_numpy(), color=INK, linewidth=1.1)
    axes.axhline(equity_usd.iloc[0], color=QUIET, linewidth=0.6, linestyle=":")
    if equity_usd.max() > LOG_FROM * equity_usd.min():
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(_millions))
    axes.set_ylabel("equity, USD")
    axes.grid(alpha=0.25, linewidth=0.5)


def _millions(usd: float, _: int) -> str:
    return f"{usd / 1e6:.4g}M" if abs(usd) >= 1e6 else f"{usd / 1e3:.4g}k"


def _fall(axes: Any, equity_usd: pd.Series) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter
    from matplotlib.ticker import FuncFormatter

    fall = drawdown(equity_usd)
    axes.fill_between(fall.index, fall.to_numpy(), 0.0, color=FALL, alpha=0.55, linewidth=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:.3g}%"))
    axes.set_ylabel("drawdown")
    axes.set_ylim(top=0.0)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.margins(x=0.01)
    span = fall.index[-1] - fall.index[0]
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=9))
    axes.xaxis.set_major_formatter(DateFormatter("%Y" if span > YEARS_ONLY else "%d %b %Y"))


def markdown_png(backtest: Backtest) -> str:
    """The picture as markdown that carries its bytes; small enough for an event log."""
    return f"![equity and drawdown](data:image/png;base64,{base64.b64encode(equity_png(backtest, dpi=64)).decode()})"


def markdown_spark(equity: pd.DataFrame) -> str:
    """The account's line as markdown of less than 1,000 characters: Dagster shows that much without a click."""
    drawn = base64.b64encode(_spark_svg(bar_equity(equity).to_numpy()).encode()).decode()
    return f"![equity](data:image/svg+xml;base64,{drawn})"


def _spark_svg(equity_usd: np.ndarray) -> str:
    """The line through at most SPARK_POINTS values, evenly spaced in bars; the dotted line is where it began."""
    picked = equity_usd[np.unique(np.linspace(0, len(equity_usd) - 1, SPARK_POINTS).round().astype(int))]
    low, high = float(picked.min()), float(picked.max())
    across = np.linspace(0, SPARK_WIDTH, len(picked))
    down = (high - picked) / (high - low or 1.0) * (SPARK_HEIGHT - 4) + 2
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(across, down, strict=True))
    size = f"width='{SPARK_WIDTH}' height='{SPARK_HEIGHT}'"
    start = f"<path d='M0 {down[0]:.0f}H{SPARK_WIDTH}' stroke='#999' stroke-dasharray='2'/>"
    line = f"<polyline fill='none' stroke='{INK}' points='{points}'/>"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{start}{line}</svg>"
