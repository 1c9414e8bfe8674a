"""What a result depends on besides its data: the locked packages, Python, the class of the CPU, and the code."""

import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from blake3 import blake3

from modules.canonical import json_hash

ROOT = Path(__file__).resolve().parent.parent
# The extensions that make numpy and the C library take other code paths.
CPU_FLAGS = ("avx", "avx2", "fma", "avx512f", "avx512dq", "asimd", "sve")


def file_hash(path: Path) -> str:
    """`b3:` + BLAKE3 of a file's bytes."""
    return "b3:" + blake3(path.read_bytes()).hexdigest()


def _cpu_class() -> str:
    info = Path("/proc/cpuinfo")
    words = set(info.read_text().split()) if info.exists() else set[str]()
    return "+".join([platform.machine(), *(flag for flag in CPU_FLAGS if flag in words)])


@cache
def environment() -> dict[str, str]:
    """Lock hash, Python version, CPU class, and `hash` over the three."""
    lock = ROOT / "requirements.lock"
    parts = {
        "lock": file_hash(lock) if lock.exists() else "none",
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "cpu": _cpu_class(),
    }
    return {**parts, "hash": json_hash(parts)}


@cache
def commit() -> str:
    """The git commit of the checkout, with `+` when files differ from it; `unknown` outside a checkout."""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
        )
        dirty = subprocess.run(
            ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def code_hash(modules: Iterable[str]) -> str:
    """Hash of the source that modules (`stage/name`) run: they, their stage's helpers, contract, skills, kernels."""
    files = [
        *(ROOT / "modules").glob("*.py"),
        *(ROOT / "modules/skills").glob("*.py"),
        *(ROOT / "kernels").rglob("*.py"),
    ]
    named = [ROOT / "modules" / module for module in modules]
    files += [path.with_suffix(suffix) for path in named for suffix in (".py", ".toml")]
    # Helpers stand beside the modules of a stage and have no TOML; a module may use any of its stage's.
    folders = {path.parent for path in named}
    files += [path for folder in folders for path in folder.glob("*.py") if not path.with_suffix(".toml").exists()]
    return json_hash({str(path.relative_to(ROOT)): file_hash(path) for path in sorted(set(files))})
