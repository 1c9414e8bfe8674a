"""A shadow is carried over new days once, from frozen scales, and ends in a ship or in a ledger entry."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from cws.ablation import shadowing
from cws.ablation.ablate import Bench, ablate, anew
from cws.ablation.frozen import Frozen
from cws.ablation.ground import Ground, Source
from cws.ablation.record import Judged, keep_verdict
from cws.ablation.shadowing import Open, advance, ended_shadows, open_shadows
from cws.ablation.shipping import in_force, rollback, ship, toml_path
from cws.gate.shadow import Shadow, Stand
from cws.gate.verdict import Kind, Reason, Verdict
from cws.house import House
from cws.ledger.entry import Entry
from cws.patches import Patch
from modules import tables as declared
from modules.registry import load
from modules.values import Table, make_table

PATCH = Patch("reversal_5d", {"window_bars": 9})
SAME_MODULE = Patch("reversal_5d", {"window_bars": 12})
OTHER_MODULE = Patch("rank_to_weight", {"gross": 0.5})
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


def anew_of(bench: Bench, judged: Judged) -> Open:
    """The shadow after all its new days at once, whatever steps it took."""
    return shadowing._stepped(bench, shadowing._open(entry_of(bench.house, judged), None))


def entry_of(house: House, judged: Judged) -> Entry:
    return next(entry for entry in house.ledger.entries("verdict") if entry.body["id"] == judged.id)


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
    at_once = anew_of(bench, opened)
    assert at_once.shadow == parts.shadow and at_once.hedge == parts.hedge


def test_steps_in_another_measure_are_taken_anew(bench: Bench, opened: Judged, root: Path) -> None:
    """Steps that do not say what they were measured with bet on deltas at a size that the gate never saw."""
    state = {**asdict(Shadow(0.01, days=40)), "stand": str(Stand.GO_ON)}
    old = {"verdict": opened.id, "module": PATCH.module, "last_day": 10**6, "state": state}
    bench.house.ledger.append("shadow_step", old)
    (one,) = advance(bench, root)
    assert one.shadow == anew_of(bench, opened).shadow


@pytest.fixture
def read_from_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What ships to the copy is what the registry reads."""
    modules = [load(patch.module) for patch in (PATCH, OTHER_MODULE)]
    for module in modules:
        monkeypatch.setattr(module, "path", toml_path(module.name, root).with_suffix(".py"))
    yield
    for module in modules:
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
def test_after_a_promotion_the_next_shadow_sees_what_shipped(
    bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    better = Verdict(Kind.PASS, Reason.BETTER, p=0.001, p_alone=0.001, batch_p=0.001)
    keep_verdict(bench.house, Judged("first", OTHER_MODULE, "value", better), [])
    bench.house.ledger.append("shadow", {"verdict": "first", "module": OTHER_MODULE.module})
    state = {**asdict(Shadow(0.01, days=40)), "stand": str(Stand.PROMOTE)}
    step = {"verdict": "first", "module": OTHER_MODULE.module, "last_day": 1, "state": state}
    bench.house.ledger.append("shadow_step", {**step, "frozen": asdict(Frozen({}, {}, (), 0.01))})
    judged = shadow_of(bench, PATCH)
    remembered = bench.baseline(bench.grounds()[0], "all")
    promoted, followed = advance(bench, root)
    assert promoted.end == str(Stand.PROMOTE) and len(in_force(bench.house)) == 1
    fresh = anew(bench)
    assert fresh.baseline(fresh.grounds()[0], "all").hash != remembered.hash
    assert followed.shadow == anew_of(fresh, judged).shadow is not None
    assert followed.end == "", "another module's shadow goes on"


@pytest.mark.usefixtures("read_from_root")
def test_of_two_shadows_of_a_module_one_is_promoted_and_the_other_overtaken(
    bench: Bench, opened: Judged, root: Path
) -> None:
    """What the second was found better than is gone, and together nobody measured them."""
    advance(bench, root)
    standing_at(bench.house, Stand.PROMOTE)
    shadow_of(bench, SAME_MODULE)
    promoted, overtaken = advance(bench, root)
    (only,) = in_force(bench.house)
    assert (promoted.end, overtaken.end) == ("promote", f"overtaken: ship {only.id} wrote reversal_5d.toml")
    assert overtaken.shadow is None and overtaken.fields["stand"] == overtaken.end, "no day was bet on"
    assert open_shadows(bench.house) == [] and "window_bars = 9" in toml_path("reversal_5d", root).read_text()
    assert [one["stand"] for one in ended_shadows(bench.house)] == [overtaken.end, "promote"]


@pytest.mark.usefixtures("read_from_root")
@pytest.mark.parametrize("stand", [Stand.GO_ON, Stand.PROMOTE])
def test_a_rollback_in_its_module_overtakes_a_shadow(
    bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch, stand: Stand
) -> None:
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    first = ship(bench.house, SAME_MODULE, "earlier", root)
    now = anew(bench)
    # The fresh process would read the product's own TOML.
    now._again = {ground.name: now.baseline(ground, "all").hash for ground in now.grounds()}
    shadow_of(now, PATCH)
    (one,) = advance(bench, root)
    assert one.end == "" and one.shadow is not None and one.shadow.days > 20, "what shipped before it is its baseline"
    standing_at(bench.house, stand)
    back = rollback(bench.house, first.id, "no", root)
    said = f"overtaken: rollback {back.id} wrote reversal_5d.toml"
    assert [one.fields["stand"] for one in open_shadows(bench.house)] == [said], "before its end is written, too"
    advance(bench, root)
    assert [entry.body["stand"] for entry in bench.house.ledger.entries("shadow_end")] == [said]
    assert open_shadows(bench.house) == [] and moved(bench.house).count("shadow_step") == 2
    assert in_force(bench.house) == [], "nor does what stood at promote ship"


@pytest.mark.usefixtures("read_from_root")
def test_what_was_shipped_and_taken_back_between_two_looks_ends_no_shadow(
    bench: Bench, opened: Judged, root: Path
) -> None:
    rollback(bench.house, ship(bench.house, SAME_MODULE, "other", root).id, "no", root)
    (one,) = advance(bench, root)
    assert one.end == "" and one.shadow == anew_of(bench, opened).shadow is not None


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
