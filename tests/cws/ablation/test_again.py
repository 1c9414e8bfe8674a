"""A verdict is rebuilt to the same p and the same bytes, also after ships, or it is said what differs."""

from pathlib import Path

import pytest

from cws.ablation.ablate import Bench, ablate, anew
from cws.ablation.again import find_verdict, rebuild
from cws.ablation.shipping import ship, toml_path
from cws.gate.verdict import Reason
from cws.patches import Patch
from cws.release import released
from modules.errors import CwsError
from modules.registry import load

PATCH = Patch("reversal_5d", {"window_bars": 9})


@pytest.fixture
def kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench whose house holds the verdict on PATCH, with confirm days, and a placebo."""
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    ablate(bench, PATCH)
    ablate(bench, PATCH, placebo_seed=7)
    return anew(bench)


def test_the_same_p_and_the_same_bytes(kept: Bench) -> None:
    for entry in kept.house.ledger.entries("verdict"):
        found = rebuild(kept, entry)
        assert (found.same, found.differs, found.changed) == (True, [], []), found
        assert found.p == entry.body["p"] and found.evidence.startswith("b3:")
    assert len(kept.house.ledger.entries("confirm")) == 1, "no look is counted twice"


def test_what_shipped_since_is_put_back_in_memory(kept: Bench, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("reversal_5d")
    monkeypatch.setattr(module, "path", toml_path("reversal_5d", root).with_suffix(".py"))
    entry = kept.house.ledger.entries("verdict")[0]
    ship(kept.house, PATCH, str(entry.body["id"]), root)
    found = rebuild(anew(kept), entry)
    assert found.same and "window_bars = 9" in toml_path("reversal_5d", root).read_text()
    assert module.manifest.settings["window_bars"] == 9, "what stands is in force again"
    module.__dict__.pop("manifest", None)


def test_other_deltas_are_noticed_and_named(kept: Bench) -> None:
    entry = kept.house.ledger.entries("verdict")[0]
    pin = kept.house.lake.pin("deltas", str(entry.body["id"]))
    frame = kept.house.lake.read(pin)
    kept.house.lake.commit("deltas", pin.part, frame.assign(delta=frame["delta"] * 2.0))
    found = rebuild(kept, entry)
    assert not found.same and found.differs[0].startswith("deltas: ")


def test_an_input_that_moved_is_named(kept: Bench) -> None:
    body = dict(kept.house.ledger.entries("verdict")[0].body)
    asked = {**dict(body["asked"]), "code": "b3:other"}  # type: ignore[call-overload]
    entry = kept.house.ledger.append("verdict", {**body, "id": "moved000", "asked": asked})
    kept.house.lake.commit("deltas", "moved000", kept.house.lake.read(kept.house.lake.pin("deltas", str(body["id"]))))
    found = rebuild(kept, entry)
    assert found.same and len(found.changed) == 1 and found.changed[0].startswith("code: b3:other then")


def test_a_verdict_without_figures_is_refused(kept: Bench) -> None:
    body = dict(kept.house.ledger.entries("verdict")[0].body)
    entry = kept.house.ledger.append("verdict", {**body, "reason": "BASELINE_DIFFERS"})
    with pytest.raises(CwsError, match="CWS-REPRO-002"):
        rebuild(kept, entry)
    assert find_verdict(kept.house, "nothing") is None


def test_breaks_of_a_repair_are_counted_again_on_its_own_confirm_worlds(kept: Bench) -> None:
    """Also when the repair stands since: modules are taken as they were."""
    repair = Patch("cost_half_spread", {"half_spread_bps": 2.0})
    with released([Patch("cost_half_spread", {"half_spread_bps": 200.0})]):
        judged = ablate(kept, repair)
        assert judged.verdict.reason is Reason.REPAIRED
        entry = find_verdict(kept.house, judged.id)
        assert entry is not None
        found = rebuild(anew(kept), entry)
        assert (found.same, found.differs, found.changed) == (True, [], []) and found.evidence.startswith("b3:")
        body = dict(entry.body)
        wrong = {**dict(body["asked"]), "breaks": [["spreads_are_the_worlds", 1, 0, 1, 0]]}  # type: ignore[call-overload]
        other = rebuild(anew(kept), kept.house.ledger.append("verdict", {**body, "id": "wrong000", "asked": wrong}))
        assert not other.same and other.differs[0].startswith("breaks: ")
    found = rebuild(anew(kept), entry)
    assert not found.same and found.changed[0].startswith("baseline account: "), "the ruler is another one now"
    assert len(kept.house.ledger.entries("confirm")) == 2, "no look is counted twice"


def test_of_timings_the_bytes_are_made_again_and_a_code_says_so(kept: Bench) -> None:
    judged = ablate(kept, Patch("cs_rank", {"rows_at_once": 4096}))
    entry = find_verdict(kept.house, judged.id)
    assert entry is not None
    found = rebuild(anew(kept), entry)
    assert found.same and found.p is None and "CWS-REPRO-003" in found.not_repeated
    assert found.evidence == dict(entry.body["asked"])["baselines"]["cs_rank"]  # type: ignore[call-overload]
    moved = kept.house.ledger.append("verdict", {**entry.body, "id": "moved111", "reason": "BYTES_DIFFER"})
    assert rebuild(anew(kept), moved).differs == ["other bytes then, the same bytes now"]
