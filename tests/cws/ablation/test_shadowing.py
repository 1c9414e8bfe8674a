"""A shadow is carried over new days once, from frozen scales, and ends in a ship or in a ledger entry."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from cws.ablation import shadowing
from cws.ablation.ablate import Bench, ablate, anew
from cws.ablation.ground import Ground, Source
from cws.ablation.record import Judged, keep_verdict
from cws.ablation.shadowing import advance, open_shadows
from cws.ablation.shipping import in_force, ship, toml_path
from cws.gate.shadow import Shadow, Stand
from cws.house import House
from cws.patches import Patch
from modules import tables as declared
from modules.registry import load
from modules.values import Table, make_table

PATCH = Patch("reversal_5d", {"window_bars": 9})
KINDS = ("shadow_step", "shadow_end", "ship")


@pytest.fixture
def opened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Judged:
    """A shadow whose verdict saw only the first half of its confirm days, so that the others are new."""
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    return shadow_of(bench, PATCH)


def shadow_of(bench: Bench, patch: Patch) -> Judged:
    judged = ablate(bench, patch)
    kept = bench.house.lake.read(bench.house.lake.pin("deltas", judged.id))
    bench.house.lake.commit(
        "deltas", judged.id, kept[kept["ts_event"] < kept["ts_event"].median()].reset_index(drop=True)
    )
    bench.house.ledger.append("shadow", {"verdict": judged.id, "module": patch.module})
    return judged


def standing_at(house: House, stand: Stand) -> None:
    """The last step, as if it had come to `stand`."""
    body = dict(house.ledger.entries("shadow_step")[-1].body)
    house.ledger.append("shadow_step", {**body, "state": {**dict(body["state"]), "stand": str(stand)}})  # type: ignore[call-overload]


def moved(house: House) -> list[str]:
    return [entry.kind for entry in house.ledger.entries() if entry.kind in KINDS]


def test_a_day_is_bet_on_once(bench: Bench, opened: Judged, root: Path) -> None:
    (one,) = advance(bench, root)
    assert one.shadow is not None and one.shadow.days > 20
    steps = moved(bench.house).count("shadow_step")
    (again,) = advance(replace(bench, _grounds={}, _arms={}), root) if open_shadows(bench.house) else (one,)
    assert again.shadow == one.shadow and moved(bench.house).count("shadow_step") == steps == 1


@dataclass(frozen=True)
class Early:
    """A source whose last bars have not come yet: its first `bars` are there."""

    later: Source
    bars: int

    @property
    def name(self) -> str:
        return self.later.name

    def open(self) -> Ground:
        ground = self.later.open()
        bars = ground.tables["bars"]
        assert isinstance(bars, Table)
        came = bars.frame["ts_event"].rank(method="first") <= self.bars
        early = make_table(bars.frame[came].reset_index(drop=True), declared.BARS, "first bars")
        return replace(ground, tables={**ground.tables, "bars": early})


def with_bars(bench: Bench, bars: int) -> Bench:
    return Bench(bench.house, [Early(source, bars) for source in bench.sources], bench.sink)


def test_wealth_is_the_same_whether_bars_come_at_once_or_in_pieces(bench: Bench, opened: Judged, root: Path) -> None:
    """Killed between two steps, it goes on from the ledger to the same bits, also where a day came in two pieces."""
    known = bench.grounds()[0].tables["bars"]
    assert isinstance(known, Table)
    kept = bench.house.lake.read(bench.house.lake.pin("deltas", opened.id))
    seen = int((known.frame["ts_event"] <= kept["ts_event"].max()).sum())
    for bars in (seen + 9, seen + 10, seen + 43, len(known.frame) - 1, len(known.frame)):
        (parts,) = advance(with_bars(bench, bars), root)
    assert len(bench.house.ledger.entries("shadow_step")) == 3, "half of a day waits for the other"
    at_once = shadowing._stepped(bench, shadowing._open(opened, None))
    assert at_once.shadow == parts.shadow and at_once.hedge == parts.hedge


def test_steps_in_another_measure_are_taken_anew(bench: Bench, opened: Judged, root: Path) -> None:
    """Steps that do not say what they were measured with bet on deltas at a size that the gate never saw."""
    state = {**asdict(Shadow(0.01, days=40)), "stand": str(Stand.GO_ON)}
    old = {"verdict": opened.id, "module": PATCH.module, "last_day": 10**6, "state": state}
    bench.house.ledger.append("shadow_step", old)
    (one,) = advance(bench, root)
    assert one.shadow == shadowing._stepped(bench, shadowing._open(opened, None)).shadow


@pytest.fixture
def read_from_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What ships to the copy is what the registry reads."""
    module = load(PATCH.module)
    monkeypatch.setattr(module, "path", toml_path(PATCH.module, root).with_suffix(".py"))
    yield
    module.__dict__.pop("manifest", None)


@pytest.mark.usefixtures("read_from_root")
@pytest.mark.parametrize(("stand", "ships"), [(Stand.PROMOTE, 1), (Stand.ROLL_BACK, 0)])
def test_what_stands_ends_once_also_after_a_crash(
    bench: Bench, opened: Judged, root: Path, stand: Stand, ships: int
) -> None:
    advance(bench, root)
    standing_at(bench.house, stand)
    if stand is Stand.PROMOTE:
        ship(bench.house, PATCH, opened.id, root)  # and killed before the end was written
    for _ in range(2):
        advance(bench, root)
    assert [entry.body["stand"] for entry in bench.house.ledger.entries("shadow_end")] == [str(stand)]
    assert len(in_force(bench.house)) == ships
    assert open_shadows(bench.house) == []
    assert ("window_bars = 9" in toml_path("reversal_5d", root).read_text()) == bool(ships)


@pytest.mark.usefixtures("read_from_root")
def test_after_a_promotion_the_next_shadow_sees_what_shipped(bench: Bench, opened: Judged, root: Path) -> None:
    (one,) = advance(bench, root)
    assert one.shadow is not None and one.shadow.stand is Stand.GO_ON
    other = shadow_of(bench, Patch("reversal_5d", {"window_bars": 12}))
    standing_at(bench.house, Stand.PROMOTE)
    remembered = bench.baseline(bench.grounds()[0], "all")
    promoted, followed = advance(bench, root)
    assert promoted.judged.id == opened.id and len(in_force(bench.house)) == 1
    fresh = anew(bench)
    assert fresh.baseline(fresh.grounds()[0], "all").hash != remembered.hash
    assert followed.shadow == shadowing._stepped(fresh, shadowing._open(other, None)).shadow is not None


def test_revised_history_ends_a_shadow(bench: Bench, opened: Judged, root: Path) -> None:
    kept = bench.house.lake.read(bench.house.lake.pin("deltas", opened.id))
    bench.house.lake.commit("deltas", opened.id, kept.assign(ts_event=kept["ts_event"] - 1))
    advance(bench, root)
    assert bench.house.ledger.entries("shadow_end")[-1].body["stand"] == "the history was revised"


def test_without_new_days_nothing_is_written(bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    judged = ablate(bench, PATCH)
    keep_verdict(bench.house, judged, [])
    bench.house.ledger.append("shadow", {"verdict": judged.id, "module": PATCH.module})
    (one,) = advance(bench, root)
    assert one.shadow is None and moved(bench.house) == []
