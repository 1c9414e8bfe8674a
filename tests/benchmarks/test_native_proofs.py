"""The native part's proofs: a fuzzer that is not built is told, one that finds something or dies is no proof."""

from pathlib import Path

import pytest

from benchmarks import native_proofs, prove

WHOLE = '{"cases": 10000000, "seed": 1, "hash": "0", "accepted": 1, "decoded": {}, "books": {}, "hot": {}}'


def script(folder: Path, text: str) -> None:
    """Put a fuzzer that says `text` where a built one lies."""
    path = folder / "release/cws-fuzz"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_without_binary_or_cargo_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path))
    assert "cws-fuzz is not built: make run" in str(prove.attempt(native_proofs.native_fuzz)["skipped"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "cargo or g++ is missing" in str(prove.attempt(native_proofs.native_book_checksum)["skipped"])


@pytest.mark.parametrize(
    ("says", "holds", "failure"),
    [
        ("""echo '{"cases": 10000000, "told": []}'; exit 1""", False, "AssertionError"),
        ("echo no words >&2; exit 134", False, "no words"),
        ("""echo '{"cases": 5, "told": []}'""", False, "AssertionError"),
        (f"echo '{WHOLE}'", True, ""),
    ],
)
def test_only_a_whole_run_without_failures_is_a_proof(
    says: str, holds: bool, failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path))
    script(tmp_path, says)
    found = prove.attempt(native_proofs.native_fuzz)
    assert found["holds"] is holds
    assert failure in str(found["failure"])
