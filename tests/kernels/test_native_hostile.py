"""Whatever bytes come: every exported function of `cws_native` reads them or refuses them with a code."""

import inspect
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native_bytes import BUILT, MESSAGES, blocks, journal, mold, pcap

from kernels import native
from kernels.native import NativeError


def refused_or_not(read: Callable[[bytes], object], damaged: bytes) -> None:
    try:
        read(damaged)
    except NativeError as error:
        assert re.fullmatch(r"CWS-(NATIVE|WIRE|JOURNAL)-\d{3}", error.code)
        assert error.code != "CWS-NATIVE-008", f"a fault of ours: {error}"


def all_readers(midnight_ns: int, small: int) -> list[Callable[[bytes], object]]:
    """Every exported function that takes bytes, some with arguments that are as hostile."""
    room = {"orders": 1 + small % 900, "levels_per_side": 1 + small % 17, "symbols": 1 + small % 70}
    return [
        native.itch50_decode, native.pcap_payloads, native.journal_records,
        lambda data: native.itch50_orders(data, midnight_ns),
        lambda data: native.mold_udp64_messages([data]),
        lambda data: native.mold_udp64_messages([data[at : at + small + 1] for at in range(0, len(data), small + 1)]),
        lambda data: native.book_checksum(data, **room),
        lambda data: native.reference_book_checksum(data, **room),
    ]  # fmt: skip


@BUILT
def test_every_exported_function_is_among_those_that_are_fed_with_hostile_bytes() -> None:
    import cws_native

    takers = {name for name in cws_native.__all__ if name.islower()} - {"itch50_layout"}
    fed = set(re.findall(r"native\.(\w+)", inspect.getsource(all_readers)))
    assert takers == fed


@BUILT
@settings(max_examples=200, deadline=None)
@given(
    MESSAGES, st.binary(max_size=300), st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=4),
    st.integers(-(2**63), 2**63 - 1), st.integers(0, 1_000),
)  # fmt: skip
def test_hostile_bytes_end_no_interpreter(
    messages: list[bytes], noise: bytes, changes: list[tuple[int, int]], midnight_ns: int, small: int
) -> None:
    as_array = np.frombuffer(noise[: len(noise) // 8 * 8], np.int64)
    wholes = (blocks(messages), mold(small, messages), pcap([mold(1, messages)]), journal(messages), noise)
    for whole in (*wholes, as_array.tobytes()):
        damaged = bytearray(whole or b"\0")
        for at, byte in changes:
            damaged[at % len(damaged)] = byte
        for read in all_readers(midnight_ns, small):
            refused_or_not(read, bytes(damaged))


@BUILT
@given(st.sampled_from(["i8", "f8", "S3", "U2", "b1", "c16"]), st.integers(0, 5), st.booleans())
def test_arrays_of_anything_are_bytes_or_refused(dtype: str, length: int, flat: bool) -> None:
    array = np.zeros(length if flat else (length, 2), dtype=dtype)
    for given_array in (array, array[::-1], array.T):
        for read in all_readers(0, 3):
            if read.__name__ != "<lambda>":
                refused_or_not(read, given_array)  # type: ignore[arg-type]


@BUILT
def test_a_fault_of_the_extension_is_an_exception_with_a_code() -> None:
    from cws_native import _native

    with pytest.raises(_native.NativeError, match=r"CWS-NATIVE-008 .*on purpose") as told:
        _native.fault("on purpose")
    assert isinstance(told.value, ValueError)
    assert len(native.itch50_orders(b"", 0)) == 0, "the extension goes on"


@BUILT
@settings(max_examples=100, deadline=None)
@given(MESSAGES, st.binary(max_size=40), st.integers(0, 2_000), st.integers(0, 7))
def test_damaged_bytes_are_read_or_refused_with_a_code(messages: list[bytes], noise: bytes, at: int, bit: int) -> None:
    for whole in (blocks(messages), mold(1, messages), pcap([mold(1, messages)]), journal(messages), noise):
        damaged = bytearray(whole or b"\0")
        damaged[at % len(damaged)] ^= 1 << bit
        for read in (native.itch50_decode, native.pcap_payloads, native.journal_records):
            refused_or_not(read, bytes(damaged))
        refused_or_not(lambda packet: native.mold_udp64_messages([packet]), bytes(damaged))
