"""Nothing is dropped silently: kept plus refused is all, the first reason stands, the record can be read back."""

import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.refusal import REFUSED_COLUMNS, refused_rows, split
from modules.tables import REFUSED
from modules.values import checked


def frame(count: int) -> pd.DataFrame:
    text = pd.Series([f"S{n}" for n in range(count)], dtype="str")
    return pd.DataFrame(
        {
            "source": pd.Series(["f"] * count, dtype="str"),
            "row": np.arange(count),
            "symbol": text,
            "x": np.arange(count) / 2.0,
        }
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_every_row_is_kept_or_refused_once(masks: list[tuple[bool, bool]]) -> None:
    one, two = (np.array([pair[at] for pair in masks], dtype=bool) for at in (0, 1))
    rows = frame(len(masks))
    kept, refused = split(rows, {"one": one, "two": two})
    assert sorted([*kept["row"], *refused["row"]]) == list(range(len(masks)))
    assert kept["row"].tolist() == [n for n in range(len(masks)) if not (one[n] or two[n])]
    assert refused["reason"].tolist() == ["one" if one[n] else "two" for n in refused["row"]]
    assert list(refused.columns) == list(REFUSED_COLUMNS) and len(checked(refused, REFUSED, "test")) == len(refused)


def test_the_record_holds_every_field_to_the_last_bit() -> None:
    rows = frame(2).assign(x=[0.1 + 0.2, np.inf], hole=np.nan)
    first, second = (json.loads(record) for record in refused_rows(rows, ["a", "b"])["record"])
    assert first["x"] == 0.1 + 0.2 and first["row"] == 0 and first["symbol"] == "S0"
    assert (second["x"], second["hole"]) == ("inf", "nan"), "JSON has no infinity: the word stands for it"


def test_the_input_is_untouched() -> None:
    rows = frame(3)
    split(rows, {"all": np.ones(3, dtype=bool)})
    assert rows.equals(frame(3))
