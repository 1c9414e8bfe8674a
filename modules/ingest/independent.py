"""Second opinions on a text file, made without the readers' code: what their acceptance checks compare with."""

import gzip
import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_QUOTED = re.compile(rb'"[^"]*"')
_SEPARATORS = re.compile(rb"[,;|\t\r\n\"]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def plain(raw: bytes) -> bytes:
    return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


def count_records(raw: bytes) -> int:
    """Lines that hold something, less the header; a line break inside quotes ends no record."""
    return sum(1 for line in _QUOTED.sub(b"q", plain(raw)).splitlines() if line) - 1


def numbers_written(raw: bytes) -> NDArray[np.float64]:
    """Every number that stands between separators, sorted, read by Arrow (correctly rounded, and not by Python)."""
    words = {word.decode("latin-1").strip() for word in _SEPARATORS.split(plain(raw))}
    text = pa.array([word.removeprefix("+") for word in words if _NUMBER.fullmatch(word)], type=pa.string())
    return np.sort(text.cast(pa.float64()).to_numpy(zero_copy_only=False))


def invented(values: NDArray[np.float64], raw: bytes) -> NDArray[np.bool_]:
    """Which finite values stand nowhere in the file."""
    known, wrong = numbers_written(raw), np.isfinite(values)
    finite = values[wrong]
    at = np.minimum(np.searchsorted(known, finite), max(len(known) - 1, 0))
    wrong[wrong] = known[at] != finite if len(known) else True
    return wrong
