"""Bars in a few hundred bytes of SVG: the work list by score, what was proposed by module."""

import base64
from collections import Counter
from collections.abc import Sequence
from html import escape

from cws.patches import Patch
from cws.supervisor.findings import Finding

BARS, BAR_HEIGHT, LABEL_WIDTH, BAR_WIDTH, LABEL_CHARACTERS = 10, 18, 230, 300, 36
OPEN, PAST, WAITING = "#b03a2e", "#999999", "#1f4e79"
# What a bar is called, how long it is, its colour.
Named = tuple[str, float, str]


def bars_svg(named: Sequence[Named]) -> str:
    """The first BARS; values stand at the bars' ends."""
    drawn = named[:BARS]
    longest = max((value for _, value, _ in drawn), default=0.0) or 1.0
    bars = "".join(_bar(one, place, one[1] / longest) for place, one in enumerate(drawn))
    width, height = LABEL_WIDTH + BAR_WIDTH + 80, BAR_HEIGHT * max(1, len(drawn)) + 4
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif"'
    return f'{head} font-size="11">{bars}</svg>'


def _bar(one: Named, place: int, share: float) -> str:
    name, value, colour = one
    top, length = place * BAR_HEIGHT + 2, max(1.0, share * BAR_WIDTH)
    label = escape(name[:LABEL_CHARACTERS])
    text = f'<text x="{LABEL_WIDTH - 6}" y="{top + 12}" text-anchor="end">{label}</text>'
    bar = f'<rect x="{LABEL_WIDTH}" y="{top}" width="{length:.0f}" height="{BAR_HEIGHT - 4}" fill="{colour}"/>'
    return f'{text}{bar}<text x="{LABEL_WIDTH + length + 5:.0f}" y="{top + 12}">{value:.4g}</text>'


def of_findings(findings: Sequence[Finding]) -> list[Named]:
    """A ranked list by score; open findings are red, past ones grey."""
    return [(f"{one.module}: {one.kind}", one.score, OPEN if one.is_open else PAST) for one in findings]


def of_patches(patches: Sequence[Patch]) -> list[Named]:
    """How many patches of each module wait, by who proposed them; most first."""
    counts = Counter(f"{one.module}, {one.proposer or 'person'}" for one in patches)
    return [(name, float(count), WAITING) for name, count in counts.most_common()]


def markdown_bars(named: Sequence[Named], what: str) -> str:
    """The picture as markdown that carries its bytes."""
    drawn = base64.b64encode(bars_svg(named).encode()).decode()
    return f"![{what}](data:image/svg+xml;base64,{drawn})"
