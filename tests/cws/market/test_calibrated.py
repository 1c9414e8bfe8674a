"""The default worlds have the moments of the real datasets, as these come out of their own ingest and clean modules."""

import math

import pytest
from places import STRATEGIES

from cws.market.calibrated import BANDS, CALIBRATED, Band, made_moments, middle
from cws.market.clock import bars_a_year
from cws.market.ingested import ingested
from cws.market.moments import moments
from cws.sources import locate, read
from cws.strategies import catalogue


@pytest.mark.parametrize("name", sorted(CALIBRATED))
def test_the_worlds_moments_lie_within_the_bands_of_the_real_ones(name: str) -> None:
    chosen, world = catalogue(STRATEGIES), CALIBRATED[name]
    dataset = chosen.datasets[name]
    bars = ingested(dataset, read(locate(dataset.source, chosen.folder / "datasets")).data).tables["bars"].frame
    assert bars["symbol"].nunique() == world.symbols
    real, made = moments(bars, bars_a_year(world)), middle(made_moments(world))
    off = {name: (real[name], made[name]) for name, band in BANDS.items() if not band.holds(real[name], made[name])}
    assert off == {}


def test_every_default_dataset_has_its_world() -> None:
    assert set(CALIBRATED) == set(catalogue(STRATEGIES).datasets)


def test_a_band_that_is_left_is_noticed() -> None:
    assert Band(0.1).holds(0.5, 0.59) and not Band(0.1).holds(0.5, 0.61)
    assert Band(0.0, 0.5).holds(-10.0, -14.0) and not Band(0.0, 0.5).holds(10.0, 15.1)
    assert Band(0.1).holds(math.nan, math.nan) and not Band(0.1).holds(math.nan, 0.5)
    assert not Band(0.1).holds(0.5, math.nan)
