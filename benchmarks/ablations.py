"""How many counted ablations the embedded data take: `python -m benchmarks.ablations [--counted 800] [--json]`.

A home of its own, one main job in it, then batches of drawn patches through `cws ablate --batch`, until so many were
counted on confirm folds; what a screen or a contract ended is said apart. Exit code 1 above two hours. What ships is
the next batch's baseline, as in life; the modules' own files stay as they are, for all this runs in a copy.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from benchmarks.machine import facts, show, show_lines
from cws.patches import Patch, check, patch_toml
from cws.supervisor.planted import drawn_patches
from modules.errors import CwsError

GOAL_S = 7_200.0
A_BATCH = 200
MOST_BATCHES = 40
ROOT = Path(__file__).resolve().parent.parent
COPIED = ("cws", "cws_dagster", "assets", "modules", "kernels", "strategies", "benchmarks", "pyproject.toml")


def copied(folder: Path) -> Path:
    """The project's code, so that a ship changes no file of ours."""
    place = folder / "project"
    place.mkdir()
    for name in COPIED:
        whole = ROOT / name
        if whole.is_dir():
            shutil.copytree(whole, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(whole, place / name)
    return place


def said(command: list[str], place: Path) -> dict[str, Any]:
    """The JSON object that a command of `cws` prints last."""
    home = {"CWS_HOME": str(place.parent / "home"), "CWS_EXECUTION": "paper"}
    line = [sys.executable, "-m", "cws_dagster.cli", *command, "--json"]
    done = subprocess.run(line, cwd=place, env={**os.environ, **home}, stdout=subprocess.PIPE, text=True, check=True)
    return cast(dict[str, Any], json.loads(done.stdout.splitlines()[-1]))


def changing(patch: Patch) -> bool:
    """Whether it says anything new: one with the values in force is refused, and its whole batch with it."""
    try:
        check(patch, patch.id)
    except CwsError:
        return False
    return True


def counted(verdict: dict[str, Any]) -> bool:
    """Whether the confirm folds were looked at: a verdict from them has a p-value."""
    return verdict["p"] is not None and not verdict["placebo"]


def measure(wanted: int, seed: int) -> dict[str, object]:
    """Counts and seconds until `wanted` ablations were counted."""
    found = {"counted": 0, "tried": 0, "placebos": 0, "refused": 0, "runs": 0, "reused": 0}
    batches: list[float] = []
    with TemporaryDirectory() as folder:
        place = copied(Path(folder))
        sys.stderr.write("main job ...\n")
        said(["run"], place)
        drawn = drawn_patches(np.random.default_rng(seed), A_BATCH * MOST_BATCHES)
        patches = [patch for patch in drawn if changing(patch)]
        while found["counted"] < wanted and patches:
            files = place.parent / f"patches_{len(batches)}"
            files.mkdir()
            for patch in patches[:A_BATCH]:
                (files / f"{patch.id}.toml").write_text(patch_toml(patch), encoding="utf-8")
            del patches[:A_BATCH]
            started = time.perf_counter()
            batch = said(["ablate", "--batch", str(files)], place)
            batches.append(time.perf_counter() - started)
            real = [one for one in batch["verdicts"] if not one["placebo"]]
            found["tried"] += len(real)
            found["counted"] += sum(map(counted, real))
            found["placebos"] += batch["placebos"]
            found["refused"] += len(batch["refused"])
            found["runs"] += batch["runs"]
            found["reused"] += batch["reused"]
            sys.stderr.write(f"batch {len(batches)}: {found}, {sum(batches):.0f} s\n")
    return {"name": "ablations", **found, "seconds": sum(batches), "batches": len(batches), "goal_s": GOAL_S, **facts()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counted", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    result = measure(asked.counted, asked.seed)
    (show if asked.json else show_lines)(result)
    enough = cast(int, result["counted"]) >= asked.counted
    sys.exit(0 if enough and cast(float, result["seconds"]) <= GOAL_S else 1)
