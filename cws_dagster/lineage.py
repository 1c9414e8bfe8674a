"""All assets of a catalogue: six groups in a line."""

import dagster as dg

from assets.backtest import backtest_assets
from assets.clean import clean_assets
from assets.execute import execute_assets
from assets.feature import feature_assets
from assets.ingest import ingest_assets
from assets.size import size_assets
from cws.strategies import Catalogue

FACTORIES = (ingest_assets, clean_assets, feature_assets, backtest_assets, size_assets, execute_assets)


def all_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    return [asset for factory in FACTORIES for asset in factory(catalogue)]
