"""The journal's reader: every flipped bit is refused, a torn tail is cut, and every kind reads as it was written."""

import re
from pathlib import Path

import journals
import pytest

from cws.execution import entries as read
from cws.execution.journal import Record, read_journal
from cws.execution.latency import histogram
from cws.execution.orders import orders
from modules.errors import CwsError

STORY = [
    journals.intent(1, 11), journals.decision(1), journals.sent(1), journals.execution(1, 11, 1),
    journals.filled(1, 11, 1, 4), journals.filled(1, 11, 2, 10), journals.intent(2, 12), journals.decision(2, 15),
    journals.intent(3, 11, kind=2), journals.kill(3, 1, "small", "risk", "too fast"),
]  # fmt: skip


def test_a_journal_reads_as_it_was_written(tmp_path: Path) -> None:
    journals.journal(tmp_path / "j", STORY, created_ns=9)
    found = read_journal(tmp_path / "j")
    assert (found.created_ns, found.seq, found.torn_bytes, len(found.hash)) == (9, len(STORY), 0, 64)
    assert [(one.kind, one.payload) for one in found.records] == STORY
    assert found.counts[read.INTENT] == 3
    assert read.kill(found.records[-1]) == ("strategy", "own_checks", "small", "risk", "too fast")
    shorter = read_journal(tmp_path / "j", last_seq=4)
    assert shorter.seq == 4 and shorter.hash != found.hash and shorter.torn_bytes == 0


def test_every_flipped_bit_is_refused(tmp_path: Path) -> None:
    data = bytearray(journals.journal(tmp_path / "j", STORY[:3]))
    for place in range(len(data)):
        data[place] ^= 1 << place % 8
        (tmp_path / "j").write_bytes(data)
        with pytest.raises(CwsError, match="CWS-JOURNAL-002"):
            read_journal(tmp_path / "j")
        data[place] ^= 1 << place % 8


def test_a_torn_tail_is_cut_and_counted(tmp_path: Path) -> None:
    data = journals.journal(tmp_path / "j", STORY[:3])
    last = 64 + len(STORY[2][1])
    for cut in range(1, last):
        (tmp_path / "j").write_bytes(data[:-cut])
        found = read_journal(tmp_path / "j")
        assert (found.seq, found.torn_bytes) == (2, last - cut)
    (tmp_path / "j").write_bytes(data + bytes(100))
    assert read_journal(tmp_path / "j").torn_bytes == 100, "zeros that a lost write left"


def test_several_files_are_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journals.journal(path, STORY, per_file=3)
    found = read_journal(path)
    assert [(one.kind, one.payload) for one in found.records] == STORY and found.torn_bytes == 0
    shorter = [read_journal(path, last_seq=seq) for seq in range(1, len(STORY) + 1)]
    assert [(one.seq, one.torn_bytes) for one in shorter] == [(seq, 0) for seq in range(1, len(STORY) + 1)]
    assert shorter[-1].hash == found.hash
    (tmp_path / "j.notes").write_text("of a person")
    (tmp_path / "j.07").write_text("of nobody")
    assert read_journal(path).hash == found.hash


def test_a_tail_is_torn_in_the_last_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journals.journal(path, STORY, per_file=3)
    for number, kept in enumerate((None, None, None, 9)):
        file = journals.file_of(path, number)
        whole = file.read_bytes()
        # Within the last record, the first, and the header; and all of it.
        for cut in (1, len(whole) - 40, len(whole) - 20, len(whole)):
            file.write_bytes(whole[: len(whole) - cut])
            if kept is None:
                with pytest.raises(CwsError, match="CWS-JOURNAL-002") as told:
                    read_journal(path)
                assert told.value.where.startswith(f"{file},")
            else:
                found = read_journal(path)
                left = len(whole) - cut
                assert (found.seq, found.torn_bytes) == (kept, left if left < 32 else left - 32)
        file.write_bytes(whole)
    assert read_journal(path).seq == len(STORY)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_file_is_named(tmp_path: Path, missing: int) -> None:
    journals.journal(tmp_path / "j", STORY, per_file=3)
    file = journals.file_of(tmp_path / "j", missing)
    file.unlink()
    with pytest.raises(CwsError, match="CWS-JOURNAL-008") as told:
        read_journal(tmp_path / "j")
    assert told.value.where == str(file)


def test_a_file_of_another_journal_or_place_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "j", tmp_path / "other"
    journals.journal(path, STORY, per_file=3)
    journals.journal(other, STORY, created_ns=2, per_file=3)
    second = journals.file_of(path, 1)
    for wrong in (journals.file_of(other, 1), journals.file_of(path, 2), path):
        second.write_bytes(wrong.read_bytes())
        with pytest.raises(CwsError, match="CWS-JOURNAL-002") as told:
            read_journal(path)
        assert told.value.where == f"{second}, byte 0"


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CwsError, match="CWS-JOURNAL-001"):
        read_journal(tmp_path / "nothing")
    (tmp_path / "j").write_bytes(b"nonsense" * 10)
    with pytest.raises(CwsError, match="CWS-JOURNAL-002"):
        read_journal(tmp_path / "j")


@pytest.mark.parametrize("kind", read.READERS)
def test_a_payload_of_another_version_is_refused(kind: int) -> None:
    for payload in (b"", b"\x09", b"\x01\x01\x05", bytes(300)):
        with pytest.raises(CwsError, match="CWS-JOURNAL-003"):
            read.READERS[kind](Record(1, 1, kind, payload))


def test_orders_are_told_from_asking_to_the_end(tmp_path: Path) -> None:
    journals.journal(tmp_path / "j", STORY)
    first, second = orders(read_journal(tmp_path / "j"))
    assert (first.order_id, first.state, first.filled, first.parent_id) == ("H00100000001", "filled", 10, 11)
    assert (second.state, second.reason, second.filled) == ("rejected_by_risk", "R15", 0)
    journals.journal(tmp_path / "j", [journals.parent(11, "small", "ABC", "child", "p1", "b3:d", "e9"), *STORY])
    first, second = (order.row for order in orders(read_journal(tmp_path / "j")))
    carried = {"strategy": "small", "symbol": "ABC", "patch": "p1", "data_version": "b3:d", "ledger_id": "e9"}
    assert first | carried == first and not second["patch"], "of its parent; nothing where no parent was registered"


ACCEPTED, CANCELED, REPLACED, BROKEN = 1, 5, 6, 11


@pytest.mark.parametrize(
    ("told", "state", "filled"),
    [
        ([journals.filled(1, 11, 1, 10), journals.execution(1, 11, ACCEPTED)], "filled", 10),
        ([journals.filled(1, 11, 1, 4), journals.execution(1, 11, ACCEPTED)], "partially_filled", 4),
        ([journals.execution(1, 11, CANCELED), journals.filled(1, 11, 1, 4)], "canceled", 4),
        ([journals.execution(1, 11, CANCELED), journals.filled(1, 11, 1, 10)], "filled", 10),
        ([journals.execution(1, 11, ACCEPTED), journals.execution(1, 11, CANCELED, leaves=6)], "accepted", 0),
        ([journals.filled(1, 11, 1, 10), journals.execution(1, 11, BROKEN, 1, 10)], "canceled", 0),
    ],
)
def test_what_is_told_late_opens_nothing_that_has_ended(
    tmp_path: Path, told: list[tuple[int, bytes]], state: str, filled: int
) -> None:
    journals.journal(tmp_path / "j", [journals.intent(1, 11), journals.decision(1), journals.sent(1), *told])
    (order,) = orders(read_journal(tmp_path / "j"))
    assert (order.state, order.filled) == (state, filled)


def test_a_replacement_lives_and_what_it_replaced_does_not(tmp_path: Path) -> None:
    story = [
        journals.intent(1, 11), journals.decision(1), journals.sent(1), journals.execution(1, 11, ACCEPTED, leaves=10),
        journals.filled(1, 11, 1, 4), journals.intent(2, 11, kind=3), journals.decision(2), journals.sent(2),
        journals.execution(2, 11, REPLACED, old=1, leaves=6),
    ]  # fmt: skip
    journals.journal(tmp_path / "j", story)
    assert [order.state for order in orders(read_journal(tmp_path / "j"))] == ["replaced", "accepted"]
    journals.journal(tmp_path / "j", [*story, journals.filled(2, 11, 2, 6)])
    assert [order.state for order in orders(read_journal(tmp_path / "j"))] == ["replaced", "filled"]


def test_a_histogram_counts_every_order_that_went_out(tmp_path: Path) -> None:
    journals.journal(tmp_path / "j", STORY)
    found = histogram(read_journal(tmp_path / "j"))
    assert found["count"] == sum(found["counts"]) == 1
    assert found["p50_us"] == (3_000 - 500) / 1_000 and found["counts"][2] == 1, "2.5 us lies between 2 and 5"


def test_tokens_and_reasons_are_those_of_the_wire() -> None:
    assert read.token(ord("A") << 56 | 46_655 << 40 | 36**8 // 36**7) == "AZZZ00000010"
    assert (read.reason_text(0), read.reason_text(7), read.reason_text(0x100 + ord("Z"))) == ("", "R07", "venue Z")


def test_every_kind_of_record_has_a_name() -> None:
    source = (Path(__file__).parents[3] / "gateway/crates/journal/src/entry.rs").read_text()
    kinds = source.partition("\nkinds! {")[2].partition("\n}")[0]
    named = {int(number): name for number, name in re.findall(r"^ +(\d+) (\w+)", kinds, re.MULTILINE)}
    assert sorted(named) == list(range(1, len(named) + 1))
    assert {number: re.sub(r"(?<=.)([A-Z])", r"_\1", name).lower() for number, name in named.items()} == read.KINDS
