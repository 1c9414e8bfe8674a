"""Where numba keeps compiled kernels, and when it may use them again: while all sources here are the same."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import InTreeCacheLocator, UserWideCacheLocator

SOURCES = Path(__file__).resolve().parent


@cache
def source_hash() -> bytes:
    """SHA-256 over the names and contents of every Python file of the package, once a process."""
    digest = sha256()
    for path in sorted(SOURCES.rglob("*.py")):
        digest.update(str(path.relative_to(SOURCES)).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return digest.digest()


def _is_kernel(file: str) -> bool:
    return Path(file).resolve().is_relative_to(SOURCES)


class BesideSource(InTreeCacheLocator):
    """In `__pycache__` beside the kernel's file, where that can be written."""

    def get_source_stamp(self) -> bytes:
        return source_hash()

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        """None for what is no kernel: numba then asks the next locator."""
        return super().from_function(py_func, py_file) if _is_kernel(py_file) else None


class ForUser(UserWideCacheLocator):
    """In the user's own cache folder, for an installation that cannot be written."""

    def get_source_stamp(self) -> bytes:
        return source_hash()

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        """None for what is no kernel: numba then asks the next locator."""
        return super().from_function(py_func, py_file) if _is_kernel(py_file) else None
