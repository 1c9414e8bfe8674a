"""The made-up house of the ablation tests, for cycles over it."""

import shutil
from pathlib import Path

import pytest
from small_house import Place, copy_place, make_place
from walking import publish_stages

from cws.ablation.ablate import Bench
from cws.ablation.ground import Published
from cws.trials import LedgerSink
from modules.registry import ROOT


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = make_place(tmp_path_factory.mktemp("published") / "place")
    publish_stages(place, place.house())
    return place


@pytest.fixture
def bench(_published: Place, tmp_path: Path) -> Bench:
    place = copy_place(_published, tmp_path / "place")
    house = place.house()
    return Bench(
        house, [Published(place.settings, "small_reversal")], LedgerSink(house.ledger, house.lake, house.clock_ns)
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the modules' TOMLs: a test never writes into the product itself."""
    return Path(shutil.copytree(ROOT, tmp_path / "modules", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
