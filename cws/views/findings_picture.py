"""The work list as bars: one a finding, as long as its score, in a few hundred bytes of SVG."""

import base64
from collections.abc import Sequence
from html import escape

from cws.supervisor.findings import Finding

BARS, BAR_HEIGHT, LABEL_WIDTH, BAR_WIDTH = 10, 18, 230, 300
OPEN, PAST = "#b03a2e", "#999999"


def bars_svg(findings: Sequence[Finding]) -> str:
    """The first BARS of a ranked list; open findings are red, past ones grey. Scores stand at the bars' ends."""
    drawn = findings[:BARS]
    longest = max((one.score for one in drawn), default=0.0) or 1.0
    bars = "".join(_bar(one, place, one.score / longest) for place, one in enumerate(drawn))
    width, height = LABEL_WIDTH + BAR_WIDTH + 80, BAR_HEIGHT * max(1, len(drawn)) + 4
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif"'
    return f'{head} font-size="11">{bars}</svg>'


def _bar(one: Finding, place: int, share: float) -> str:
    top, length = place * BAR_HEIGHT + 2, max(1.0, share * BAR_WIDTH)
    label = escape(f"{one.module}: {one.kind}"[:36])
    text = f'<text x="{LABEL_WIDTH - 6}" y="{top + 12}" text-anchor="end">{label}</text>'
    colour = OPEN if one.is_open else PAST
    bar = f'<rect x="{LABEL_WIDTH}" y="{top}" width="{length:.0f}" height="{BAR_HEIGHT - 4}" fill="{colour}"/>'
    return f'{text}{bar}<text x="{LABEL_WIDTH + length + 5:.0f}" y="{top + 12}">{one.score:.4g}</text>'


def markdown_bars(findings: Sequence[Finding]) -> str:
    """The picture as markdown that carries its bytes."""
    drawn = base64.b64encode(bars_svg(findings).encode()).decode()
    return f"![findings by score](data:image/svg+xml;base64,{drawn})"
