"""The made-up house of the ablation tests, for cycles over it."""

import shutil
from pathlib import Path

import pytest
from small_house import make_place
from walking import publish_stages

from cws.ablation.ablate import Bench
from cws.ablation.ground import Published
from cws.trials import LedgerSink
from modules.registry import ROOT


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    place = make_place(tmp_path / "place")
    publish_stages(place, place.house())
    house = place.house()
    return Bench(
        house, [Published(place.settings, "small_reversal")], LedgerSink(house.ledger, house.lake, house.clock_ns)
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the modules' TOMLs: a test never writes into the product itself."""
    return Path(shutil.copytree(ROOT, tmp_path / "modules", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
