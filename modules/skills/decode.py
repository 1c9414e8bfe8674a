"""A vendor's file to text: the `decode` skills. All take (raw bytes, max_bytes) and give a str.

A gzip stream is known by its magic number, so a source may change between plain and compressed files without a patch.
"""

import zlib

from modules.errors import CwsError
from modules.skills.registry import skill

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib: the largest window, with a gzip header and its CRC checked


def _broken_gzip(why: str) -> CwsError:
    return CwsError(
        "CWS-DECODE-001", what=f"the gzip stream is damaged: {why}", where="raw", fix="fetch the file again"
    )


def _inflate(raw: bytes, max_bytes: int) -> bytes:
    """All members of a gzip file, at most `max_bytes` + 1 bytes of it: a small file may hold terabytes."""
    out, rest = bytearray(), raw
    while rest and len(out) <= max_bytes:
        member = zlib.decompressobj(wbits=_GZIP_WINDOW)
        try:
            out += member.decompress(rest, max_bytes + 1 - len(out))
        except zlib.error as broken:
            raise _broken_gzip(str(broken)) from None
        if not member.eof and len(out) <= max_bytes:
            raise _broken_gzip("it ends in the middle")
        rest = member.unused_data
    return bytes(out)


def _text(raw: bytes, max_bytes: int, encoding: str) -> str:
    data = _inflate(raw, max_bytes) if raw.startswith(_GZIP_MAGIC) else raw
    if len(data) > max_bytes:
        raise CwsError(
            "CWS-DECODE-003",
            what=f"the text is longer than max_bytes = {max_bytes}",
            where="raw",
            fix="raise max_bytes or split the file",
        )
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise CwsError(
            "CWS-DECODE-002",
            what=f"the file is not {encoding} text",
            where="raw",
            fix="choose another decode skill, or another file",
        )
    return text


@skill("decode", version=1)
def utf8_text(raw: bytes, max_bytes: int) -> str:
    """Gzip or plain, UTF-8 (a byte-order mark is dropped)."""
    return _text(raw, max_bytes, "utf-8-sig")


@skill("decode", version=1)
def latin1_text(raw: bytes, max_bytes: int) -> str:
    """Gzip or plain, ISO 8859-1: every byte is a character, so only a NUL shows that it is no text."""
    return _text(raw, max_bytes, "latin-1")
