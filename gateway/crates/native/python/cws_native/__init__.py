"""Decoders of market data and journals: buffers in, packed little-endian records out; `kernels.native` makes arrays."""

from cws_native._native import (
    BOOK_CODES,
    JOURNAL_FIELDS,
    MAX_BUFFER_BYTES,
    ORDER_FIELDS,
    PACKET_FIELDS,
    PAYLOAD_FIELDS,
    NativeError,
    Records,
    book_checksum,
    itch50_decode,
    itch50_layout,
    itch50_orders,
    journal_records,
    mold_udp64_messages,
    pcap_payloads,
    reference_book_checksum,
)

__all__ = [
    "BOOK_CODES",
    "JOURNAL_FIELDS",
    "MAX_BUFFER_BYTES",
    "ORDER_FIELDS",
    "PACKET_FIELDS",
    "PAYLOAD_FIELDS",
    "NativeError",
    "Records",
    "book_checksum",
    "itch50_decode",
    "itch50_layout",
    "itch50_orders",
    "journal_records",
    "mold_udp64_messages",
    "pcap_payloads",
    "reference_book_checksum",
]
