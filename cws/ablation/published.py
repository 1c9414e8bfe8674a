"""The bench of a house: every strategy that runs, on the clean bars in force."""

from cws.ablation.ablate import Bench
from cws.ablation.ground import Published
from cws.home import Settings
from cws.house import open_house
from cws.strategies import catalogue
from cws.trials import LedgerSink


def bench_of(chosen: Settings) -> Bench:
    """Nothing is read before the first ablation."""
    house = open_house(chosen)
    sources = [Published(chosen, name) for name in sorted(catalogue(chosen.strategies).strategies)]
    return Bench(house, sources, LedgerSink(house.ledger, house.lake, house.clock_ns, "gate"))
