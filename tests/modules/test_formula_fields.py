"""Fields that bars do not carry: by a declared rule, in every place that runs a formula."""

import numpy as np
import pandas as pd
import pytest

from modules.backtest.sweep_chunks import sweep_chunks
from modules.backtest.sweep_settings import SweepSettings
from modules.errors import CwsError
from modules.examples import bars_example
from modules.formula_fields import field_matrices, field_names, sector_numbers
from modules.panel import grid
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import BARS
from modules.values import make_table

SEEN = bars_example(np.random.default_rng(11))
SYMBOLS = sorted(SEEN["symbol"].unique())
TWO_SECTORS = " ".join(f"{symbol}={'ab'[at % 2]}" for at, symbol in enumerate(SYMBOLS[:-1]))


def signal(formula: str, **rules: str) -> pd.Series:
    outcome = run(bind(load("alpha_formula"), {"formula": formula, **rules}), {"bars": make_table(SEEN, BARS, "test")})
    assert outcome.failure is None and outcome.trace.failed_checks == [], outcome.trace
    return next(iter(outcome.outputs.values())).frame["value"]


def test_vwap_is_the_typical_price_where_it_is_said() -> None:
    typical = (SEEN["high"] + SEEN["low"] + SEEN["close"]) / 3.0
    np.testing.assert_array_equal(signal("vwap", vwap="typical"), typical)
    with pytest.raises(CwsError, match="CWS-ALPHA-005") as refusal:
        bind(load("alpha_formula"), {"formula": "vwap"})
    assert "settings vwap and sectors" in refusal.value.fix


def test_a_sector_is_what_the_setting_says_and_who_has_none_is_in_no_group() -> None:
    found = SEEN.assign(value=signal("neutralise(close, sector)", sectors=TWO_SECTORS))
    assert found.loc[found["symbol"] == SYMBOLS[-1], "value"].isna().all()
    last = found[found["ts_event"] == found["ts_event"].max()].set_index("symbol")
    for sector in (SYMBOLS[:-1:2], SYMBOLS[1:-1:2]):
        own = last.loc[sector, "close"]
        np.testing.assert_allclose(last.loc[sector, "value"], own - own.mean(), atol=1e-12)


def test_a_sweep_takes_the_same_fields() -> None:
    one_sector = " ".join(f"{symbol}=a" for symbol in SYMBOLS[:-1])
    told = {"rule": "alpha", "formula": "neutralise(vwap / close, sector) * $x", "grid": "x 1 2, enter 0, exit 0"}
    settings = bind(load("vector_sweep"), {**told, "vwap": "typical", "sectors": one_sector}).settings
    assert isinstance(settings, SweepSettings)
    (frame,) = sweep_chunks(SEEN, settings)
    orders = frame.groupby("symbol")["order_count"].sum()
    assert orders[SYMBOLS[-1]] == 0 and (orders[SYMBOLS[:-1]] > 0).all()
    outcome = run(bind(load("vector_sweep"), told), {"bars": make_table(SEEN, BARS, "test")})
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-ALPHA-005"


def test_the_rules_say_which_fields_there_are() -> None:
    for vwap, sectors, more in (("none", "", ()), ("none", " ", ()), ("typical", "A.X=b", ("vwap", "sector"))):
        names = ("open", "high", "low", "close", "volume", *more)
        assert field_names(vwap, sectors) == names
        assert tuple(field_matrices(SEEN, grid(SEEN), vwap, sectors)) == names


@pytest.mark.parametrize("sectors", ["AAPL.XNAS", "=tech", "AAPL.XNAS=", "A.X=b A.X=c", "A.X = b"])
def test_words_that_are_no_sectors_are_refused_before_any_run(sectors: str) -> None:
    with pytest.raises(CwsError, match="CWS-ALPHA-010"):
        bind(load("alpha_formula"), {"formula": "close", "sectors": sectors})


def test_numbers_of_sectors_do_not_hang_on_the_order_of_symbols() -> None:
    assert sector_numbers("C.X=b A.X=a B.X=b") == {"A.X": 1.0, "B.X": 2.0, "C.X": 2.0}
