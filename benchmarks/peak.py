"""By how much a call raises the peak of resident memory over the level just before it."""

import ctypes
import gc
import re
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc/self")


def _kb(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", (_PROC / "status").read_text(), re.MULTILINE)
    assert found, f"/proc/self/status has no {field}"
    return int(found.group(1))


def peak_rise_mb(call: Callable[[], object]) -> float:
    """The kernel's own high-water mark, set back to the level of now before the call (Linux)."""
    gc.collect()
    # Freed memory that the allocator still holds would hide what the call takes.
    ctypes.CDLL(None).malloc_trim(0)
    (_PROC / "clear_refs").write_text("5")
    before = _kb("VmRSS")
    kept = call()
    rise = (_kb("VmHWM") - before) / 1024.0
    del kept
    return round(rise, 2)
