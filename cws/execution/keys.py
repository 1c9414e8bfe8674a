"""Ed25519 keys of a home: one signs limits, the other statements about journals. Made once, readable by us alone."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from modules.errors import CwsError

KEY_BYTES = 32


def signing_key(folder: Path, name: str) -> Ed25519PrivateKey:
    """The key NAME.key (its 32 bytes) below `folder`, made by whoever comes first. Raises CWS-EXECUTION-002."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    made = Ed25519PrivateKey.generate()
    try:
        os.write(handle, made.private_bytes_raw())
        os.fsync(handle)
    finally:
        os.close(handle)
    return made


def _read(path: Path) -> Ed25519PrivateKey:
    data = path.read_bytes()
    if len(data) != KEY_BYTES:
        raise CwsError(
            "CWS-EXECUTION-002",
            what=f"{len(data)} bytes are no Ed25519 key",
            where=str(path),
            fix="restore the key; without it move the file away: a new one signs what comes, old signatures stay valid",
        )
    return Ed25519PrivateKey.from_private_bytes(data)


def public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def is_signed(public: str, signature: str, message: bytes) -> bool:
    """Whether `signature` (hex) over `message` is of the key whose public half (hex) is given."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
