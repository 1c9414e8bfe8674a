"""A world goes through all six stages like any dataset: its recipe and its file stand where the others do."""

from pathlib import Path

import pytest
from made_up import REVERSAL
from places import STRATEGIES
from way import JUDGES, way

from cws.market.files import write_world
from cws.market.spec import Flaws, World
from cws.market.vendor import world_source
from cws.sources import locate, read
from cws.strategies import catalogue
from modules.contract import STAGES
from modules.errors import CwsError

FLAWS = Flaws(splits=2, dividends=4, exact_duplicates=3, spikes=2, bad_cells=2, strays=2)
WORLDS = [
    World(name="made_up", bars=400, symbols=6, alpha=REVERSAL, flaws=FLAWS),
    World(name="made_up", vendor="wide_panel", bars=400, symbols=6, missing_share=0.01),
]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.vendor)
def test_all_six_stages_run_on_a_world(world: World, tmp_path: Path) -> None:
    write_world(world, 5, tmp_path)
    text = (STRATEGIES / "xs_reversal.toml").read_text().replace('"us_large_caps"', '"made_up"')
    (tmp_path / "on_made_up.toml").write_text(text)
    chosen = catalogue(tmp_path)
    data = read(locate(chosen.datasets["made_up"].source, tmp_path / "datasets")).data
    assert data == world_source(world, 5)
    tables = way(chosen, "on_made_up", data, STAGES)
    assert len(tables["orders"]) > 100 and len(tables["fills"]) > 100 and tables["parents"].empty
    # An order for a bar that was refused lapses.
    assert len(tables["breaks"]) <= world.flaws.spikes + world.flaws.bad_cells
    assert set(JUDGES).isdisjoint(tables)


def test_a_dataset_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write_world(WORLDS[0], 5, tmp_path)
    before = (tmp_path / "datasets" / "made_up.csv").read_bytes()
    with pytest.raises(CwsError, match="made_up") as refusal:
        write_world(WORLDS[0], 6, tmp_path)
    assert refusal.value.code == "CWS-MARKET-007"
    assert (tmp_path / "datasets" / "made_up.csv").read_bytes() == before
