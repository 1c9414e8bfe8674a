"""`make prove`: a property that holds is proven once, one that fails is told and fails the command."""

import json
from pathlib import Path

import pytest

from benchmarks import prove
from cws.lake import reader


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two properties of which the second fails while `wrong` is set; returns the names of those that were tried."""
    tried: list[str] = []

    def holds(_: Path) -> dict[str, object]:
        """It holds."""
        tried.append("holds")
        return {"trials": 3}

    def fails(_: Path) -> dict[str, object]:
        tried.append("fails")
        assert "wrong" not in tried, "one trial failed"
        return {}

    monkeypatch.setattr(prove, "PROOF", tmp_path / "docs" / "proof.json")
    monkeypatch.setattr(prove, "PROPERTIES", (holds, fails))
    return tried


def test_what_holds_is_not_tried_again_and_what_fails_is(ran: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    ran.append("wrong")
    assert prove.main([]) == 1
    proofs = json.loads(prove.PROOF.read_text())
    assert (proofs["holds"]["holds"], proofs["holds"]["trials"], proofs["holds"]["what"]) == (True, 3, "It holds.")
    assert proofs["fails"]["holds"] is False
    assert proofs["fails"]["failure"].startswith("AssertionError: one trial failed")
    assert set(proofs["holds"]) >= {"commit", "code", "date", "machine", "load"}
    ran.clear()
    assert prove.main([]) == 0
    assert ran == ["fails"]
    assert "holds: proven over this code" in capsys.readouterr().out


def test_other_code_is_another_proof(ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    prove.main([])
    monkeypatch.setattr(prove, "code_hash", lambda: "b3:other")
    prove.main(["--only", "holds"])
    assert ran == ["holds", "fails", "holds"]


def test_code_that_changes_meanwhile_is_not_proven(ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = iter(f"b3:{turn}" for turn in range(100))
    monkeypatch.setattr(prove, "code_hash", lambda: next(hashes))
    for _ in range(2):
        assert prove.main(["--only", "holds"]) == 0
    assert ran == ["holds", "holds"]
    assert json.loads(prove.PROOF.read_text())["holds"]["code"] == "changed while this was tried"


SMALL = {"FORMULAS": 20, "ENTRIES": 1, "FLIPS": 5, "KILLS": 1, "PANELS": 1}


@pytest.mark.parametrize(
    "proof", [prove.alpha_batch_equals_streaming, prove.ledger_flips, prove.lake_flips, prove.ledger_kills]
)
def test_properties_hold_at_small_counts(proof, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SMALL.items():
        monkeypatch.setattr(prove, name, value)
    found = prove.attempt(proof)
    assert (found["holds"], found["failure"]) == (True, "")


def test_a_reader_that_looks_away_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "FLIPS", 5)
    monkeypatch.setattr(reader, "verify", lambda *_: None)
    assert prove.attempt(prove.lake_flips)["holds"] is False


def test_the_tests_take_the_counts_that_are_set() -> None:
    """The names that `prove` sets are those that the tests read."""
    for folder, name, constant in (
        ("cws/lake", "test_reader", "FLIPS"), ("cws/lake", "test_orphans", "KILLS"),
        ("cws/ledger", "test_crash", "KILLS"), ("modules/backtest", "test_vector_panel", "PANELS"),
    ):  # fmt: skip
        source = Path(prove.tests(folder, name).__file__).read_text()
        assert source.count(constant) >= 2, (name, constant)


def test_what_cannot_be_tried_here_is_skipped_with_its_reason_and_not_proven(
    ran: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(_: Path) -> dict[str, object]:
        raise prove.NotHereError("no tools: install them")

    monkeypatch.setattr(prove, "PROPERTIES", (absent,))
    for _ in range(2):
        assert prove.main([]) == 0
        proof = json.loads(prove.PROOF.read_text())["absent"]
        assert (proof["holds"], proof["skipped"], proof["failure"]) == (False, "no tools: install them", "")
        assert "absent: skipped: no tools: install them" in capsys.readouterr().out
    assert ran == []
