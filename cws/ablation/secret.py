"""The gate's secret: confirm worlds are drawn from it, so that nobody can tune on the world that judges a patch."""

import secrets

from blake3 import blake3

from cws.house import House
from cws.ledger.disk import replace_file

FILE, BYTES = "gate.key", 32


def gate_secret(house: House) -> bytes:
    """Made at its first use, kept in the home, readable by the home's owner alone."""
    path = house.home.folder / FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, secrets.token_bytes(BYTES))
        path.chmod(0o600)
    return path.read_bytes()


def confirm_seed(secret: bytes, patch: str, program: str) -> int:
    """The seed of the world on which a patch is confirmed: no two patches share one."""
    return int.from_bytes(blake3(f"{patch} {program}".encode(), key=secret).digest(4))
