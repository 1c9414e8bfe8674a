"""The way of a repair: judged by oracles alone, confirmed on worlds of its own, and shipped though it lowers P&L."""

import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from way import CountingSink

from cws.ablation.ablate import Bench, ablate
from cws.ablation.secret import confirm_seed, gate_secret
from cws.gate.verdict import Kind, Reason
from cws.home import Settings
from cws.house import House, open_house
from cws.patches import Patch
from cws.release import released
from modules.registry import load

REPAIR = Patch("vector_panel", {"cost_bps": 10.0})


@pytest.fixture
def house(tmp_path: Path) -> House:
    return open_house(Settings(home=tmp_path / "home"))


@pytest.fixture
def plant() -> Iterator[Callable[[Patch], None]]:
    """A wrong value in a module's TOML, in force here and in the process of A/A."""
    with ExitStack() as stack:
        yield lambda fault: stack.enter_context(released([fault]))


def test_a_wrong_cost_unit_is_repaired_though_it_lowers_the_return(
    house: House, plant: Callable[[Patch], None]
) -> None:
    plant(Patch("vector_panel", {"cost_bps": 0.1}))
    sink = CountingSink()
    judged = ablate(Bench(house, [], sink), REPAIR)
    assert (judged.verdict.kind, judged.verdict.reason) == (Kind.PASS, Reason.REPAIRED)
    assert judged.annual_effect < 0.0 and "every_fill_pays_its_fee" in judged.verdict.detail
    assert [entry.body["patch"] for entry in house.ledger.entries("confirm")] == [REPAIR.id]
    looks = len(sink.calls)
    assert ablate(Bench(house, [], sink), REPAIR).id == judged.id
    assert len(house.ledger.entries("verdict")) == 1
    assert len(sink.calls) == looks + 4, "only the search worlds' baselines were looked at again"


def test_a_repair_that_goes_too_far_is_harm(house: House, plant: Callable[[Patch], None]) -> None:
    plant(Patch("winsorize", {"z_max": 30.0}))
    bench = Bench(house, [], CountingSink())
    assert ablate(bench, Patch("winsorize", {"z_max": 6.0})).verdict.reason is Reason.REPAIRED
    too_far = ablate(bench, Patch("winsorize", {"z_max": 1.0})).verdict
    assert too_far.kind is Kind.REJECT and too_far.reason is Reason.HARM


def test_another_baseline_in_a_fresh_process_makes_it_invalid(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong value stands in this process only: what A/A is for."""
    found = load("winsorize")
    wrong = replace(found.manifest, settings={**found.manifest.settings, "z_max": 30.0})
    monkeypatch.setitem(vars(found), "manifest", wrong)
    judged = ablate(Bench(house, [], CountingSink()), Patch("winsorize", {"z_max": 6.0}))
    assert (judged.verdict.kind, judged.verdict.reason) == (Kind.INVALID, Reason.BASELINE_DIFFERS)
    assert not house.ledger.entries("confirm")


def test_confirm_worlds_come_from_a_secret_and_the_patch(house: House) -> None:
    secret = gate_secret(house)
    path = house.home.folder / "gate.key"
    assert secret == gate_secret(house) == path.read_bytes() and len(secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    seeds = {confirm_seed(key, patch, "account") for key in (secret, bytes(32)) for patch in ("one", "other")}
    assert len(seeds) == 4
