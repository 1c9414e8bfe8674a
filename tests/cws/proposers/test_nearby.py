"""What is nearby: candidates inside the bounds, and among them what people mistake a setting for."""

from itertools import pairwise

import pytest

from cws.patches import Patch, check
from cws.proposers.nearby import nearby
from cws.proposers.probing import listed
from cws.proposers.proposal import Ask
from cws.release import released
from modules.registry import all_modules, load

# (module, setting, mistaken for): the right value must be among the candidates of the mistaken one.
SLIPS = [
    ("cost_bps", "cost_bps", 1_000.0),
    ("cost_bps", "cost_bps", 3.7),
    ("performance", "bars_per_year", 12.0),
    ("cost_sqrt_impact", "impact_bars", 21),
    ("capacity_cap", "adv_share", 1.0),
    ("exchange_sessions", "mic", "XHKG"),
    ("csv_ohlcv", "column_high", "Low"),
    ("to_utc_ns", "stamp_kind", "local"),
    ("alpha_formula", "formula", "cs_rank(delta(close, 5) / delay(close, 5))"),
]


def test_every_candidate_is_a_patch_that_changes_something() -> None:
    for module in all_modules():
        for patch in nearby(module):
            check(patch, module.name)


@pytest.mark.parametrize(("module", "key", "wrong"), SLIPS)
def test_the_right_value_is_near_the_mistake(module: str, key: str, wrong: float | str) -> None:
    right = load(module).manifest.settings[key]
    with released([Patch(module, {key: wrong})]):
        found = [str(patch.settings[key]) for patch in nearby(load(module)) if key in patch.settings]
    same = [value for value in found if value == str(right) or value == f"-1 * ({wrong})"]
    assert same, f"{right!r} is not among {found}"


def test_numbers_keep_their_distance() -> None:
    found = [1.0, *(p.settings["gross"] for p in nearby(load("rank_to_weight"), 1.5) if "gross" in p.settings)]
    numbers = sorted(float(value) for value in found if value)
    assert all(high / low >= 1.5 for low, high in pairwise(numbers))


def test_a_suspect_does_not_keep_the_others_waiting() -> None:
    """A setting at its bound is suspect, and has dozens of values nearby."""
    right = Patch("to_utc_ns", {"stamp_kind": "date"})
    with released([Patch("to_utc_ns", {"stamp_kind": "local"})]):
        found = listed(Ask("finding", "to_utc_ns", ("bar_seconds",), 200, 0))
    assert len({patch.id for patch in found}) == len(found) > 20
    assert "bar_seconds" in found[0].settings and right in found[:4]
