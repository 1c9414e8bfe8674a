"""Formulas that a search changes: within its budget, the same for a seed, shorter where that costs nothing."""

import numpy as np
import pytest
from planted import MOMENTUM, planted_ground

from cws.ablation.arm import after, play
from cws.ablation.deltas import Unit, market_returns, paired
from cws.ablation.folds import folds_of
from cws.ablation.ground import Ground, patched, until
from cws.gate.p_value import mean_tests
from cws.gate.paired import averaged
from cws.patches import Patch, parse_patch, patch_toml
from cws.proposers.formula_mutation import PARSIMONY, fits, formula_mutation, words_of
from cws.proposers.proposal import Ask
from cws.proposers.scoring import Looks, Scorer
from cws.proposers.settings_search import WORTH_A_LOOK
from cws.proposers.typed_trees import Grower, settled
from kernels.alpha.batch import evaluate
from kernels.alpha.canonical import text
from kernels.alpha.language import FIELDS
from kernels.alpha.parse import parse
from modules.registry import load

START = "cs_rank(-delta(close, 5) / delay(close, 5))"
rng = np.random.default_rng(7)
PANEL = {name: 50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.02, (120, 4)), axis=0) for name in FIELDS}


def asked(budget: int, seed: int = 0, formulas: tuple[str, ...] = ()) -> Ask:
    return Ask("f-1", "alpha_formula", (), budget, seed, formulas=formulas)


def formula_of(patch: Patch) -> str:
    return str(patch.settings["formula"])


class Resemblance:
    """Scores a formula by how it goes with a hidden one, times ten; remembers what was asked."""

    def __init__(self, hidden: str) -> None:
        self.truth = evaluate(parse(hidden), PANEL)
        self.asked: list[str] = []

    def __call__(self, patch: Patch) -> float | None:
        self.asked.append(formula_of(patch))
        found = evaluate(parse(formula_of(patch)), PANEL)
        known = np.isfinite(found) & np.isfinite(self.truth)
        if known.sum() < 150 or found[known].std() == 0.0:
            return None
        return float(10.0 * np.corrcoef(found[known], self.truth[known])[0, 1])


def test_a_hidden_formula_is_approached() -> None:
    """Always from where it starts, and by far more than by as many formulas drawn at random."""
    score, seeds = Resemblance("cs_rank(delta(close, 21))"), range(8)
    found = [patch for seed in seeds for patch in formula_mutation(asked(120, seed), score)]
    scores = [score(patch) or 0.0 for patch in found]
    drawn = [max(score(patch) or 0.0 for patch in drawn_at_random(120, seed)) for seed in seeds]
    assert (score(Patch("alpha_formula", {"formula": START})) or 0.0) < 0.0
    assert len(scores) == len(seeds) and min(scores) > 3.0
    assert np.median(scores) > max(6.0, 1.5 * np.median(drawn))


def drawn_at_random(count: int, seed: int) -> list[Patch]:
    """As many different formulas as a search may look at, of the same words."""
    grower = Grower(words_of(load("alpha_formula")), np.random.default_rng(seed))
    known: set[str] = set()
    while len(known) < count:
        tree = settled(grower.grown("real"))
        known |= {text(tree)} if tree is not None else set()
    return [Patch("alpha_formula", {"formula": one}) for one in sorted(known)]


def test_what_it_proposes_passes_as_a_patch_and_says_who_asked() -> None:
    (patch,) = formula_mutation(asked(60), Resemblance("cs_rank(delta(close, 21))"))
    assert parse_patch(patch_toml(patch), "x") == patch
    assert (patch.module, patch.finding, patch.proposer) == ("alpha_formula", "f-1", "formula_mutation")
    assert text(parse(formula_of(patch))) == formula_of(patch)


def test_no_more_scores_than_the_budget_and_none_twice() -> None:
    for budget in (0, 1, 17):
        score = Resemblance("volume")
        formula_mutation(asked(budget), score)
        assert len(score.asked) == budget == len(set(score.asked))


def test_a_seed_decides_everything() -> None:
    one, again, other = (Resemblance("high - low") for _ in range(3))
    assert formula_mutation(asked(30, 1), one) == formula_mutation(asked(30, 1), again)
    formula_mutation(asked(30, 2), other)
    assert one.asked == again.asked != other.asked


def test_of_equals_the_shorter_is_proposed() -> None:
    scores: dict[str, int] = {}

    def equal(patch: Patch) -> float:
        scores[formula_of(patch)] = len(formula_of(patch))
        return 2.0

    (patch,) = formula_mutation(asked(40), equal)
    assert formula_of(patch) in FIELDS, "a single field is the shortest formula"
    assert max(scores.values()) > 40 and 0.0 < PARSIMONY < WORTH_A_LOOK


@pytest.mark.parametrize("score", [None, 0.0, WORTH_A_LOOK, float("-inf")])
def test_nothing_is_proposed_where_nothing_is_worth_a_look(score: float | None) -> None:
    assert formula_mutation(asked(20), lambda patch: score) == []


def test_published_formulas_give_parts() -> None:
    def with_slope(patch: Patch) -> float:
        return 5.0 if "decay_linear(low, 77)" in formula_of(patch) else 0.0

    donor = "cs_rank(decay_linear(low, 77)) * volume"
    assert any(formula_mutation(asked(60, seed, (donor, "vwap", "broken(")), with_slope) for seed in range(3))
    assert not any(formula_mutation(asked(60, seed), with_slope) for seed in range(3))


def test_only_modules_with_a_formula_are_asked() -> None:
    assert fits(load("alpha_formula")) and not fits(load("reversal_5d"))
    assert formula_mutation(Ask("f", "reversal_5d", (), 20, 0), lambda patch: 9.0) == []
    assert words_of(load("alpha_formula")).fields == ("open", "high", "low", "close", "volume")
    assert words_of(load("alpha_formula")).groups == ("market",)


def confirm_p(ground: Ground, patch: Patch) -> float:
    """What the gate would say on days that the search never saw."""
    folds = folds_of(ground)
    arms = [after(play(one, "all", Looks(), None), folds.confirm) for one in (ground, patched(ground, patch))]
    deltas = paired([Unit(ground.name, *arms, market_returns(ground))], folds.horizon_days)
    return float(mean_tests(averaged(deltas)[None, :], deltas.horizon_days, len(deltas.factors)).p[0])


def test_what_pays_in_a_made_up_market_is_found_from_another_formula() -> None:
    ground = planted_ground(MOMENTUM, seed=1)
    scorer = Scorer([until(ground, folds_of(ground).cut)])
    (patch,) = formula_mutation(asked(30, seed=1), scorer)
    found = scorer(patch)
    assert found is not None and found > 2.0 * WORTH_A_LOOK
    assert confirm_p(ground, patch) < 0.01, "and it pays on later days"


def test_where_nothing_pays_a_proposal_is_no_claim() -> None:
    """The best of many looks on noise may look good: every look is counted, and later days do not confirm it."""
    ground = planted_ground(None, seed=1)
    scorer = Scorer([until(ground, folds_of(ground).cut)])
    patches = formula_mutation(asked(24, seed=1), scorer)
    assert len({task.key for task in scorer.looks.tasks}) == 25, "each formula and the baseline, once"
    assert len(patches) <= 1 and all(confirm_p(ground, patch) > 0.05 for patch in patches)
