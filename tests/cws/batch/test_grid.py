"""A grid in words: all combinations in order, and everything wrong refused before anything runs."""

import numpy as np
import pytest
from places import STRATEGIES

from cws.batch.grid import Axis, Grid, written_axes
from cws.batch.strategy_sets import known_settings, strategy_grid, with_values
from cws.strategies import Strategy, catalogue
from modules.errors import CwsError

XS = catalogue(STRATEGIES).strategy("xs_reversal")


def refused(text: str, strategy: Strategy = XS, max_sets: int = 100) -> CwsError:
    with pytest.raises(CwsError) as refusal:
        strategy_grid(strategy, text, max_sets)
    return refusal.value


def test_the_last_axis_is_the_fastest() -> None:
    grid = strategy_grid(
        XS, "reversal_5d.window_bars=3..5, cost_bps=1 5, rank_to_weight.skill.schedule=weekly daily", 99
    )
    assert grid.size == 12
    assert grid.values(0) == {
        "reversal_5d.window_bars": 3, "cost_bps": 1.0, "rank_to_weight.skill.schedule": "weekly"
    }  # fmt: skip
    assert [grid.values(n)["rank_to_weight.skill.schedule"] for n in (0, 1, 2)] == ["weekly", "daily", "weekly"]
    assert grid.values(11)["reversal_5d.window_bars"] == 5
    places = grid.places(np.arange(12))
    assert [list(place[:5]) for place in places] == [[0, 0, 0, 0, 1], [0, 0, 1, 1, 0], [0, 1, 0, 1, 0]]


def test_no_grid_is_one_set() -> None:
    grid = strategy_grid(XS, "", 1)
    assert (grid.size, grid.values(0)) == (1, {})
    assert Grid((Axis("a", (1, 2), "1 2"),)).words() == [["a", [1, 2]]]


def test_a_value_has_the_type_of_its_setting() -> None:
    grid = strategy_grid(XS, "reversal_5d.window_bars=3, cost_bps=3, fill_on=open close", 9)
    (window, cost, fill) = (axis.values for axis in grid.axes)
    assert (window, cost, fill) == ((3,), (3.0,), ("open", "close"))
    assert type(window[0]) is int and type(cost[0]) is float


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("cost_bps", "CWS-BATCH-001", "has no values"),
        ("cost_bps=1, cost_bps=2", "CWS-BATCH-001", "twice"),
        ("cost_bps=1..200 by 1", "CWS-BATCH-002", "200 sets"),
        ("cost_bps=1 5 1", "CWS-BATCH-003", "cost_bps=1.0"),
        ("cost_bsp=1", "CWS-BATCH-004", "cost_bps"),
        ("reversal_5d.window=1", "CWS-BATCH-004", "reversal_5d.window_bars"),
        ("rank_to_weight.skill.calendar=daily", "CWS-BATCH-004", "rank_to_weight.skill.schedule"),
        ("cost_bps.cost_bps=1 2", "CWS-BATCH-005", "shared"),
        ("reversal_5d.window_bars=3 4, window_bars=5 6", "CWS-BATCH-014", "'reversal_5d.window_bars'"),
        ("cost_bps=1 2, vector_panel.cost_bps=3 4", "CWS-BATCH-014", "'cost_bps'"),
        ("reversal_5d.window_bars=3.5", "CWS-SETTINGS-002", "window_bars"),
        ("cost_bps=5 100000", "CWS-SETTINGS-002", "cost_bps"),
        ("cost_bps=some", "CWS-BACKTEST-021", "no range"),
        ("fill_on=middle", "CWS-SETTINGS-002", "fill_on"),
        ("rank_to_weight.skill.schedule=wekly", "CWS-SKILL-002", "weekly"),
    ],
)
def test_what_is_wrong_is_refused_with_a_code_and_the_nearest_word(text: str, code: str, word: str) -> None:
    refusal = refused(text)
    assert refusal.code == code and word in str(refusal)


def test_a_setting_that_no_module_takes_from_there_is_refused() -> None:
    # The chain's pre_trade_checks has a table of its own: the shared word reaches no module.
    assert refused("max_order_qty_lots=5 6").code == "CWS-BATCH-003"


def test_too_many_names_are_refused() -> None:
    with pytest.raises(CwsError, match="CWS-BATCH-001"):
        written_axes(", ".join(f"a{n}=1" for n in range(13)))


def test_a_set_is_the_strategy_that_its_toml_would_be() -> None:
    changed = with_values(XS, {"cost_bps": 9.0, "reversal_5d.window_bars": 7, "rank_to_weight.skill.schedule": "daily"})
    assert changed.settings["cost_bps"] == 9.0 and changed.settings["reversal_5d"] == {"window_bars": 7}
    assert changed.settings["pre_trade_checks"] == XS.settings["pre_trade_checks"]
    assert changed.skills["rank_to_weight"]["schedule"] == "daily"
    assert with_values(XS, {}) == XS


def test_every_module_s_settings_can_be_varied() -> None:
    known = known_settings(XS)
    assert {"reversal_5d.window_bars", "cost_bps", "pre_trade_checks.max_order_qty_lots"} <= set(known)
    assert "strategy_id" not in known
