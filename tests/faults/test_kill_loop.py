"""`kill -9` anywhere in supervise or a batch: no verdict lost, doubled or half-written, FDR state as without."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from children import ended, start, walk
from loop_house import (
    DECISIVE,
    PATCHES,
    SEED,
    ask_alone,
    ask_alone_and_die,
    decided,
    make_loop_place,
    modules_of,
    propose_to,
    supervise_and_die,
    supervise_on,
)
from small_house import Place, copy_place

from cws.ablation.told import told_alone
from cws.environment import ROOT
from cws.gate.batch import fresh
from cws.lake.fsck import ORPHAN, fsck
from cws.ledger.verify import verify
from cws.patches import patch_toml
from cws.pins import published

AGAIN = dict[str, str]


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Published once, with proposals that wait for their batch."""
    place = make_loop_place(tmp_path_factory.mktemp("loop") / "place")
    walk(place)
    propose_to(place)
    modules_of(place)
    return place


@pytest.fixture(scope="module")
def again(proposed: Place) -> AGAIN:
    return {"small_reversal": published(proposed.house())["equity", "small_reversal"].hash}


@pytest.fixture(scope="module")
def whole(proposed: Place, again: AGAIN, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The cycle as it goes when nobody kills it."""
    place = copy_place(proposed, tmp_path_factory.mktemp("whole") / "place")
    assert ended(start(supervise_on, place.folder, again)) == 0
    return place


def test_the_untouched_cycle_does_everything_once(whole: Place) -> None:
    found = decided(whole.house())
    assert [len(found[name]) for name in ("verdicts", "batches", "ships", "shadows", "cycles")] == [4, 1, 1, 1, 1]  # type: ignore[arg-type]
    assert "window_bars = 12" in (modules_of(whole) / "feature" / "reversal_5d.toml").read_text()


def test_killed_after_each_entry_in_turn(proposed: Place, again: AGAIN, whole: Place, tmp_path: Path) -> None:
    """Each child goes on where the one before it died, and dies at its own first step."""
    place, deaths = copy_place(proposed, tmp_path / "place"), 0
    while not place.house().ledger.entries("cycle"):
        assert ended(start(supervise_and_die, place.folder, again)) == -signal.SIGKILL
        house, deaths = place.house(), deaths + 1
        assert deaths < 40, "a step that is done again and again"
        assert verify(house.home.ledger, None)["ok"]
        assert {problem.code for problem in fsck(house.lake)} <= {ORPHAN}
    steps = [e for e in whole.house().ledger.entries() if e.kind in DECISIVE]
    assert deaths >= len(steps), "every step was somebody's last"
    assert decided(place.house()) == decided(whole.house())
    assert (modules_of(place) / "feature" / "reversal_5d.toml").read_text() == (
        modules_of(whole) / "feature" / "reversal_5d.toml"
    ).read_text()


def test_a_lone_ablation_killed_after_each_entry_in_turn(
    proposed: Place, again: AGAIN, whole: Place, tmp_path: Path
) -> None:
    """Its row stands once, the procedures never hear of it, and the batch of later decides as if nobody had asked."""
    untouched, place = (copy_place(proposed, tmp_path / name / "place") for name in ("untouched", "place"))
    assert ended(start(ask_alone, untouched.folder, again)) == 0
    expected, deaths = decided(untouched.house()), 0
    assert [len(expected[name]) for name in ("verdicts", "rows", "batches")] == [1, 1, 0]  # type: ignore[arg-type]
    while not place.house().lake.parts("verdicts"):
        assert ended(start(ask_alone_and_die, place.folder, again)) == -signal.SIGKILL
        deaths += 1
        assert deaths < 10, "a step that is done again and again"
    assert deaths == 5, "baseline, confirm look, deltas, verdict, row"
    assert ended(start(ask_alone, place.folder, again)) == 0
    assert decided(place.house()) == expected and expected["state"] == fresh()
    assert ended(start(supervise_on, place.folder, again)) == 0
    found, without = decided(place.house()), decided(whole.house())
    names = ("verdicts", "deltas", "batches", "ships", "shadows", "confirm", "state")
    assert [found[name] for name in names] == [without[name] for name in names]
    assert told_alone(place.house()) == []


def test_the_command_killed_at_a_random_moment(proposed: Place, whole: Place, tmp_path: Path) -> None:
    """`cws ablate --batch` itself, on a copy of the product, which it may ship into."""
    product, place = tmp_path / "product", copy_place(proposed, tmp_path / "place")
    for name in ("cws_dagster", "assets", "cws", "modules", "kernels"):
        shutil.copytree(ROOT / name, product / name)
    for number, patch in enumerate(PATCHES):
        (tmp_path / f"{number}.toml").write_text(patch_toml(patch))
    files = [str(tmp_path / f"{number}.toml") for number in range(len(PATCHES))]
    command = [sys.executable, "-m", "cws_dagster.cli", "ablate", "--batch", "--seed", str(SEED), *files]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(product), "PYTHONDONTWRITEBYTECODE": "1",
                   "CWS_HOME": str(place.home), "CWS_STRATEGIES": str(place.strategies)}  # fmt: skip
    moment_s = float(np.random.default_rng(np.random.SeedSequence().entropy).uniform(1.0, 8.0))
    with subprocess.Popen(command, cwd=product, env=environment, stdout=subprocess.DEVNULL) as killed:
        try:
            killed.wait(moment_s)
        except subprocess.TimeoutExpired:
            killed.kill()
    # On a fast machine the kill comes after the last step: then nothing is left to go on with, and the same
    # command would be the next batch, on the module as it was shipped.
    names = ("verdicts", "deltas", "batches", "rows", "ships", "shadows", "confirm", "state")
    found, expected = decided(place.house()), decided(whole.house())
    if any(found[name] != expected[name] for name in names):
        done = subprocess.run(command, cwd=product, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"killed after {moment_s:.2f} s: {done.stderr}"
        found = decided(place.house())
    for name in names:
        assert found[name] == expected[name], f"{name}, killed after {moment_s:.2f} s"
    assert "window_bars = 12" in (product / "modules" / "feature" / "reversal_5d.toml").read_text()
