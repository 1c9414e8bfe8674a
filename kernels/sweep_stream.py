"""A sweep over any number of parameter sets in the memory of one chunk."""

from collections.abc import Iterable, Iterator

from kernels.cpu.sweep import sweep
from kernels.sweep_features import RULES
from kernels.sweep_inputs import F64, Market, Terms

# Enough that the windows, computed once a chunk, cost little beside its sets; about 10 MB.
CHUNK_SETS = 65_536


def stream(rule: str, sets: Iterable[F64], market: Market, terms: Terms, threads: int = 1) -> Iterator[F64]:
    """(n, 5) FIGURES of each chunk of sets, (parameters, n) each, in order; nothing of a chunk is kept after it."""
    for chunk in sets:
        features, lanes = RULES[rule].features(market.close, chunk)
        yield sweep(rule, features, lanes, market, terms, threads)
