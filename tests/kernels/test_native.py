"""Arrays from `cws_native` against the obvious reading of the same bytes; what is hostile is refused with a code."""

import mmap
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native_bytes import BUILT, LAYOUT, MESSAGES, Book, blocks, decoded, journal, mold, pcap

from kernels import native
from kernels.native import NativeError

CAPTURES = Path(__file__).resolve().parents[3] / "shared/data/omi_pcap/Nasdaq"
MOVES_A_BOOK = "AFECXDU"
REAL = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the shared captures (omi_pcap) are not beside this checkout")


def check_decoded(messages: list[bytes]) -> None:
    arrays = native.itch50_decode(blocks(messages))
    assert set(arrays) == set(LAYOUT)
    for kind, array in arrays.items():
        ordinals = [i for i, message in enumerate(messages) if message[0] == ord(kind)]
        assert array["ordinal"].tolist() == ordinals
        expected = [decoded(messages[i]) for i in ordinals]
        for name in (field["name"] for field in LAYOUT[kind]["fields"]):
            column = array[name]
            if column.dtype.kind == "S":
                assert column.tobytes() == b"".join(fields[name] for fields in expected), (kind, name)
            else:
                assert column.tolist() == [fields[name] for fields in expected], (kind, name)


def check_orders(messages: list[bytes], midnight_ns: int) -> None:
    orders = native.itch50_orders(blocks(messages), midnight_ns)
    expected = [(i, decoded(m), m[:1]) for i, m in enumerate(messages) if chr(m[0]) in MOVES_A_BOOK]
    assert orders["ordinal"].tolist() == [i for i, _, _ in expected]
    assert orders["type"].tobytes() == b"".join(kind for _, _, kind in expected)
    for order, (_, fields, _) in zip(orders, expected, strict=True):
        reference = fields.get("order_reference_number", fields.get("original_order_reference_number"))
        shares = [fields[n] for n in ("shares", "executed_shares", "cancelled_shares") if n in fields] or [0]
        assert order["ts_event"] == midnight_ns + fields["timestamp"]
        assert (order["locate"], order["order_ref"]) == (fields["stock_locate"], reference)
        assert order["new_ref"] == fields.get("new_order_reference_number", 0)
        assert (order["shares"], order["side"]) == (shares[0], fields.get("side", b"\0").rstrip(b"\0"))
        assert order["price"] == fields.get("price", fields.get("execution_price", 0))


@BUILT
def test_dtypes_of_the_layout_are_what_rust_writes() -> None:
    import cws_native

    described = {kind: (size, fields) for kind, _, size, fields in cws_native.itch50_layout()}
    dtypes = native.itch50_dtypes()
    assert set(described) == set(dtypes) == set(LAYOUT)
    for kind, dtype in dtypes.items():
        fields = [
            (name, dtype[name].str.replace("|u1", "u1").lstrip("|"), dtype.fields[name][1]) for name in dtype.names
        ]
        assert described[kind] == (dtype.itemsize, fields)


@BUILT
@settings(max_examples=150, deadline=None)
@given(MESSAGES, st.integers(0, 2**62))
def test_every_field_of_random_messages(messages: list[bytes], midnight_ns: int) -> None:
    check_decoded(messages)
    check_orders(messages, midnight_ns)


@BUILT
def test_any_buffer_of_bytes_is_taken() -> None:
    data = blocks([b"D" + bytes(range(18))])
    as_array = np.frombuffer(data, np.uint8)
    strided = np.repeat(as_array, 2)[::2]
    for buffer in (bytearray(data), memoryview(data), as_array, strided):
        assert native.itch50_orders(buffer, 0).tobytes() == native.itch50_orders(data, 0).tobytes()
    with pytest.raises(ValueError, match="read-only"):
        native.itch50_orders(data, 0)["shares"] = 1


def friendly(count: int, symbols: int) -> list[bytes]:
    """Random messages that a book applies: about orders that exist, of shares that they have."""
    random, live, messages = np.random.default_rng(3), [], []
    for reference in range(1, count + 1):
        pick = int(random.integers(len(live))) if live else 0
        kind = "AFAFECXDU"[int(random.integers(9))] if live else "A"
        body = bytearray(random.bytes(LAYOUT[kind]["length"] - 1))
        old, locate, shares = live[pick] if live else (0, 0, 0)
        new, price = int(random.integers(2, 9)) * 100, int(random.integers(1, 40)) * 100
        if kind in "AF":
            locate = int(random.integers(1, symbols + 1))
            body[10:31] = struct.pack(">QcI8x", reference, b"BS"[reference % 2 :][:1], new)
            body[31:35] = price.to_bytes(4, "big")
            live.append((reference, locate, new))
        elif kind == "U":
            body[10:] = struct.pack(">QQII", old, reference, new, price)
            live[pick] = (reference, locate, new)
        else:
            taken = shares if kind == "D" else int(random.integers(1, shares + 1))
            body[10 : 18 if kind == "D" else 22] = struct.pack(">QI", old, taken)[: 8 if kind == "D" else 12]
            live[pick] = (old, locate, shares - taken)
            if taken == shares:
                del live[pick]
        body[0:2] = locate.to_bytes(2, "big")
        messages.append(kind.encode() + bytes(body))
    return messages


@BUILT
def test_three_books_have_one_checksum() -> None:
    messages, book = friendly(3_000, 5), Book()
    for message in messages:
        book.apply(message)
    fast = native.book_checksum(blocks(messages), orders=4_096, levels_per_side=64, symbols=5)
    assert fast.by_code["Applied"] == len(messages)
    assert fast.checksum == book.checksum(5)
    hostile = blocks([*messages, *messages[:500]])
    answers = [
        read(hostile, orders=900, levels_per_side=16, symbols=4)
        for read in (native.book_checksum, native.reference_book_checksum)
    ]
    assert answers[0] == answers[1]
    assert sum(count > 0 for count in answers[0].by_code.values()) > 4


@BUILT
@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.binary(min_size=1, max_size=60), max_size=5), max_size=5))
def test_capture_to_packets_to_messages(packets: list[list[bytes]]) -> None:
    sent = [mold(10 * number, messages) for number, messages in enumerate(packets)]
    data, records = native.pcap_payloads(pcap(sent, start_s=100))
    assert records["ts_event"].tolist() == [(100 + s) * 10**9 + 7 for s in range(len(sent))]
    assert [data[o : o + n] for o, n in zip(records["offset"], records["length"], strict=True)] == sent
    for name, value in (("source", 0x0A000001), ("destination_port", 6_000), ("protocol", 17)):
        assert records[name].tolist() == [value] * len(sent)
    found = native.mold_udp64_messages(sent)
    assert found.blocks == b"".join(blocks(messages) for messages in packets)
    assert found.packets["sequence_number"].tolist() == [10 * number for number in range(len(sent))]
    assert found.packets["message_count"].tolist() == [len(messages) for messages in packets]
    assert set(found.packets["session"].tolist()) <= {b"SESSION001"}


@BUILT
@REAL
def test_real_captures() -> None:
    seen: set[int] = set()
    for path in sorted(CAPTURES.rglob("*.pcap*")):
        data, records = native.pcap_payloads(path.read_bytes())
        packets = [data[o : o + n] for o, n in zip(records["offset"], records["length"], strict=True)]
        stream = native.mold_udp64_messages(packets).blocks
        messages = []
        while stream:
            end = 2 + int.from_bytes(stream[:2], "big")
            messages.append(stream[2:end])
            stream = stream[end:]
        check_decoded(messages)
        check_orders(messages, 0)
        seen |= {message[0] for message in messages}
    assert len(seen) >= 15


@BUILT
def test_records_of_a_journal_and_a_torn_tail() -> None:
    payloads = [b"", b"\x01" * 7, b"two"]
    data = journal(payloads)
    for torn in (0, 1, 66):
        records, torn_bytes = native.journal_records(data[: len(data) - torn])
        kept = payloads if torn == 0 else payloads[:2]
        places = zip(records["payload_offset"], records["payload_length"], strict=True)
        assert [data[o : o + n] for o, n in places] == kept
        assert records["seq"].tolist() == list(range(1, len(kept) + 1))
        assert torn_bytes == (0 if torn == 0 else 64 + 3 - torn)
    files = journal(payloads, per_file=1)
    records, torn_bytes = native.journal_records(files)
    places = zip(records["payload_offset"], records["payload_length"], strict=True)
    assert [files[o : o + n] for o, n in places] == payloads and torn_bytes == 0
    flipped = bytearray(data)
    flipped[-1] ^= 4
    with pytest.raises(NativeError, match=f"CWS-JOURNAL-003 .* byte {len(data) - 1} bit 2"):
        native.journal_records(flipped)


def test_what_is_not_built_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cws_native", None)
    with pytest.raises(NativeError, match=r"CWS-NATIVE-001 .*maturin build --profile native --locked") as told:
        native.itch50_decode(b"")
    assert told.value.code == "CWS-NATIVE-001"


@BUILT
@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("CWS-NATIVE-002", lambda: native.itch50_decode("text")),
        ("CWS-NATIVE-002", lambda: native.mold_udp64_messages([bytearray(20)])),
        ("CWS-NATIVE-003", lambda: native.pcap_payloads(mmap.mmap(-1, (1 << 30) + 1))),
        ("CWS-NATIVE-004", lambda: native.itch50_orders(blocks([b"D" + bytes(18)]) + b"\0", 0)),
        ("CWS-NATIVE-004", lambda: native.book_checksum(b"\0\5ABCD")),
        ("CWS-NATIVE-005", lambda: native.journal_records(journal([b""], ts=1 << 63))),
        ("CWS-NATIVE-006", lambda: native.book_checksum(b"", orders=1 << 27)),
        ("CWS-NATIVE-007", lambda: native.itch50_orders(b"", (1 << 63) - 1)),
        ("CWS-BOOK-001", lambda: native.book_checksum(b"", symbols=0)),
        ("CWS-WIRE-001", lambda: native.itch50_decode(b"\0\0")),
        ("CWS-WIRE-002", lambda: native.itch50_decode(b"\0\1z")),
        ("CWS-WIRE-003", lambda: native.itch50_decode(blocks([b"D" + bytes(19)]))),
        ("CWS-WIRE-004", lambda: native.mold_udp64_messages([mold(1, [b"a"]) + b"b"])),
        ("CWS-WIRE-007", lambda: native.itch50_decode(blocks([b"V" + b"\xff" * 34]))),
        ("CWS-WIRE-009", lambda: native.pcap_payloads(pcap([b"a"])[:-1])),
        ("CWS-JOURNAL-002", lambda: native.journal_records(b"no journal at all, whatever it may be")),
    ],
)
def test_what_is_refused_has_its_code(code: str, call) -> None:
    with pytest.raises(NativeError) as told:
        call()
    assert told.value.code == code
