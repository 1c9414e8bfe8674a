"""Every byte that was acknowledged is guarded: flipped, removed, reordered or cut, it is found and located, twice over.

Reader and verifier share no line of code, so each test asks both.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cws.ledger import chain, verify
from cws.ledger.entry import canonical, decode, make_line
from cws.ledger.ledger import Ledger
from modules.errors import CwsError

TAMPERING = {f"CWS-LEDGER-00{digit}" for digit in (4, 5, 6, 7, 8)}


def refusal(folder: Path) -> CwsError:
    with pytest.raises(CwsError) as caught:
        Ledger(folder).entries()
    with pytest.raises(CwsError) as on_append:
        Ledger(folder).append("run", {})
    assert caught.value.code == on_append.value.code
    assert caught.value.code in TAMPERING
    return caught.value


def first_problem(folder: Path) -> dict[str, Any]:
    found = verify.verify(folder, None)
    assert found["ok"] is False
    problems: Any = found["problems"]
    return problems[0]


def all_lines(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.glob("segment-*")) for line in path.read_bytes().splitlines(keepends=True)]


def lay_out(folder: Path, lines: list[bytes]) -> None:
    """Put the lines back as the writer would have, three a segment."""
    for path in folder.glob("segment-*"):
        path.unlink()
    for number, part in enumerate(lines[start : start + 3] for start in range(0, len(lines), 3)):
        (folder / chain.segment_name(number)).write_bytes(b"".join(part))


@pytest.mark.parametrize("mask", [0x01, 0x20])
def test_every_flipped_byte_is_found_and_located(small: Path, mask: int) -> None:
    for path in sorted(small.glob("segment-*")):
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
            line = whole[:place].count(b"\n") + 1
            entry = 3 * int(path.name[8:14]) + line - 1
            error, problem = refusal(small), first_problem(small)
            assert error.code == "CWS-LEDGER-004"
            assert f"{path.name}, line {line}, entry {entry}" in error.where
            assert (problem["segment"], problem["line"], problem["entry"]) == (path.name, line, entry)
        path.write_bytes(whole)
    assert verify.verify(small, None)["ok"]


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_of_the_acknowledged_length_is_found(small: Path, bit: int) -> None:
    path = small / "acknowledged.json"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        assert refusal(small).code in {"CWS-LEDGER-005", "CWS-LEDGER-007", "CWS-LEDGER-008"}
        assert first_problem(small)["what"]
        path.write_bytes(whole)
    assert Ledger(small).head().entries == 7


def test_every_removed_line_is_located(small: Path) -> None:
    lines = all_lines(small)
    for gone in range(len(lines)):
        lay_out(small, lines[:gone] + lines[gone + 1 :])
        assert f"entry {gone}" in refusal(small).where
        assert first_problem(small)["entry"] == gone
        assert "removed" in first_problem(small)["what"]


def test_every_swap_of_two_lines_is_located(small: Path) -> None:
    lines = all_lines(small)
    for left, right in itertools.combinations(range(len(lines)), 2):
        order = list(range(len(lines)))
        order[left], order[right] = right, left
        lay_out(small, [lines[place] for place in order])
        assert f"entry {left}" in refusal(small).where
        assert first_problem(small)["entry"] == left
        assert "reordered" in first_problem(small)["what"]
        if right == left + 1:
            problems: Any = verify.verify(small, None)["problems"]
            assert [problem["entry"] for problem in problems] == [left, left + 2]


def test_a_line_that_stands_twice_is_located(small: Path) -> None:
    lines = all_lines(small)
    for twice in range(len(lines) - 1):
        lay_out(small, [*lines[: twice + 1], *lines[twice:]])
        assert f"entry {twice + 1}" in refusal(small).where
        assert first_problem(small)["entry"] == twice + 1
        assert "reordered" in first_problem(small)["what"]


def test_an_entry_rewritten_with_a_right_hash_breaks_the_chain_behind_it(small: Path) -> None:
    lines = all_lines(small)
    for entry, line in enumerate(lines):
        old = decode(line[:-1])
        forged = make_line(entry, old.kind, old.ts_ns, {"i": -1}, old.prev) + b"\n"
        lay_out(small, [*lines[:entry], forged, *lines[entry + 1 :]])
        if entry < len(lines) - 1:
            assert f"entry {entry + 1}" in refusal(small).where
            assert (first_problem(small)["entry"], first_problem(small)["what"][:9]) == (entry + 1, "rewritten")
        else:
            assert refusal(small).code == "CWS-LEDGER-008"
            assert first_problem(small)["segment"] == "acknowledged.json"


@pytest.mark.parametrize(
    "change", [{"ts_ns": "5"}, {"ts_ns": True}, {"kind": "No Name"}, {"body": []}, {"index": True}]
)
def test_a_rightly_hashed_entry_of_the_wrong_types_is_refused(small: Path, change: dict[str, object]) -> None:
    lines = all_lines(small)
    fields = {name: value for name, value in json.loads(lines[1]).items() if name != "hash"} | change
    forged = canonical({**fields, "hash": sha256(canonical(fields)).hexdigest()}) + b"\n"
    lay_out(small, [lines[0], forged, *lines[2:]])
    assert "line 2, entry 1" in refusal(small).where
    assert first_problem(small)["entry"] == 1


def test_another_spelling_of_the_same_entry_is_located(small: Path) -> None:
    lines = all_lines(small)
    for entry, line in enumerate(lines):
        lay_out(small, [*lines[:entry], line.replace(b'"kind":', b'"kind": '), *lines[entry + 1 :]])
        assert f"entry {entry}" in refusal(small).where
        assert first_problem(small)["entry"] == entry


def test_a_file_cut_at_any_byte_is_located(small: Path) -> None:
    for path in sorted(small.glob("segment-*")):
        whole = path.read_bytes()
        for size in range(len(whole)):
            path.write_bytes(whole[:size])
            entry = 3 * int(path.name[8:14]) + whole[:size].count(b"\n")
            assert f"entry {entry}" in refusal(small).where
            assert first_problem(small)["entry"] == entry
        path.write_bytes(whole)


def test_a_removed_segment_is_located(small: Path) -> None:
    for number in range(3):
        path = small / chain.segment_name(number)
        whole = path.read_bytes()
        path.unlink()
        assert f"entry {3 * number}" in refusal(small).where
        assert (first_problem(small)["segment"], first_problem(small)["entry"]) == (path.name, 3 * number)
        path.write_bytes(whole)


def test_a_line_moved_over_a_segment_border_is_found(small: Path) -> None:
    first, second = small / chain.segment_name(0), small / chain.segment_name(1)
    lines = all_lines(small)
    first.write_bytes(b"".join(lines[:2]))
    second.write_bytes(b"".join(lines[2:6]))
    assert "segment-000001.jsonl, line 1, entry 2" in refusal(small).where
    assert (first_problem(small)["segment"], first_problem(small)["line"]) == (second.name, 1)


def test_a_missing_acknowledged_length_is_never_made_up(small: Path) -> None:
    (small / "acknowledged.json").unlink()
    assert refusal(small).code == "CWS-LEDGER-006"
    assert first_problem(small)["segment"] == "acknowledged.json"
    assert not (small / "acknowledged.json").exists()


def test_an_empty_or_foreign_acknowledged_length_is_refused(small: Path) -> None:
    good = (small / "acknowledged.json").read_bytes()
    negative = good.replace(b'"entries":7', b'"entries":-9')
    spaced = good.replace(b'"entries":7', b'"entries": 7')
    for bad in (b"", b"{}\n", b"[]\n", b"x" * 9_000, negative, spaced, good + b"\n", good[:-1] + b" "):
        (small / "acknowledged.json").write_bytes(bad)
        assert refusal(small).code == "CWS-LEDGER-007"
        assert first_problem(small)["segment"] == "acknowledged.json"


def test_a_shorter_promise_made_up_later_is_refused_by_the_same_reader(small: Path) -> None:
    ledger = Ledger(small)
    assert ledger.head().entries == 7
    path = small / "acknowledged.json"
    path.write_bytes(path.read_bytes().replace(b'"entries":7', b'"entries":5'))
    for _ in range(2):
        with pytest.raises(CwsError, match="CWS-LEDGER-008"):
            ledger.entries()


def test_segments_that_are_all_gone_are_refused_again_and_again(small: Path) -> None:
    ledger = Ledger(small)
    assert ledger.head().entries == 7
    for path in small.glob("segment-*"):
        path.unlink()
    for _ in range(2):
        with pytest.raises(CwsError, match="CWS-LEDGER-005"):
            ledger.entries()


def replace_all(folder: Path, other: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(other, folder)


def cut_two(folder: Path, other: Path) -> None:
    """A rollback that is sound in itself: an older copy of everything."""
    Ledger(other).append_many([(entry.kind, entry.body) for entry in Ledger(folder).entries()[:5]])
    replace_all(folder, other)


def rewrite(folder: Path, other: Path) -> None:
    Ledger(other).append_many([("run", {"i": 100 + i}) for i in range(9)])
    replace_all(folder, other)


def remove_folder(folder: Path, other: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize("attack", [cut_two, rewrite, remove_folder])
def test_a_process_refuses_a_rollback_of_what_it_has_seen(
    small: Path, tmp_path: Path, attack: Callable[[Path, Path], None]
) -> None:
    ledger = Ledger(small)
    assert ledger.head().entries == 7
    attack(small, tmp_path / "other")
    for _ in range(2):
        with pytest.raises(CwsError, match="CWS-LEDGER-011"):
            ledger.entries()


@pytest.mark.parametrize("number", range(3))
def test_a_flip_after_the_first_read_is_found_by_the_same_reader(small: Path, number: int) -> None:
    ledger = Ledger(small)
    assert len(ledger.entries()) == 7
    path = small / chain.segment_name(number)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"px":1.5', b'"px":9.5'))
    os.utime(path, ns=(1, 1))  # A file system's clock may be too coarse to tell two writes apart.
    for _ in range(2):
        with pytest.raises(CwsError, match="CWS-LEDGER-004"):
            ledger.entries()
