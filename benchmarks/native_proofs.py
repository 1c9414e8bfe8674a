"""What `make prove` tries of the native part: properties that binaries and tests of gateway/ count out themselves."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from cws.environment import ROOT

GATEWAY = ROOT / "gateway"
PACKETS, MESSAGES, SEED = 10_000_000, 1_000_000, 1
Found = dict[str, object]


class NotHereError(Exception):
    """What a property needs is not on this machine; the text says what and how to get it."""


def native_fuzz(_: Path) -> Found:
    """10^7 damaged packets of every protocol: no crash, both books agree, no intent beyond the hot loop's settings."""
    fuzzer = Path(os.environ.get("CARGO_TARGET_DIR", GATEWAY / "target")) / "release/cws-fuzz"
    if not fuzzer.is_file():
        raise NotHereError("cws-fuzz is not built: make run, with cargo and g++ installed")
    command = [str(fuzzer), "--seed", str(SEED), "--count", str(PACKETS), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    outcomes = json.loads(ran.stdout) if ran.stdout else {"told": [ran.stderr[-2_000:]]}
    assert ran.returncode == 0, (outcomes["told"], ran.stderr[-2_000:])
    assert outcomes["cases"] == PACKETS, outcomes
    return {name: outcomes[name] for name in ("seed", "cases", "hash", "accepted", "decoded", "books", "hot")}


def native_book_checksum(_: Path) -> Found:
    """The fast book and the obvious one agree over 10^6 random messages, a fifth hostile, and in tight limits."""
    if shutil.which("cargo") is None or shutil.which("g++") is None:
        raise NotHereError("cargo or g++ is missing: rustup.rs, apt-get install g++")
    command = ["cargo", "test", "--release", "--locked", "-p", "cws-book", "--test", "book"]
    settings = os.environ | {"CWS_BOOK_MESSAGES": str(MESSAGES)}
    ran = subprocess.run(command, cwd=GATEWAY, env=settings, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-2_000:]
    passed = re.search(r"(\d+) passed; 0 failed", ran.stdout)
    assert passed, ran.stdout[-2_000:]
    return {"messages": MESSAGES, "tests": int(passed[1])}
