"""A shadow is carried over new days once, from frozen scales, and ends in a ship or in a ledger entry."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_house import Place

from cws.ablation import shadowing
from cws.ablation.ablate import Bench, ablate
from cws.ablation.frozen import frozen
from cws.ablation.record import Judged, keep_verdict
from cws.ablation.shadowing import advance, open_shadows
from cws.ablation.shipping import in_force, ship, toml_path
from cws.gate.paired import PairedDeltas
from cws.gate.shadow import Stand
from cws.house import House
from cws.patches import Patch

PATCH = Patch("reversal_5d", {"window_bars": 9})
KINDS = ("shadow_step", "shadow_end", "ship")


@pytest.fixture
def opened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Judged:
    """A shadow whose verdict saw only the first half of its confirm days, so that the others are new."""
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    judged = ablate(bench, PATCH)
    kept = bench.house.lake.read(bench.house.lake.pin("deltas", judged.id))
    bench.house.lake.commit(
        "deltas", judged.id, kept[kept["ts_event"] < kept["ts_event"].median()].reset_index(drop=True)
    )
    bench.house.ledger.append("shadow", {"verdict": judged.id, "module": PATCH.module})
    return judged


def moved(house: House) -> list[str]:
    return [entry.kind for entry in house.ledger.entries() if entry.kind in KINDS]


def test_a_day_is_bet_on_once(bench: Bench, opened: Judged, root: Path) -> None:
    (one,) = advance(bench, root)
    assert one.shadow is not None and one.shadow.days > 20
    steps = moved(bench.house).count("shadow_step")
    (again,) = advance(replace(bench, _grounds={}, _arms={}), root) if open_shadows(bench.house) else (one,)
    assert again.shadow == one.shadow and moved(bench.house).count("shadow_step") == steps == 1


def test_wealth_is_the_same_whether_days_come_at_once_or_one_by_one(
    bench: Bench, opened: Judged, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two steps, it goes on from the ledger to the same bits."""
    real = shadowing._between
    kept = bench.house.lake.read(bench.house.lake.pin("deltas", opened.id))
    start = int(kept["ts_event"].max() // shadowing.DAY_NS)
    for until in (start + 17, start + 40):
        monkeypatch.setattr(shadowing, "_between", lambda w, a, u, end=until: real(w, a, end if u is None else u))
        (parts,) = advance(bench, root)
    monkeypatch.setattr(shadowing, "_between", real)
    (parts,) = advance(bench, root)
    other = bench.house.ledger.entries("shadow_step")
    assert len(other) == 3
    at_once = shadowing._stepped(bench, shadowing._open(opened, None))
    assert at_once.shadow == parts.shadow


@pytest.mark.parametrize(("stand", "ships"), [(Stand.PROMOTE, 1), (Stand.ROLL_BACK, 0)])
def test_what_stands_ends_once_also_after_a_crash(
    bench: Bench, opened: Judged, root: Path, stand: Stand, ships: int
) -> None:
    advance(bench, root)
    body = dict(bench.house.ledger.entries("shadow_step")[-1].body)
    bench.house.ledger.append("shadow_step", {**body, "state": {**dict(body["state"]), "stand": str(stand)}})  # type: ignore[call-overload]
    if stand is Stand.PROMOTE:
        ship(bench.house, PATCH, opened.id, root)  # and killed before the end was written
    for _ in range(2):
        advance(bench, root)
    assert moved(bench.house).count("shadow_end") == 1 and len(in_force(bench.house)) == ships
    assert open_shadows(bench.house) == []
    assert ("window_bars = 9" in toml_path("reversal_5d", root).read_text()) == bool(ships)


def test_revised_history_ends_a_shadow(bench: Bench, opened: Judged, root: Path) -> None:
    kept = bench.house.lake.read(bench.house.lake.pin("deltas", opened.id))
    bench.house.lake.commit("deltas", opened.id, kept.assign(ts_event=kept["ts_event"] - 1))
    advance(bench, root)
    assert bench.house.ledger.entries("shadow_end")[-1].body["stand"] == "the history was revised"


def test_new_days_are_measured_with_the_old_ones(place: Place) -> None:
    """A patch that only holds more of a factor has no excess on new days, whatever the factor does there."""
    rng = np.random.default_rng(1)
    factor = rng.normal(0.0, 0.01, (2, 300))
    held = 0.7 * factor[0] - 0.2 * factor[1]
    days = np.arange(300) * shadowing.DAY_NS
    kept = pd.DataFrame({"unit": "u", "ts_event": days[:200], "baseline": 0.0, "delta": held[:200]})
    noise = rng.normal(0.0, 0.001, 200)
    kept["delta"] += noise - noise.mean()
    hedge = frozen(kept, PairedDeltas(days[:200], held[None, :200], factor[:, :200]))
    new = PairedDeltas(days[200:], held[None, 200:], factor[:, 200:])
    excess = hedge.excess(new, ["u"])
    assert np.abs(excess).max() < 0.1 * np.abs(held[200:]).max() / hedge.size["u"], "what the factors did is gone"
    assert hedge.scale < 0.3, "the scale is that of what is left"


def test_without_new_days_nothing_is_written(bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    judged = ablate(bench, PATCH)
    keep_verdict(bench.house, judged, [])
    bench.house.ledger.append("shadow", {"verdict": judged.id, "module": PATCH.module})
    (one,) = advance(bench, root)
    assert one.shadow is None and moved(bench.house) == []
