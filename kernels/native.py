"""Arrays from bytes of the wire, decoded by `cws_native` (gateway/crates/native), which nothing else imports.

Every array is read-only, packed and little-endian; times are int64 ns, prices int64 in units of 1e-9. What is refused
raises NativeError: bytes with the code of the decoder that refused them, offset or packet in the text.
"""

import tomllib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from types import ModuleType

    from typing_extensions import Buffer

LAYOUTS = Path(__file__).resolve().parent.parent / "gateway/layouts"
BUILD = (
    ".venv/bin/maturin build --profile native --locked -m gateway/crates/native/Cargo.toml -o build/wheels"
    " && .venv/bin/uv pip install --no-deps --reinstall build/wheels/cws_native-*.whl"
)
Records = NDArray[np.void]


class NativeError(ValueError):
    """A refusal: `code` is stable; the text says what, where and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(" ")[0]


class Payloads(NamedTuple):
    """Payloads of UDP and TCP, in `data`; a record says where each lies, when it came, whence, where to."""

    data: bytes
    records: Records


class Messages(NamedTuple):
    """Messages, each behind its length in two bytes (big-endian), and the header of each packet."""

    blocks: bytes
    packets: Records


class BookAnswer(NamedTuple):
    """The checksum of gateway/crates/book/src/rules.rs, and how many messages ended with each of its codes."""

    checksum: int
    by_code: dict[str, int]


class JournalRecords(NamedTuple):
    """Records whose chain was checked, and how many bytes of an unfinished record follow them."""

    records: Records
    torn_bytes: int


def itch50_decode(buffer: "Buffer") -> dict[str, Records]:
    """Messages of ITCH 5.0, each behind its length in two bytes, as one array a message type (see itch50_dtypes)."""
    with _extension() as native:
        decoded = native.itch50_decode(buffer)
    return {kind: np.frombuffer(decoded[kind], dtype) for kind, dtype in itch50_dtypes().items()}


def itch50_orders(buffer: "Buffer", midnight_ns: int) -> Records:
    """What moves a book (A F E C X D U) as one array in the order of the buffer.

    `ts_event` is UTC ns, counted from the exchange's midnight that is handed in. What a message does not say is 0: the
    side of all but A and F, the price (1e-9) of E, X and D, the shares of D, `new_ref` of all but U.
    """
    with _extension() as native:
        return np.frombuffer(native.itch50_orders(buffer, midnight_ns), native.ORDER_FIELDS)


def pcap_payloads(buffer: "Buffer") -> Payloads:
    """The payloads of a capture file, pcap or pcapng; packets without UDP or TCP over IPv4 are passed over."""
    with _extension() as native:
        data, records = native.pcap_payloads(buffer)
        return Payloads(data, np.frombuffer(records, native.PAYLOAD_FIELDS))


def mold_udp64_messages(packets: Sequence[bytes]) -> Messages:
    """The messages of MoldUDP64 packets in the packets' order; nothing is sorted, nothing that comes twice left out."""
    with _extension() as native:
        blocks, records = native.mold_udp64_messages(list(packets))
        return Messages(blocks, np.frombuffer(records, native.PACKET_FIELDS))


def book_checksum(
    buffer: "Buffer", orders: int = 1 << 20, levels_per_side: int = 512, symbols: int = 8_192
) -> BookAnswer:
    """Messages as of itch50_decode through the fast L3 book with room for so many live orders, levels and symbols."""
    with _extension() as native:
        return _answer(native, native.book_checksum(buffer, orders, levels_per_side, symbols))


def reference_book_checksum(
    buffer: "Buffer", orders: int = 1 << 20, levels_per_side: int = 512, symbols: int = 8_192
) -> BookAnswer:
    """What the obvious book says of the same messages."""
    with _extension() as native:
        return _answer(native, native.reference_book_checksum(buffer, orders, levels_per_side, symbols))


def journal_records(buffer: "Buffer") -> JournalRecords:
    """The records of a journal of the gateway, its files one behind the other; payloads lie where the records say."""
    with _extension() as native:
        records, torn_bytes = native.journal_records(buffer)
        return JournalRecords(np.frombuffer(records, native.JOURNAL_FIELDS), torn_bytes)


@cache
def itch50_dtypes() -> dict[str, np.dtype[np.void]]:
    """By message type: `ordinal` (place of the message in its buffer), then the fields of layouts/itch50.toml."""
    layout = tomllib.loads((LAYOUTS / "itch50.toml").read_text())
    return {message["type"]: _dtype(message["fields"]) for message in layout["message"]}


NUMBERS = {"char": "S1", "u8": "u1", "u16": "<u2", "u32": "<u4", "i32": "<i4", "u64": "<u8"}
# Units change: ns of the day in 48 bits, 1e-4 and 1e-8.
SIGNED = dict.fromkeys(("u48", "price4", "price8"), "<i8")


def _dtype(fields: Sequence[Mapping[str, Any]]) -> np.dtype[np.void]:
    types = NUMBERS | SIGNED
    texts = {f"alpha({size})": f"S{size}" for size in range(1, 257)}
    return np.dtype([("ordinal", "<u8"), *((field["name"], (types | texts)[field["kind"]]) for field in fields)])


def _answer(native: Any, found: tuple[int, Sequence[int]]) -> BookAnswer:
    checksum, by_code = found
    return BookAnswer(checksum, dict(zip(native.BOOK_CODES, by_code, strict=True)))


@contextmanager
def _extension() -> "Generator[ModuleType]":
    """The extension; its refusals, and that it is not built, are told as NativeError."""
    try:
        import cws_native
    except ImportError as error:
        raise NativeError(f"CWS-NATIVE-001 cws_native is not built; in the repository's folder: {BUILD}") from error
    try:
        yield cws_native
    except cws_native.NativeError as error:
        raise NativeError(str(error)) from None
