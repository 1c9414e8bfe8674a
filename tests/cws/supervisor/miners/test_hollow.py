"""Outputs without content; what a module was given so is not its doing."""

from typing import Any

import pytest
from traced import profile, seen

from cws.supervisor.miners.hollow import mine
from cws.supervisor.seen import Declared

GIVER = {"module": "giver", "outputs": {"bars": "b3:bars"}}
TAKER: dict[str, Any] = {"inputs": {"bars": "b3:bars"}}
NOTHING = {"nan_share": 1.0, "distinct": 0, "p01": None, "p50": None, "p99": None}


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"rows_out": 0, "profile": {}}, "no rows", "no row of 1000"),
        ({"profile": profile(**NOTHING)}, "no value", "value without any value"),
        ({"profile": profile(distinct=1)}, "constant", "the same value in every row"),
    ],
    ids=["rows", "null", "constant"],
)
def test_a_hollow_output_is_found(change: dict[str, Any], kind: str, said: str) -> None:
    (one,) = mine(seen(GIVER, TAKER | change))
    assert (one.kind, one.module, one.suspects) == (kind, "m", ("window_bars",))
    assert said in one.sentence


@pytest.mark.parametrize("hollow", [profile(**NOTHING), profile(distinct=1)], ids=["null", "constant"])
def test_what_was_given_so_is_not_the_takers_doing(hollow: dict[str, Any]) -> None:
    (one,) = mine(seen(GIVER | {"profile": hollow}, TAKER | {"profile": hollow}))
    assert one.module == "giver"


def test_a_source_may_lack_columns_but_not_all_of_them() -> None:
    some, none = profile("close") | profile("open", **NOTHING), profile("close", **NOTHING) | profile("open", **NOTHING)
    assert mine(seen({"inputs": {"raw": "x"}, "profile": some})) == []
    assert len(mine(seen({"inputs": {"raw": "x"}, "profile": none}))) == 2


def test_an_empty_table_of_breaks_and_a_table_of_few_rows_are_healthy() -> None:
    modules = {"m": Declared("correctness", "breaks", {})}
    assert mine(seen(GIVER, TAKER | {"rows_out": 0, "profile": {}}, modules=modules)) == []
    assert mine(seen(GIVER, TAKER | {"rows_out": 3, "profile": profile(distinct=1)})) == []
    assert mine(seen(GIVER, TAKER | {"profile": profile("age_bars", distinct=1)})) == []
    assert mine(seen(GIVER, TAKER)) == []
