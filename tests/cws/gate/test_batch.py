"""The weekly verdict: the packaged procedures against plain loops, and a state that can be stored."""

import math
from dataclasses import asdict, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cws.gate.batch import BatchState, Outcome, Slot, fresh, weekly
from cws.gate.verdict import Kind, Reason, Verdict

LEVEL = 0.10


def bh(p_values: list[float], level: float) -> int:
    """Benjamini & Hochberg (1995): how many of the smallest are found."""
    ranked, n = sorted(p_values), len(p_values)
    return max([k for k in range(1, n + 1) if ranked[k - 1] <= level * k / n], default=0)


def batch_bh(weeks: list[list[float]]) -> list[list[bool]]:
    """Zrnic, Jiang, Ramdas & Jordan (2020), algorithm 1, as the paper writes it."""
    found, most, levels, out = [], [], [], []
    for t, p_values in enumerate(weeks):
        n = len(p_values)
        spent = sum(
            levels[s] * most[s] / (most[s] + sum(found) - found[s]) for s in range(t) if most[s] + sum(found) > found[s]
        )
        budget = LEVEL * sum(0.4374901658 * j**-1.6 for j in range(1, t + 2))
        level = max((budget - spent) * (n + sum(found)) / n, 0.0) if t else budget
        count = bh(p_values, level)
        levels.append(level)
        most.append(max(bh([*p_values[:i], 0.0, *p_values[i + 1 :]], level) for i in range(n)))
        found.append(count)
        out.append([p <= level * count / n for p in p_values])
    return out


def lord(p_values: list[float]) -> list[bool]:
    """Ramdas, Yang, Wainwright & Jordan (2017), LORD++, with initial wealth of half the level."""

    def gamma(j: int) -> float:
        return 0.07720838 * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))

    found: list[int] = []
    out = []
    for t, p in enumerate(p_values, 1):
        level = LEVEL / 2.0 * gamma(t)
        for number, then in enumerate(found):
            level += (LEVEL / 2.0 if number == 0 else LEVEL) * gamma(t - then)
        out.append(p <= level)
        if out[-1]:
            found.append(t)
    return out


def slot(p: float | None, touches_risk: bool = True) -> Slot:
    return Slot(Verdict(Kind.PASS, Reason.BETTER, p=p, batch_p=p), touches_risk)


def run(weeks: list[list[Slot]]) -> list[list[Outcome]]:
    state, out = fresh(LEVEL), []
    for week in weeks:
        state, outcomes = weekly(state, week)
        out.append(outcomes)
    return out


P_VALUES = st.lists(
    st.lists(st.one_of(st.floats(1e-9, 1.0), st.floats(1e-6, 1e-2)), min_size=1, max_size=12), min_size=1, max_size=6
)


@settings(max_examples=80, deadline=None)
@given(weeks=P_VALUES)
def test_batch_bh_is_the_papers(weeks: list[list[float]]) -> None:
    outcomes = run([[slot(p) for p in week] for week in weeks])
    assert [[one is Outcome.SHADOW for one in week] for week in outcomes] == batch_bh(weeks)


@settings(max_examples=80, deadline=None)
@given(weeks=P_VALUES)
def test_lord_is_the_papers_and_sees_only_what_touches_no_risk(weeks: list[list[float]]) -> None:
    outcomes = run([[slot(p, touches_risk=place % 2 == 0) for place, p in enumerate(week)] for week in weeks])
    safe = [p for week in weeks for p in week[1::2]]
    assert [one is Outcome.SHIP for week in outcomes for one in week[1::2]] == lord(safe)
    assert all(one is not Outcome.SHIP for week in outcomes for one in week[::2])


def test_a_stored_state_goes_on_where_it_was() -> None:
    rng = np.random.default_rng(1)
    weeks = [[slot(float(p), bool(p < 0.5)) for p in rng.random(20) ** 4] for _ in range(4)]
    state = fresh()
    for week in weeks[:2]:
        state, _ = weekly(state, week)
    before = asdict(state)
    stored = BatchState(**before)
    assert weekly(stored, weeks[2]) == weekly(state, weeks[2])
    # A crash after the verdict and before it was stored: the same week again gives the same.
    assert asdict(state) == before
    assert weekly(state, weeks[2])[0].weeks == 3


def test_what_has_no_p_value_takes_no_part() -> None:
    p_values = [1e-4, 0.3, 0.9]
    with_others = [slot(None), slot(p_values[0]), slot(None), slot(p_values[1]), slot(p_values[2])]
    assert run([with_others])[0] == [Outcome.REJECT, Outcome.SHADOW, *[Outcome.REJECT] * 3]
    assert weekly(fresh(), with_others)[0] == weekly(fresh(), [slot(p) for p in p_values])[0]


def test_what_did_not_pass_alone_is_never_accepted() -> None:
    """Weeks full of finds leave a night of one patch a level at which a coin would do."""
    state = fresh()
    for _ in range(8):
        state, _ = weekly(state, [slot(1e-6)] * 5 + [slot(0.6)] * 5)
    alone = Verdict(Kind.REJECT, Reason.NOT_BETTER, p=0.3, batch_p=0.3)
    assert weekly(state, [Slot(replace(alone, kind=Kind.PASS))])[1] == [Outcome.SHADOW], "the procedure would take it"
    assert weekly(state, [Slot(alone)])[1] == [Outcome.REJECT]
    assert weekly(state, [Slot(alone)])[0] == weekly(state, [Slot(replace(alone, kind=Kind.PASS))])[0]


def test_a_week_without_patches_changes_nothing_but_its_number() -> None:
    state, outcomes = weekly(fresh(), [])
    assert outcomes == []
    assert (state.batch_bh, state.weeks) == (fresh().batch_bh, 1)
