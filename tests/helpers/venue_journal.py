"""What arrived at the venue, from its own journal: the bytes are described in gateway/crates/venue/src/journal.rs."""

from pathlib import Path

HEAD_BYTES, ORDER = 50, 2
TOKEN = slice(1, 15)


def inbound(folder: Path) -> list[bytes]:
    """Every OUCH message of an order session, in order."""
    data, at, found = (folder / "venue.journal").read_bytes(), HEAD_BYTES, list[bytes]()
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        if at + 8 + length > len(data):
            break
        if data[at + 4] == ORDER:
            found.append(data[at + 15 : at + 4 + length])
        at += 8 + length
    return found


def entered(folder: Path) -> list[str]:
    """Tokens of new orders (O) and of the orders that replace one (U), in order of their arrival."""
    places = {ord("O"): TOKEN, ord("U"): slice(15, 29)}
    return [one[places[one[0]]].decode().strip() for one in inbound(folder) if one[0] in places]


def cancels(folder: Path) -> int:
    return sum(one[:1] == b"X" for one in inbound(folder))
