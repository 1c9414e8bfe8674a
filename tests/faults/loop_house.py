"""A house whose data hold a better setting than the one in force: a batch over it screens, rejects and ships."""

import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from children import die
from small_house import HEADER, SYMBOLS, Place, make_place, session_dates, text

from cws.ablation.ablate import Bench
from cws.ablation.alone import ablate_alone
from cws.ablation.batch import last_state
from cws.ablation.ground import Published
from cws.house import House
from cws.ledger.entry import Entry
from cws.ledger.ledger import Ledger
from cws.patches import Patch, patch_toml
from cws.strategies import catalogue
from cws.supervisor.cycle import Asked, cycle
from cws.trials import LedgerSink
from modules.registry import ROOT

PATCHES = (
    Patch("reversal_5d", {"window_bars": 12}, finding="f1"),
    Patch("reversal_5d", {"window_bars": 20}, finding="f1"),
    Patch("rank_to_weight", {"gross": 0.5}, finding="f2"),
)
SEED = 4  # one with which a batch of so few draws a placebo
# What a cycle cannot do twice. Trials are not among them: a look that was taken again is counted again.
DECISIVE = ("baseline", "confirm", "verdict", "batch", "ship", "shadow", "cycle")
GATES_TABLES = ("deltas", "verdicts")


@cache
def waves() -> bytes:
    """Two symbols against each other, nine days up and nine days down, under noise.

    What is decided today earns the day after tomorrow: a reversal over five days is more often wrong than right about
    that, one over twelve days is mostly right.
    """
    rng = np.random.default_rng(5)
    lines = [HEADER]
    for side, symbol in zip((1.0, -1.0), SYMBOLS, strict=True):
        days = np.arange(len(session_dates()))
        moves = side * 0.006 * np.where(days % 18 < 9, 1.0, -1.0) + rng.normal(0.0, 0.008, len(days))
        closes = np.round(50.0 * np.exp(np.cumsum(moves)), 2)
        start = closes[0]
        for date, close in zip(session_dates(), closes.tolist(), strict=True):
            high, low = max(start, close) + 0.5, min(start, close) - 0.5
            lines.append(f"{symbol},{date},{start:.2f},{high:.2f},{low:.2f},{close:.2f},{rng.integers(1, 9)}00000")
            start = close
    return text(lines)


def make_loop_place(folder: Path) -> Place:
    """Daily decisions, so that a year of days is enough for both folds, and no costs to speak of."""
    place = make_place(folder, waves())
    place.edit(place.strategy, 'schedule = "weekly"', 'schedule = "daily"')
    place.edit(place.strategy, "cost_bps = 5.0", "cost_bps = 0.1")
    return place


def modules_of(place: Place) -> Path:
    """A copy of the modules' TOMLs beside the place: what ships there never touches the product."""
    root = place.folder / "modules"
    if not root.exists():
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return root


def bench_on(place: Place, again: dict[str, str] | None = None) -> Bench:
    """`again` is what a fresh process gave for these very baselines, so that not every child starts one more."""
    house = place.house()
    sink = LedgerSink(house.ledger, house.lake, house.clock_ns)
    return Bench(house, [Published(place.settings, "small_reversal")], sink, _again=again)


def propose_to(place: Place) -> None:
    """What proposers said, as `cws supervise` keeps it before it ablates anything."""
    said = {"seed": SEED, "asks": [["f1", "reversal_5d", 8]], "refused": [], "looks": 0}
    place.house().ledger.append("proposals", {**said, "patches": [patch_toml(patch) for patch in PATCHES]})


def supervise_on(folder: Path, again: dict[str, str]) -> None:
    """`cws supervise` from the proposals on, to the end, on a copy of the modules."""
    place = Place(folder)
    bench = bench_on(place, again)
    with bench.house.home.writing("test"):
        cycle(bench, catalogue(place.strategies), Asked(8, SEED), root=modules_of(place))


def ask_alone(folder: Path, again: dict[str, str]) -> None:
    """`cws ablate PATCH`."""
    bench = bench_on(Place(folder), again)
    with bench.house.home.writing("test"):
        ablate_alone(bench, PATCHES[0])


def supervise_and_die(folder: Path, again: dict[str, str]) -> None:
    """`supervise_on`, killed after the first entry that moves it on."""
    _die_at_the_first_step()
    supervise_on(folder, again)


def ask_alone_and_die(folder: Path, again: dict[str, str]) -> None:
    """`ask_alone`, killed after the first entry that moves it on."""
    _die_at_the_first_step()
    ask_alone(folder, again)


def _die_at_the_first_step() -> None:
    real = Ledger.append

    def append(ledger: Ledger, kind: str, body: Mapping[str, object]) -> Entry:
        written = real(ledger, kind, body)
        if kind in DECISIVE or _first_commit(ledger, body):
            die()
        return written

    Ledger.append = append  # type: ignore[method-assign]


def _first_commit(ledger: Ledger, body: Mapping[str, object]) -> bool:
    """The batch's rows carry the time, so a part that is written again is another version, and no step further."""
    place = (body.get("table"), body.get("part"))
    known = [e for e in ledger.entries("lake_commit") if (e.body["table"], e.body["part"]) == place]
    return place[0] in GATES_TABLES and len(known) == 1


def decided(house: House) -> dict[str, object]:
    """All that a batch leaves and nothing of when: verdicts, deltas, ships, shadows, confirm looks, FDR state."""

    def bodies(kind: str, *names: str) -> list[dict[str, object]]:
        return [{name: entry.body[name] for name in names} for entry in house.ledger.entries(kind)]

    verdicts = bodies("verdict", "id", "kind", "reason", "p", "batch_p", "effect", "variants", "patch")
    deltas = {pin.part: pin.hash for pin in house.lake.parts("deltas")}
    batches = bodies("batch", "id", "state", "verdicts", "ship", "shadow", "placebos", "placebo_ships")
    rows = [house.lake.read(pin).drop(columns="ts_avail").to_csv() for pin in house.lake.parts("verdicts")]
    ships, shadows = bodies("ship", "verdict", "module", "after"), bodies("shadow", "verdict")
    looks, cycles = bodies("confirm", "patch", "finding"), bodies("cycle", "proposals", "batches")
    return {
        "verdicts": verdicts, "deltas": deltas, "batches": batches, "rows": rows, "ships": ships,
        "shadows": shadows, "confirm": looks, "cycles": cycles, "state": last_state(house),
    }  # fmt: skip
