"""Any signal that the alpha language can write, for example `cs_rank(-delta(close, 5) / delay(close, 5))`.

The panel is a grid of all its stamps: a symbol without a bar at a stamp is missing there, and so is every window that
holds that stamp. A lag cannot be negative in the language, so looking ahead cannot be written.
"""

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from kernels.alpha.batch import evaluate
from kernels.alpha.language import MAX_CHARS, Node, lookback_bars
from kernels.alpha.streaming import Stream
from modules.contract import Check, ModuleSettings, module
from modules.examples import bars_example
from modules.formula import ready
from modules.formula_fields import Sectors, Vwap, field_matrices, field_names
from modules.panel import KEYS, grid
from modules.tables import BARS, SIGNAL

_REPLAYED_BARS = 64


class Settings(ModuleSettings):
    formula: str = Field(max_length=MAX_CHARS, description="a formula over open high low close volume ret vwap sector")
    vwap: Vwap
    sectors: Sectors

    @model_validator(mode="after")
    def _is_a_formula(self) -> "Settings":
        # A limit like any other: a wrong formula is refused when a strategy is bound, before anything runs.
        _parsed(self)
        return self


def _parsed(settings: Settings) -> Node:
    return ready(settings.formula, field_names(settings.vwap, settings.sectors), {})


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


@module(takes=BARS, gives=SIGNAL, settings=Settings, example=example)
def alpha_formula(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    stamps = grid(bars)
    fields = field_matrices(bars, stamps, settings.vwap, settings.sectors)
    return bars[KEYS].assign(value=stamps.gather(evaluate(_parsed(settings), fields)))


@alpha_formula.accept
def one_value_per_bar(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The signal has exactly the bars' keys, in their order."""
    return after[KEYS].equals(before[KEYS])


@alpha_formula.accept
def replayed_bar_by_bar(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """The streaming evaluator, fed the first bars one at a time, gives the same bits through the warm-up and beyond."""
    stamps, formula = grid(before), _parsed(settings)
    replayed = min(len(stamps.ts_event), lookback_bars(formula) + _REPLAYED_BARS)
    whole = field_matrices(before, stamps, settings.vwap, settings.sectors)
    fields = {name: values[:replayed] for name, values in whole.items()}
    stream = Stream(formula, len(stamps.symbols))
    rows = [stream.push({name: values[t] for name, values in fields.items()}) for t in range(replayed)]
    early = stamps.row_of < replayed
    expected = np.array(rows).reshape(replayed, len(stamps.symbols))[stamps.row_of[early], stamps.column_of[early]]
    found = after["value"].to_numpy()[early]
    wrong = (found != expected) & ~(np.isnan(found) & np.isnan(expected))
    return Check(not wrong.any(), float(wrong.sum()), "0 rows", after[early][wrong].head(5))
