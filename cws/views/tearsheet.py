"""The QuantStats tearsheet of a backtest, with what must be known before reading it at its top."""

import base64
import html
import re
import warnings
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd

from cws.views.equity_picture import FALL, FONT, rendered_png
from cws.views.published import Backtest, daily_equity

MIN_DAYS = 10  # below, QuantStats has nothing to draw
NOTE = (
    '<div style="margin:12px 0;padding:10px 14px;border-left:4px solid #b03a2e;background:#fdf1ef;font-size:14px">'
    "<b>Caveat.</b> {caveat}</div>"
    '<div style="margin:12px 0;color:#666">Backtest on paper, costs included. Daily returns of the account at the end '
    "of each UTC day; figures over bars are in the run's metrics. Trial {key}, ledger entry {index}; distinct trials "
    "of this strategy when this was drawn: {trials}.</div>"
)
# What the page would load from elsewhere or call in vain, a glyph that fonts lack, and headers that say another thing
# than their column holds (the first yearly column adds up daily returns; an open drawdown has not recovered).
REPAIRS = (
    (r'<link rel="shortcut icon"[^>]*>', ""),
    (r' onload="save\(\)"', ""),
    ("CAGR\ufe6a", "CAGR"),
    (r"(<th[^>]*>)Return</th>", r"\1Sum of days</th>"),
    (r"(<th[^>]*>)Cumulative</th>", r"\1Compounded, %</th>"),
    (r"(<th[^>]*>)Recovered</th>", r"\1Recovered or last</th>"),
)
YEARS = re.compile(r'(<div id="eoy_returns">).*?(</div>)', re.DOTALL)


def _arial_is_dejavu() -> None:
    """QuantStats names Arial in every call; where it is missing, matplotlib would say so some hundred times."""
    from matplotlib import font_manager

    fonts = font_manager.fontManager.ttflist
    if not any(font.name == "Arial" for font in fonts):
        fonts.extend([replace(font, name="Arial") for font in fonts if font.name == FONT])


def tearsheet_html(backtest: Backtest, folder: Path) -> Path | None:
    """Write `tearsheet.html` into `folder`; None when the backtest is too short to draw.

    Nothing is fetched: there is no benchmark and no risk-free rate, and what the page would load from elsewhere is cut.
    """
    returns = daily_equity(backtest.equity).pct_change().dropna()
    if len(returns) < MIN_DAYS:
        return None
    path = folder / "tearsheet.html"
    with ExitStack() as quiet:
        quiet.enter_context(warnings.catch_warnings(action="ignore"))
        quiet.enter_context(redirect_stdout(StringIO()))
        quiet.enter_context(redirect_stderr(StringIO()))
        import matplotlib

        matplotlib.use("Agg")
        _arial_is_dejavu()
        quiet.enter_context(matplotlib.rc_context({"font.family": FONT}))
        import quantstats

        quantstats.reports.html(
            returns, output=str(path), title=backtest.unit.recipe.title, strategy_title=backtest.unit.name,
            periods_per_year=backtest.sessions_per_year, figfmt="png",
        )  # fmt: skip
    path.write_text(_annotated(path.read_text(encoding="utf-8"), backtest), encoding="utf-8")
    return path


def _annotated(page: str, backtest: Backtest) -> str:
    """Put the caveat below the title, repair the page and draw its yearly bars anew."""
    caveat = html.escape(backtest.caveat or "none declared.")
    note = NOTE.format(caveat=caveat, key=backtest.key, trials=backtest.trials, index=backtest.ledger_index)
    assert "</h4>" in page, "the tearsheet's template has changed: the caveat has no place"
    page = page.replace("</h4>", "</h4>" + note, 1)
    for pattern, repaired in REPAIRS:
        page = re.sub(pattern, repaired, page)
    bars = base64.b64encode(_yearly_png(daily_equity(backtest.equity))).decode()
    return YEARS.sub(rf'\g<1><img src="data:image/png;base64,{bars}" alt="yearly returns">\g<2>', page)


def yearly_returns(equity_usd: pd.Series) -> pd.Series:
    """Return of each calendar year in which the account had a bar, the first from the account's first value."""
    ends = equity_usd.groupby(pd.DatetimeIndex(equity_usd.index).year).last()
    return ends / ends.shift(1).fillna(equity_usd.iloc[0]) - 1.0


def _yearly_png(equity_usd: pd.Series) -> bytes:
    """Bars of calendar years. QuantStats labels its own with other years than they show (pandas 3)."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    returns = yearly_returns(equity_usd)
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.bar(returns.index, returns.to_numpy() * 100, color=["#348dc1" if value >= 0 else FALL for value in returns])
    axes.axhline(0, color="black", linewidth=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title("Returns by calendar year, %", weight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    return rendered_png(figure, 100)
