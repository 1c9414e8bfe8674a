"""A file is what its keys say: words in a comment or a text make no strategy of a sweep, nor the reverse."""

from pathlib import Path

import pytest
from batching import SWEEP
from places import STRATEGIES

from cws.batch.recipe import Sweep, open_recipe
from cws.strategies import Strategy, catalogue
from modules.errors import CwsError

CATALOGUE = catalogue(STRATEGIES)
STRATEGY_TEXT = (STRATEGIES / "xs_reversal.toml").read_text()
SWEEP_TEXT = SWEEP.replace('"small"', f'"{CATALOGUE.strategies["xs_reversal"].dataset}"')


def opened(folder: Path, text: str) -> Strategy | Sweep:
    path = folder / "mine.toml"
    path.write_text(text)
    return open_recipe(str(path), CATALOGUE)


@pytest.mark.parametrize(
    "text",
    [
        SWEEP_TEXT,
        "# No [backtest] chain here.\n" + SWEEP_TEXT,
        SWEEP_TEXT.replace("Small enough", "Not in [backtest], but small enough"),
    ],
)
def test_a_sweep_is_a_sweep(tmp_path: Path, text: str) -> None:
    assert isinstance(opened(tmp_path, text), Sweep)


@pytest.mark.parametrize("header", ["[backtest]", "[ backtest ]", "['backtest']"])
def test_a_strategy_is_a_strategy_however_its_table_is_written(tmp_path: Path, header: str) -> None:
    assert isinstance(opened(tmp_path, STRATEGY_TEXT.replace("[backtest]", header)), Strategy)


def test_a_strategy_without_its_backtest_is_refused_as_a_strategy(tmp_path: Path) -> None:
    before, after = STRATEGY_TEXT.split("[backtest]")
    lines = after.split("\n", 2)[2]
    with pytest.raises(CwsError, match="CWS-STRATEGY-002"):
        opened(tmp_path, before + lines)


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CwsError, match="CWS-BATCH-008"):
        opened(tmp_path, "[backtest\n")
