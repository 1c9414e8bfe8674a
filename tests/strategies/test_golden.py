"""The result of each strategy on the real data, byte for byte as it was committed.

A change of these hashes is a change of results: say why in the commit. To renew them: `make run` in a fresh CWS_HOME,
then copy `result_hash` of each strategy from `cws run --json` into tests/golden/result_hashes_native.json; and once
more with CWS_EXECUTION=paper, into tests/golden/result_hashes.json.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT, STRATEGIES

from cws.stages import Unit, chain
from cws.strategies import Catalogue, catalogue
from cws_dagster.summary import HASHED
from modules.contract import STAGES

GOLDEN = {
    execution: json.loads((ROOT / "tests" / "golden" / name).read_text())
    for execution, name in (("paper", "result_hashes.json"), ("native", "result_hashes_native.json"))
}
NAMES = sorted(path.stem for path in STRATEGIES.glob("*.toml"))
# Their last bit differs between C libraries and processors; + - * / sqrt and comparisons have one answer everywhere.
LOOSE = {"log", "exp", "pow", "power", "log1p", "expm1", "log2", "log10", "sin", "cos", "tanh", "erf", "cbrt", "hypot"}
# Judges of an account: no hashed table comes after them.
JUDGES = {"performance", "bootstrap_ci", "deflated_sharpe"}


def test_every_strategy_has_a_golden_hash() -> None:
    assert [sorted(hashes) for hashes in GOLDEN.values()] == [NAMES, NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_the_result_is_the_golden_one(real_run, name: str) -> None:
    found = {one["name"]: one["result_hash"] for one in real_run.summary["strategies"]}
    assert found[name] == GOLDEN[real_run.summary["execution"]][name]


def real() -> Catalogue:
    return catalogue(STRATEGIES)


def hashed_path(name: str) -> list[Path]:
    """The files of the modules that a strategy's hashed tables come from, with the helpers beside and below them."""
    strategy = real().strategy(name)
    units = [Unit(stage, real().dataset_of(strategy), None if stage in STAGES[:2] else strategy) for stage in STAGES]
    bounds = [bound for unit in units for bound in chain(unit) if bound.module.name not in JUDGES]
    skills = {Path(skill.function.__code__.co_filename) for bound in bounds for skill in bound.skills.values()}  # type: ignore[attr-defined]
    modules = {bound.module.path for bound in bounds} | skills
    seen: set[Path] = set()
    while new := (modules if not seen else {other for path in seen for other in imported(path)}) - seen:
        seen |= new
    return sorted(seen)


def imported(path: Path) -> Iterator[Path]:
    """Files of modules/ and kernels/ that a file imports; the alpha language has words of its own, looked at apart."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("modules", "kernels"):
            found = ROOT / (node.module.replace(".", "/") + ".py")
            if found.exists() and "alpha" not in found.parts and found.parent.name != "skills":
                yield found


def loose_words(path: Path) -> list[str]:
    """Powers and transcendental functions of a file, acceptance checks and the declared kernels apart."""
    tree = ast.parse(path.read_text())
    checks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(d, ast.Attribute) and d.attr == "accept" for d in node.decorator_list)
    ]
    apart = {id(inner) for check in checks for inner in ast.walk(check)}
    found = []
    for node in ast.walk(tree):
        if id(node) in apart:
            continue
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            found.append(f"** in line {node.lineno}")
        called = node.func if isinstance(node, ast.Call) else None
        word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if word in LOOSE:
            found.append(f"{word} in line {called.lineno}")  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_hashed_path_uses_only_arithmetic_with_one_answer(name: str) -> None:
    path = hashed_path(name)
    assert len(path) > 15 and ROOT / "kernels" / "cpu" / "panel.py" in path
    # The constant powers of two and ten are exact; kernels.ordered defines log and exp, and nobody here calls them.
    constant = re.compile(r"\b(2|10)(\.0)? ?\*\* ?\d+")
    wrong = {
        f"{file.relative_to(ROOT)}: {word}"
        for file in path
        for word in loose_words(file)
        if file.name != "ordered.py"
        and not constant.search(file.read_text().splitlines()[int(word.rsplit(" ", 1)[1]) - 1])
    }
    assert wrong == set()
    formulas = [
        str(table["formula"])
        for table in real().strategy(name).settings.values()
        if isinstance(table, dict) and "formula" in table
    ]
    assert [word for formula in formulas for word in re.findall(r"[a-z]+", formula) if word in LOOSE] == []


def test_the_hashed_tables_are_results() -> None:
    assert set(HASHED) == {"equity", "targets", "orders", "fills", "positions", "book"}
