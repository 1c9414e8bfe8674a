"""A made-up house with a year of days, published once, and a bench on it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from small_house import Place, copy_place, make_place
from walking import publish_stages
from way import CountingSink

from cws.ablation.ablate import Bench
from cws.ablation.fresh import hashes_again
from cws.ablation.ground import Published
from modules.registry import ROOT


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = make_place(tmp_path_factory.mktemp("published") / "place")
    publish_stages(place, place.house())
    return place


@pytest.fixture
def place(_published: Place, tmp_path: Path) -> Place:
    return copy_place(_published, tmp_path / "place")


def sources(place: Place) -> list[Published]:
    return [Published(place.settings, "small_reversal")]


@pytest.fixture(scope="session")
def again(_published: Place) -> dict[str, str]:
    """A/A once a session: what a fresh process says of these bytes, so that not every test starts one more."""
    return dict(hashes_again(sources(_published)))


@pytest.fixture
def unvouched(place: Place) -> Bench:
    """A bench that still has to ask a process of its own, as every batch does."""
    return Bench(place.house(), sources(place), CountingSink())


@pytest.fixture
def bench(unvouched: Bench, again: dict[str, str]) -> Bench:
    return replace(unvouched, _again=again)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the modules' TOMLs: a test never writes into the product itself."""
    return Path(shutil.copytree(ROOT, tmp_path / "modules", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
