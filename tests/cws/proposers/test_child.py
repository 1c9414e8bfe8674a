"""Who is asked about which module, and that all of them together keep to the budget."""

import pytest

from cws.patches import Patch
from cws.proposers import child
from cws.proposers.child import FITS, PROPOSERS, Counted, proposed
from cws.proposers.proposal import Ask, Score
from modules.registry import load


def fitting(module: str) -> set[str]:
    return {name for name, fits in FITS.items() if fits(load(module))}


def test_only_what_fits_a_module_is_asked_about_it() -> None:
    assert set(FITS) == set(PROPOSERS)
    assert fitting("alpha_formula") == {"formula_mutation", "settings_search", "language_model"}
    assert fitting("winsorize") == {"settings_search", "skill_swap", "language_model"}
    assert fitting("reversal_5d") == {"settings_search", "language_model"}


def test_each_gets_an_equal_share_of_what_the_others_left(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: dict[str, int] = {}

    def using(name: str, most: int) -> child.Proposer:
        def propose(ask: Ask, score: Score) -> list[Patch]:
            shares[name] = ask.budget
            tries = [Patch("winsorize", {"window_bars": 100 + 10 * len(shares) + at}) for at in range(most)]
            return [patch for patch in tries if score(patch) is not None]

        return propose

    monkeypatch.setitem(PROPOSERS, "settings_search", using("settings_search", 2))
    monkeypatch.setitem(PROPOSERS, "skill_swap", using("skill_swap", 9))
    monkeypatch.setitem(PROPOSERS, "language_model", using("language_model", 9))
    score = Counted(lambda patch: 2.0, 12)
    names = ["settings_search", "skill_swap", "formula_mutation", "language_model"]
    patches = proposed(Ask("f", "winsorize", (), 12, 0), names, score)
    assert shares == {"settings_search": 4, "skill_swap": 5, "language_model": 1}
    assert score.asked == 12 == len(patches), "who asks for more than there is gets no score"


def test_an_equal_patch_is_scored_once() -> None:
    asked: list[str] = []
    score = Counted(lambda patch: asked.append(patch.id) or 1.0, 5)
    assert [score(Patch("winsorize", {"z_max": 4.0})) for _ in range(3)] == [1.0] * 3
    assert len(asked) == score.asked == 1
