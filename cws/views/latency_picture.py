"""A latency histogram as bars, one a bucket, and its quantiles: a few hundred bytes of SVG."""

import base64
from collections.abc import Mapping
from typing import Any

WIDTH, HEIGHT, BAR_WIDTH = 420, 120, 16
COLOUR = "#1f618d"


def latency_svg(latency: Mapping[str, Any]) -> str:
    """The buckets from the first to the last that holds anything; heights are shares of the largest."""
    counts, edges = list(latency["counts"]), [*latency["edges_us"], None]
    held = [place for place, count in enumerate(counts) if count]
    shown = range(held[0], held[-1] + 1) if held else range(0)
    largest = max(counts, default=0) or 1
    bars = "".join(_bar(place, counts[at] / largest, _label(edges[at])) for place, at in enumerate(shown))
    width = max(WIDTH, (len(shown) + 1) * 3 * BAR_WIDTH)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT + 30}" font-family="sans-serif"'
    return f'{head} font-size="10">{bars}</svg>'


def _bar(place: int, share: float, label: str) -> str:
    left, tall = 10 + place * 3 * BAR_WIDTH, max(1.0, share * HEIGHT)
    bar = f'<rect x="{left}" y="{HEIGHT - tall + 2:.0f}" width="{2 * BAR_WIDTH}" height="{tall:.0f}" fill="{COLOUR}"/>'
    return f'{bar}<text x="{left}" y="{HEIGHT + 16}">{label}</text>'


def _label(edge_us: int | None) -> str:
    if edge_us is None:
        return "more"
    return f"{edge_us // 1_000} ms" if edge_us >= 1_000 else f"{edge_us} us"


def markdown_latency(latency: Mapping[str, Any]) -> str:
    """The picture as markdown that carries its bytes, and the quantiles below it."""
    if not latency["count"]:
        return "no order went out"
    drawn = base64.b64encode(latency_svg(latency).encode()).decode()
    quantiles = ", ".join(f"{name} {latency[f'{name}_us']:,.0f} us" for name in ("p50", "p99", "p999"))
    picture = f"![{latency['name']}](data:image/svg+xml;base64,{drawn})"
    return f"{picture}\n\n{latency['name']}: {quantiles} of {latency['count']:,} orders"
