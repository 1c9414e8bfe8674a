"""Slices: a symbol, a weekday or a regime with far more than its share of the bad rows."""

from dataclasses import replace

import pandas as pd
from traced import seen

from cws.supervisor.miners.slices import LEAST_ROWS, mine
from cws.supervisor.seen import Seen

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
SYMBOLS = tuple(f"S{n}" for n in range(10))


def bars() -> pd.DataFrame:
    rows = [(s, d, r) for s in SYMBOLS for d in DAYS for r in ("calm", "middling", "wild", "calm", "middling")]
    found = pd.DataFrame(rows, columns=["symbol", "weekday", "regime"]).assign(unit="s")
    return found.astype("str")


def bad(**columns: object) -> pd.DataFrame:
    """Rows spread evenly over symbols, weekdays and days, except for what is given."""
    n = 2 * LEAST_ROWS
    even = pd.DataFrame(
        {
            "symbol": [SYMBOLS[i % 10] for i in range(n)],
            "weekday": [DAYS[i % 5] for i in range(n)],
            "regime": [("calm", "middling")[i % 2] for i in range(n)],
            "day": range(n),
        }
    )
    found = even.assign(unit="s", module="m", what="spike").assign(**columns)
    return found.astype({name: "str" for name in found.columns if name != "day"})


def sliced(rows: pd.DataFrame) -> Seen:
    return replace(seen({}), bad_rows=rows, bars=bars())


def test_evenly_spread_rows_are_healthy() -> None:
    assert mine(sliced(bad())) == []


def test_a_symbol_with_most_of_the_rows_is_named_with_its_fair_share() -> None:
    (one,) = mine(sliced(bad(symbol="S3")))
    assert (one.kind, one.module, one.evidence, one.unit) == ("symbol", "m", ("t1",), "rows")
    assert "S3: 100% of its 60 bad rows (spike), but 10.0% of the bars" in one.sentence and one.cost == 54.0


def test_a_weekday_and_a_regime_are_named() -> None:
    assert [one.signature for one in mine(sliced(bad(weekday="Friday")))] == ["s/weekday/Friday"]
    assert [one.signature for one in mine(sliced(bad(regime="wild")))] == ["s/regime/wild"]


def test_one_bad_day_says_nothing_of_its_weekday() -> None:
    assert mine(sliced(bad(weekday="Friday", regime="wild", day=12))) == []


def test_few_rows_unknown_slices_and_units_without_bars_are_left_out() -> None:
    assert mine(sliced(bad(symbol="S3").head(LEAST_ROWS - 1))) == []
    assert mine(sliced(bad(symbol="", weekday="", regime=""))) == []
    assert mine(replace(seen({}), bad_rows=bad(symbol="S3"))) == []
