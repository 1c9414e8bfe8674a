"""The report's picture: what the report prints is in it, panel by panel."""

from dataclasses import replace

import matplotlib
import pytest
from matplotlib.figure import Figure

from cws.ablation.figures import Figures, Worth
from cws.gate.placebo import exact_rate
from cws.lake.tables import TABLES
from cws.stamps import Stamps
from cws.supervisor.findings import Finding
from cws.views.report_picture import PANELS, Report, report_png

NOTHING = Figures(0, 0, None, 0, 0, None, None, 0.1, 0, (0,) * 8, None, {}, (), 0.0)
SOME = Figures(
    40, 4, exact_rate(4, 40), 20, 1, exact_rate(1, 20), exact_rate(2, 40), 0.1, 7, (0, 0, 0, 0, 0, 1, 3, 7), 100.0,
    {"power_1_sigma": 0.997}, (Worth("reversal_5d", "v0v0v0v0", 0.02, 0.0125),), 0.0125,
)  # fmt: skip
FINDING = Finding(
    "f", "costly", "slow", "cs_rank", "feature", "s", "slow", (), ("t",), 1, 2.0, "seconds", 4.25, 0, 0, True
)  # fmt: skip
SHADOW = {"verdict": "v1v1v1v1", "module": "winsorize", "evidence_for": 3.0, "evidence_against": 0.5}
EMPTY = Report(TABLES["verdicts"].schema.empty_table().to_pandas(), {"findings": 0}, NOTHING, [], [], [])
STAMPS = [Stamps("xs", 0, order_ns=39_500_000_000)]
FULL = replace(EMPTY, gate=SOME, shadows=[SHADOW], stamps=STAMPS, findings=[FINDING])


def words(title: str, report: Report) -> str:
    axes = Figure().subplots()
    PANELS[title](axes, report)
    axes.figure.canvas.draw()
    texts = axes.findobj(matplotlib.text.Text)
    return " ".join(text.get_text() for text in texts if text.get_visible())


@pytest.mark.parametrize(("title", "full", "empty"), [
    ("Rates, 95 % exact", ("accepted", "10.0%", "placebos that shipped", "5.0%", "false ships, estimated"), "no batch"),
    ("Power, as certified", ("power_1_sigma", "0.997"), "not certified"),
    ("Value shipped", ("reversal_5d v0v0v0", "1.25", "+1.25%"), "nothing shipped"),
    ("Top findings, by score", ("cs_rank: slow", "4.25"), "nothing was found"),
    ("Open shadows, evidence", ("winsorize v1v1v1", "for", "against"), "no open shadow"),
    ("From idea to first order", ("xs", "39.5"), "no order yet"),
])  # fmt: skip
def test_a_panel_shows_its_figure_or_says_that_there_is_none(title: str, full: tuple[str, ...], empty: str) -> None:
    shown = words(title, FULL)
    assert all(word in shown for word in full), shown
    assert empty in words(title, EMPTY)


@pytest.mark.parametrize("title", ["p-values, each patch alone", "Effects, two standard errors"])
def test_without_a_verdict_that_has_a_value_there_are_no_axes(title: str) -> None:
    assert "no verdict by value or runtime yet" in words(title, EMPTY)


def test_ablations_are_a_bar_a_week() -> None:
    axes = Figure().subplots()
    PANELS["Ablations a week"](axes, FULL)
    assert [round(bar.get_height()) for bar in axes.patches] == [0, 0, 0, 0, 0, 1, 3, 7]


@pytest.mark.parametrize("report", [EMPTY, FULL])
def test_it_is_a_picture(report: Report) -> None:
    assert report_png(report, dpi=30).startswith(b"\x89PNG")
