"""The QuantStats tearsheet of a backtest, with what must be known before reading it at its top."""

import html
import warnings
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

from cws.views.equity_picture import FONT
from cws.views.published import Backtest, daily_equity

MIN_DAYS = 10  # below, QuantStats has nothing to draw
NOTE = (
    '<div style="margin:12px 0;padding:10px 14px;border-left:4px solid #b03a2e;background:#fdf1ef;font-size:14px">'
    "<b>Caveat.</b> {caveat}</div>"
    '<div style="margin:12px 0;color:#666">Backtest on paper, costs included. Daily returns of the account at the end '
    "of each UTC day; figures over bars are in the run's metrics. Trial {key}, {trials} distinct trials of this "
    "strategy so far, ledger entry {index}.</div>"
)


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
    """Put the caveat below the title and cut the remote icon and the page's call of a function that it lacks."""
    caveat = html.escape(backtest.caveat or "none declared.")
    note = NOTE.format(caveat=caveat, key=backtest.key, trials=backtest.trials, index=backtest.ledger_index)
    assert "</h4>" in page, "the tearsheet's template has changed: the caveat has no place"
    lines = [line for line in page.replace("</h4>", "</h4>" + note, 1).split("\n") if 'rel="shortcut icon"' not in line]
    return "\n".join(lines).replace('<body onload="save()">', "<body>")
