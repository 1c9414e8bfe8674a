"""The made-up market beside the real one: moments of the default datasets and of the worlds calibrated to them.

`python -m benchmarks.market [--json] [--write FOLDER]`. The table shows the real value and, of seven seeds, the median
and the range. `--write docs` also writes `market.md`'s table and `market.png` there. The time of a world of 20 symbols x
2,500 days stands beside that of drawing its shocks alone, the least that anything of this kind must do.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.machine import facts, interleaved, show
from cws.market.calibrated import BANDS, CALIBRATED, SEEDS, made_moments, middle
from cws.market.clock import bars_a_year
from cws.market.ingested import ingested
from cws.market.moments import moments
from cws.market.spec import Alpha, World
from cws.market.worlds import make_world
from cws.sources import locate, read
from cws.strategies import catalogue
from kernels.market import stream, unit_t
from kernels.ordered import F64
from modules.panel import grid

ROOT = Path(__file__).resolve().parent.parent
LAGS = 40
START, END = "<!-- table -->", "<!-- end of table -->"
Sides = Mapping[str, tuple[Mapping[str, float], Sequence[Mapping[str, float]]]]


def real_returns(name: str) -> tuple[Mapping[str, float], F64]:
    """(moments, returns) of a default dataset through its own ingest and clean modules."""
    chosen = catalogue(ROOT / "strategies")
    dataset = chosen.datasets[name]
    data = read(locate(dataset.source, chosen.folder / "datasets")).data
    bars = ingested(dataset, data).tables["bars"].frame
    close = grid(bars).spread(bars["close"])
    return moments(bars, bars_a_year(CALIBRATED[name])), close[1:] / close[:-1] - 1.0


def made_returns(name: str) -> F64:
    """Returns of the calibrated world's first seed."""
    bars = make_world(CALIBRATED[name], SEEDS[0])["bars"].frame
    close = grid(bars).spread(bars["close"])
    return close[1:] / close[:-1] - 1.0


def table(sides: Sides) -> str:
    """Markdown: a row a moment and dataset."""
    lines = ["| dataset | moment | real | world | range of seeds | band |", "|---|---|---|---|---|---|"]
    for name, (real, made) in sides.items():
        typical = middle(made)
        for moment, band in BANDS.items():
            if np.isnan(real[moment]):
                continue
            values = [one[moment] for one in made]
            width = f"{band.relative:.0%}" if band.relative else f"{band.within:g}"
            spread = f"{min(values):.2f} to {max(values):.2f}"
            lines.append(
                f"| {name} | {moment} | {real[moment]:.2f} | {typical[moment]:.2f} | {spread} | ± {width} |"
            )
    return "\n".join(lines)


def _tail(returns: F64) -> tuple[F64, F64]:
    """(size in standard deviations, share of bars beyond it), pooled over symbols."""
    known = returns / np.nanstd(returns, axis=0)
    sizes = np.sort(np.abs(known[~np.isnan(known)]))
    return sizes, 1.0 - np.arange(len(sizes)) / len(sizes)


def _clusters(returns: F64) -> F64:
    """Autocorrelation of absolute returns at lags 1..LAGS, mean over symbols."""
    size = np.abs(returns) - np.nanmean(np.abs(returns), axis=0)
    usual = np.nanmean(size * size, axis=0)
    return np.array([np.nanmean(np.nanmean(size[lag:] * size[:-lag], axis=0) / usual) for lag in range(1, LAGS + 1)])


def plot(sides: Sides, returns: Mapping[str, F64], path: Path) -> None:
    """A row a dataset: its moments, its tail, its clusters; the real one in black, the world in colour."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.4 * len(sides)), layout="constrained")
    axes = figure.subplots(len(sides), 3, squeeze=False, width_ratios=(1.5, 1, 1))
    for row, (name, (real, made)) in enumerate(sides.items()):
        shown = [moment for moment in BANDS if not np.isnan(real[moment])]
        for at, moment in enumerate(reversed(shown)):
            over = [(one[moment] - real[moment]) / BANDS[moment].reach(real[moment]) for one in made]
            axes[row, 0].plot([min(over), max(over)], [at, at], color="tab:orange", lw=6, alpha=0.35)
            axes[row, 0].plot(float(np.median(over)), at, "o", color="tab:orange")
        axes[row, 0].axvline(0.0, color="black", lw=1)
        axes[row, 0].axvspan(-1.0, 1.0, color="grey", alpha=0.15)
        axes[row, 0].set_yticks(range(len(shown)), [f"{m} ({real[m]:.2f})" for m in reversed(shown)])
        axes[row, 0].set_xlim(-3.0, 3.0)
        axes[row, 0].set_title(f"{name}: world less real value (in brackets), in bands; dot: median", fontsize=9)
        world = made_returns(name)
        for values, colour, label in ((returns[name], "black", "real"), (world, "tab:orange", "world, one seed")):
            axes[row, 1].loglog(*_tail(values), color=colour, label=label)
            axes[row, 2].plot(range(1, LAGS + 1), _clusters(values), color=colour, label=label)
        axes[row, 1].set_xlim(0.5, 40)
        axes[row, 1].set_title("share of bars beyond n standard deviations", fontsize=9)
        axes[row, 2].axhline(0.0, color="grey", lw=0.5)
        axes[row, 2].set_title("autocorrelation of |return| by lag", fontsize=9)
        axes[row, 1].legend(fontsize=8)
    figure.savefig(path, dpi=80)


def speed() -> dict[str, object]:
    """A warm world of 20 symbols x 2,500 days, with an alpha and without, beside its shocks alone."""
    null = World(name="speed")
    planted = null.model_copy(update={"alpha": Alpha(pattern="reversal", ic=0.03)})
    calls = {
        "null": lambda: make_world(null, 1),
        "planted": lambda: make_world(planted, 1),
        "shocks": lambda: [unit_t(stream(1, at), (null.bars, null.symbols), 5.0) for at in range(2)],
    }
    took = interleaved(calls, 5)
    return {f"{name}_ms": round(found["cpu_ms"], 1) for name, found in took.items()}


def write(folder: Path, sides: Sides, returns: Mapping[str, F64]) -> None:
    """Put the table between the marks of `market.md`, and the picture beside it."""
    page = folder / "market.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(START)
    page.write_text(f"{before}{START}\n\n{table(sides)}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")
    plot(sides, returns, folder / "market.png")


def _said(found: Mapping[str, float]) -> dict[str, float]:
    """Without what cannot be said, for JSON has no NaN."""
    return {name: round(value, 6) for name, value in found.items() if not np.isnan(value)}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--write", type=Path, help="folder whose market.md and market.png are written anew")
    chosen = parser.parse_args(arguments)
    real = {name: real_returns(name) for name in CALIBRATED}
    sides = {name: (real[name][0], made_moments(world)) for name, world in CALIBRATED.items()}
    if chosen.write is not None:
        write(chosen.write, sides, {name: returns for name, (_, returns) in real.items()})
    if chosen.json:
        known = {name: {"real": _said(found), "world": _said(middle(made))} for name, (found, made) in sides.items()}
        show({"name": "market", "moments": known, "speed": speed(), **facts()})
    else:
        sys.stdout.write(table(sides) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
