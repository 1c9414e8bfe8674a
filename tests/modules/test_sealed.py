"""A seal tells its hash and its rows, and no other way leads in."""

import copy
import pickle

import pytest
from way import figures

from modules.conformance import example_inputs
from modules.registry import load
from modules.runner import run
from modules.sealed import Sealed
from modules.settings import bind


@pytest.fixture(scope="module")
def seal() -> Sealed:
    module = load("performance")
    return run(bind(module), example_inputs(module)).outputs["stats"]  # type: ignore[return-value]


def test_a_seal_shows_no_figure_in_any_text(seal: Sealed) -> None:
    texts = [repr(seal), str(seal), f"{seal}", repr([seal]), repr({"stats": seal})]
    assert len(figures(seal)) > 5
    assert [text for text in texts for figure in figures(seal) if figure in text] == []
    assert "rows" in repr(seal) and seal.hash.startswith("b3:")


@pytest.mark.parametrize(
    "way_in",
    [
        vars,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        len,
        iter,
        float,
        bytes,
        dict,
        lambda s: s["value"],
        lambda s: s.frame,
        lambda s: s.__table,
        lambda s: s.__dict__,
    ],
    ids=[
        "vars",
        "pickle",
        "copy",
        "deepcopy",
        "len",
        "iter",
        "float",
        "bytes",
        "dict",
        "item",
        "frame",
        "private",
        "dict of",
    ],
)
def test_a_seal_has_no_other_way_in(seal: Sealed, way_in) -> None:
    with pytest.raises((TypeError, AttributeError)):
        way_in(seal)


def test_a_seal_tells_its_hash_and_its_rows_and_nothing_else(seal: Sealed) -> None:
    public = {name for name in dir(seal) if not name.startswith("_")}
    assert public == {"hash", "rows"}
