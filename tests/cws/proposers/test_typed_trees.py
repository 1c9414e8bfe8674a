"""Whatever is done to a formula: it parses to itself, its kinds agree, it stays in the limits and never looks ahead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cws.proposers.typed_trees import SIGNATURES, Grower, Words, kind_of, nodes, put, settled, size
from kernels.alpha.batch import evaluate
from kernels.alpha.canonical import canonical, text
from kernels.alpha.language import (
    ARGUMENTS,
    FIELDS,
    GROUPS,
    MAX_BARS,
    MAX_COST,
    MAX_DEPTH,
    MAX_NODES,
    Call,
    Field,
    Node,
    Number,
    cost,
)
from kernels.alpha.parse import parse

WORDS = Words(("open", "high", "low", "close", "volume"), ("market",))
STARTS = (
    "close",
    "cs_rank(-delta(close, 5) / delay(close, 5))",
    "if_else(ret < 0 , tstd(ret, 20), clip(close, -1, 2))",
    "neutralise(tcorr(close, volume, 10), market) * signed_power(open, 0.5)",
    "min(if_else(and(not(close < open), volume > 2), trank(high, 60), 1), low)",
)
CHANGES = ("point", "subtree", "constants", "hoisted", "wrapped", "crossed", "grown")
steps = st.lists(st.sampled_from(CHANGES), min_size=1, max_size=12)


def grower(seed: int, words: Words = WORDS) -> Grower:
    return Grower(words, np.random.default_rng(seed))


def changed(trees: Grower, change: str, tree: Node) -> Node:
    if change == "grown":
        return trees.grown("real")
    if change == "crossed":
        return trees.crossed(tree, parse(STARTS[4]))
    return getattr(trees, change)(tree)


def depth(node: Node) -> int:
    return 1 + max(map(depth, node.arguments)) if isinstance(node, Call) else 1


def assert_well_typed(tree: Node) -> None:
    for _, node in nodes(tree):
        if isinstance(node, Call):
            takes = SIGNATURES[node.function].takes
            assert [kind_of(argument) for argument in node.arguments] == [p for p in takes if p in ARGUMENTS]
            for constant, wanted in zip(node.constants, [p for p in takes if p not in ARGUMENTS], strict=True):
                if wanted != "number":
                    assert isinstance(constant, int) and 0 <= constant <= MAX_BARS, "nothing looks ahead"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(STARTS), steps)
def test_every_change_keeps_the_language(seed: int, start: str, changes: list[str]) -> None:
    trees, tree = grower(seed), parse(start)
    for change in changes:
        raw = changed(trees, change, tree)
        assert_well_typed(raw)
        assert kind_of(raw) == "real"
        found = settled(raw)
        if found is None:
            continue
        tree = found
        assert parse(text(tree)) == tree == canonical(tree)
        assert_well_typed(tree)
        assert size(tree) <= MAX_NODES and depth(tree) <= MAX_DEPTH and cost(tree) <= MAX_COST
        fields = {node.name for _, node in nodes(tree) if isinstance(node, Field)}
        assert fields <= {*WORDS.fields, *WORDS.groups} and fields & {*FIELDS}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_no_mutant_sees_a_later_bar(seed: int) -> None:
    """What is behind bar 30 changes nothing before it."""
    trees = grower(seed)
    tree = settled(trees.subtree(parse(STARTS[1])))
    if tree is None:
        return
    rng = np.random.default_rng(seed)
    now = {name: 50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (40, 3)), axis=0) for name in FIELDS}
    later = {name: np.concatenate([values[:30], 3.0 * values[30:]]) for name, values in now.items()}
    assert evaluate(tree, now)[:30].tobytes() == evaluate(tree, later)[:30].tobytes()


def test_a_seed_gives_the_same_trees() -> None:
    one, other = grower(5), grower(5)
    assert [one.grown("real") for _ in range(20)] == [other.grown("real") for _ in range(20)]
    assert len({text(grower(seed).grown("real")) for seed in range(40)}) > 20


def test_all_functions_are_reached() -> None:
    trees, seen = grower(1), set[str]()
    for _ in range(3_000):
        seen |= {node.function for _, node in nodes(trees.grown("real")) if isinstance(node, Call)}
    assert seen == set(SIGNATURES)


def test_a_panel_without_groups_gets_none() -> None:
    trees = grower(1, Words(("close",)))
    names = {n.name for _ in range(2_000) for _, n in nodes(trees.grown("real")) if isinstance(n, Field)}
    assert names == {"close"} and not names & {*GROUPS}


def test_what_is_beyond_the_limits_or_names_no_field_is_none() -> None:
    deep: Node = Field("close")
    for _ in range(MAX_DEPTH + 1):
        deep = Call("log1p", (deep,))
    wide: Node = Field("close")
    for _ in range(9):
        wide = Call("+", (wide, wide))
    costly = Call("-", (Field("open"), Call("tmean", (Field("close"),), (MAX_BARS,))))
    for _ in range(10):
        costly = Call("tmax", (costly,), (MAX_BARS,))
    assert [settled(tree) for tree in (deep, wide, costly, Call("+", (Number(1.0), Number(0.3))))] == [None] * 4
    assert settled(Call("tmean", (Field("close"),), (5,))) == parse("tmean(close, 5)")


@pytest.mark.parametrize("start", STARTS)
def test_parts_are_found_and_replaced_where_they_stand(start: str) -> None:
    tree = parse(start)
    for path, node in nodes(tree):
        assert put(tree, path, node) == tree
        assert [kind_of(n) for p, n in nodes(put(tree, path, Number(7.0))) if p == path] == ["real"]


def test_equal_formulas_settle_to_one_tree() -> None:
    one, other = Field("close"), Field("open")
    assert settled(Call("+", (one, other))) == settled(Call("+", (other, one))) == parse("close + open")


def test_a_doubled_number_stays_a_number() -> None:
    trees, tree = grower(3), parse("close * 3")
    for _ in range(300):
        found = settled(trees.constants(tree))
        assert found is not None
        tree = found if size(found) == 3 else tree
