"""The code location of the three real strategies."""

import dagster as dg
import pytest
from places import STRATEGIES

from cws.strategies import Catalogue, catalogue
from cws_dagster.definitions import build


@pytest.fixture(scope="module")
def real() -> Catalogue:
    return catalogue(STRATEGIES)


@pytest.fixture(scope="module")
def definitions(real: Catalogue) -> dg.Definitions:
    return build(real)
