"""Symbols as `SYMBOL.MIC` (ISO 10383). A symbol ends in paths and keys, so what could leave a folder is refused."""

import re
from collections.abc import Mapping

from modules.errors import CwsError

# Letters, digits and the marks that vendors use (BRK.B, BF-B, ^VIX, EURUSD=X, M&M): no separator, no leading dot.
SYMBOL_PATTERN = r"[A-Za-z0-9^][A-Za-z0-9^=&+_.\-]{0,63}"
_SYMBOL = re.compile(SYMBOL_PATTERN)
_LISTING = re.compile(r"([A-Z0-9]{4}):([^:;]+)")
UNNAMED = "?"  # stands in `refused` for a symbol that must not be written out as one; the record holds the original


def is_symbol(text: str) -> bool:
    return _SYMBOL.fullmatch(text) is not None and ".." not in text


def checked_symbol(text: str, where: str) -> str:
    """The symbol, for names that concern a whole file (its header, the settings).

    Raises CWS-INGEST-007.
    """
    if not is_symbol(text):
        raise CwsError(
            "CWS-INGEST-007",
            what=f"{text!r} is no symbol",
            where=where,
            fix="1-64 letters, digits or ^=&+_.- and no '..'",
        )
    return text


def mic_exceptions(listing: str) -> dict[str, str]:
    """`XNAS:AAPL,MSFT;XTKS:7203` as symbol -> MIC.

    Raises CWS-INGEST-010 for a malformed listing.
    """
    found: dict[str, str] = {}
    for part in filter(None, listing.split(";")):
        match = _LISTING.fullmatch(part.strip())
        if match is None:
            raise CwsError(
                "CWS-INGEST-010",
                what=f"{part!r} lists no symbols of a MIC",
                where="mic_exceptions",
                fix="write XNAS:AAPL,MSFT;XTKS:7203",
            )
        found |= {symbol.strip(): match[1] for symbol in match[2].split(",")}
    return found


def full_symbol(symbol: str, mic: str, exceptions: Mapping[str, str]) -> str:
    return f"{symbol}.{exceptions.get(symbol, mic)}"
