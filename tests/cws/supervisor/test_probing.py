"""Who is probed when looks are few, and what of the guilty is put before the gate."""

from cws.patches import Patch
from cws.supervisor.findings import ranked
from cws.supervisor.guilt import LEAST_GAIN_IR, Guilt, finding_of, guilty
from cws.supervisor.probing import MOST_GUILTY, in_turn, put_forward
from cws.supervisor.talk import Tried

NAMES = ("returns", "reversal_5d", "rank_to_weight", "momentum_12_1", "ewma_vol")


def test_every_module_has_its_night_and_whom_miners_name_comes_first() -> None:
    nights = [in_turn(NAMES, [], 2, night) for night in range(3)]
    assert nights == [["returns", "reversal_5d"], ["rank_to_weight", "momentum_12_1"], ["ewma_vol", "returns"]]
    assert in_turn(NAMES, ["cost_bps", "ewma_vol"], 2, 0) == ["ewma_vol", "returns"]
    assert sorted(in_turn(NAMES, [], 40, 7)) == sorted(NAMES) and in_turn([], ["returns"], 3, 1) == []


def tried(module: str, p: float, gain: float = 1.0) -> Tried:
    return Tried(module, 10, Patch(module, {"window_bars": 9}), p, gain)


def test_guilt_is_beyond_chance_over_all_that_was_tried_and_worth_something() -> None:
    found = guilty([tried("reversal_5d", 0.002), tried("momentum_12_1", 0.003), tried("ewma_vol", 1e-9, 0.1)])
    assert [one.module for one in found] == [], "thirty changes were tried: 0.002 is 0.06"
    (one,) = guilty([tried("reversal_5d", 1e-4), tried("ewma_vol", 1e-9, LEAST_GAIN_IR / 2), Tried("x", 0, None, 1, 0)])
    assert one.module == "reversal_5d" and round(one.points, 2) == 26.99


def test_only_the_guiltiest_are_put_forward_each_under_its_own_finding() -> None:
    guilts = [
        Guilt(name, points, Patch(name, {"a": 1}), "why") for name, points in (("returns", 5.0), ("ewma_vol", 9.0))
    ]
    guilts.append(Guilt("reversal_5d", 7.0, Patch("reversal_5d", {"window_bars": 9}), "why"))
    patches = put_forward(guilts, ranked(finding_of(one, 0) for one in guilts))
    assert [one.module for one in patches] == ["ewma_vol", "reversal_5d"] and len(patches) == MOST_GUILTY
    assert len({one.finding for one in patches}) == 2 and {one.proposer for one in patches} == {"nearby"}
