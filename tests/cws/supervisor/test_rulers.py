"""Changes held against made-up worlds: no module takes all the plays, and what mends one world must mend others."""

from cws.ablation.by_oracles import Stand
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.proposers.nearby import nearby
from cws.proposers.scoring import Looks
from cws.release import released
from cws.supervisor.rulers import TURN, Rulers, probe_rulers
from modules.registry import load

# On this world every planted dividend is above 0.5 %, on the next ones not.
SEED = 673_895_290_341


def rulers(program: str, seed: int = SEED) -> Rulers:
    return Rulers(Stand(Looks()), seed, [one for one in PROGRAMS if one.name == program])


def test_modules_take_turns() -> None:
    """The first of two has more changes than there are plays; the second one's is found all the same."""
    with released([Patch("hampel_outliers", {"min_return": 7.1})]):
        names = ("forward_fill", "hampel_outliers")
        listed = [patch for name in names for patch in nearby(load(name))]
        assert sum(patch.module == names[0] for patch in listed) > 2 * TURN
        (guilt,) = probe_rulers(rulers("intraday_file"), names, listed, 2 * TURN)
    assert guilt.module == "hampel_outliers"


def test_what_mends_one_world_must_mend_others() -> None:
    half, right = (Patch("dividend_adjust", {"min_yield": value}) for value in (0.005, 0.001))
    with released([Patch("dividend_adjust", {"min_yield": 0.01})]):
        looked = rulers("long_file")
        assert looked.removed(half) == 1.0 > looked.mended(half) > 0.0
        (guilt,) = probe_rulers(looked, ["dividend_adjust"], [half, right], 100)
    assert guilt.patch == right
