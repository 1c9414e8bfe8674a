"""A made-up house with a year of days, published once, and a bench on it."""

import shutil
from pathlib import Path

import pytest
from small_house import Place, copy_place, make_place
from walking import publish_stages
from way import CountingSink

from cws.ablation.ablate import Bench
from cws.ablation.ground import Published
from cws.home import Settings
from modules.registry import ROOT


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = make_place(tmp_path_factory.mktemp("published") / "place")
    publish_stages(place, place.house())
    return place


@pytest.fixture
def place(_published: Place, tmp_path: Path) -> Place:
    return copy_place(_published, tmp_path / "place")


@pytest.fixture
def bench(place: Place) -> Bench:
    chosen = Settings(home=place.house().home.folder, strategies=place.strategies)
    return Bench(place.house(), [Published(chosen, "small_reversal")], CountingSink())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the modules' TOMLs: a test never writes into the product itself."""
    return Path(shutil.copytree(ROOT, tmp_path / "modules", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
