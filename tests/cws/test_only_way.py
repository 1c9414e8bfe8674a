"""There is one way to a result. Every public entry point is walked: none opens a backtest without its trial on record.

Found by import and inspection, not by a list kept by hand: who is new is walked too.
"""

import ast
import copy
import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pandas as pd
import pytest
from places import ROOT, pure_environment
from way import figures, no_trials

from modules import conformance
from modules.conformance import example_inputs
from modules.contract import Check, Module
from modules.errors import CwsError
from modules.registry import all_modules, load, names
from modules.runner import ModuleRun, Value, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.values import Table, make_table

PACKAGES = ("cws_dagster", "assets", "cws", "modules")
BACKTESTS = sorted(name for name, stage in names().items() if stage == "backtest")
# The four functions that may open a sealed outcome, and what keeps each of them honest.
OPENERS = {
    "modules.runner._content": "only for another backtest module, whose outcome is sealed again",
    "modules.conformance._frames": "only for rules, which say sentences",
    "cws.trials.evaluate": "only after the trial is recorded",
    "cws.trials.evaluate_batch": "only after the trials are recorded",
}
# word -> files that may use it besides tests
GUARDED = {
    "unseal": {"modules/runner.py", "modules/conformance.py", "cws/trials.py"},
    "_Sealed__table": {"modules/unsealing.py"},
    "_core": {"modules/contract.py", "modules/runner.py"},
}


def product_files() -> list[str]:
    return sorted(
        str(p.relative_to(ROOT)) for package in (*PACKAGES, "kernels") for p in (ROOT / package).rglob("*.py")
    )


def words(path: str) -> Iterator[str]:
    """Every name, attribute, imported name and string of a file."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word) | ast.Constant(value=str(word)):
                yield word
            case _:
                continue


@pytest.mark.parametrize("word", sorted(GUARDED))
def test_what_opens_is_named_only_where_it_may(word: str) -> None:
    users = {path for path in product_files() if word in set(words(path))}
    assert users == GUARDED[word]


def imported(path: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), names=aliases):
                yield from (f"{module}.{alias.name}" for alias in aliases)
            case _:
                continue


VERSIONS = ("reference", "cpu", "gpu")


def test_nobody_outside_backtest_imports_an_engine_or_a_performance_function() -> None:
    engines = tuple(f"kernels.{version}.{engine}" for version in VERSIONS for engine in ("panel", "sweep"))
    inside = ("modules.backtest", *engines)
    # What a sweep would do is asked before it runs: a plan and its settings compute nothing.
    plans = ("modules.backtest.sweep_plan", "modules.backtest.sweep_settings")
    users = {
        path
        for path in product_files()
        for name in imported(path)
        if name.startswith(inside) and not name.startswith(plans)
    }
    assert users and all(path.startswith("modules/backtest/") for path in users)


def functions() -> Iterator[tuple[str, types.FunctionType]]:
    """Every function and method of the product, found by importing every module of it."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
            module = importlib.import_module(found.name)
            for holder in [module, *(kind for _, kind in inspect.getmembers(module, inspect.isclass))]:
                for member in vars(holder).values():
                    for function in (member, *(getattr(member, part, None) for part in ("fget", "__func__", "_core"))):
                        if isinstance(function, types.FunctionType) and function.__module__ == found.name:
                            yield f"{found.name}.{function.__qualname__}", function


def names_in(code: types.CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {*code.co_names, *(name for one in inner for name in names_in(one))}


def test_four_functions_open_sealed_outcomes_and_no_other() -> None:
    found = dict(functions())
    assert len(found) > 500, "the walk sees the product"
    guarded = {"unseal", "_Sealed__table"}
    users = {name for name, function in found.items() if guarded & names_in(function.__code__)}
    assert users - {
        "modules.unsealing.unseal",
        "modules.sealed.Sealed.__init__",
        "modules.sealed.Sealed.hash",
        "modules.sealed.Sealed.rows",
    } == set(OPENERS)


def inputs_of(module: Module) -> dict[str, Value]:
    return {**example_inputs(module), **({"prior_trials": no_trials()} if "prior_trials" in module.takes else {})}


def sealed_inputs(module: Module) -> dict[str, Value]:
    return {
        name: Sealed(value) if isinstance(value, Table) else value for name, value in example_inputs(module).items()
    }


def reachable(thing: object) -> Iterator[object]:
    """Everything that can be reached from a run without opening a seal."""
    yield thing
    if isinstance(thing, Sealed | Module | str | bytes | pd.DataFrame):
        return
    if isinstance(thing, dict | types.MappingProxyType):
        parts = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set):
        parts = list(thing)
    else:
        parts = [getattr(thing, field.name) for field in fields(thing)] if is_dataclass(thing) else []
    for part in parts:
        yield from reachable(part)


@pytest.mark.parametrize("given", [example_inputs, sealed_inputs], ids=["tables", "sealed tables"])
@pytest.mark.parametrize("name", BACKTESTS)
def test_a_backtest_module_gives_only_sealed_tables(name: str, given) -> None:
    module = load(name)
    outcome = run(bind(module), given(module))
    assert outcome.failure is None, outcome.trace.error
    assert set(outcome.outputs) == set(module.gives)
    assert {type(value) for value in outcome.outputs.values()} == {Sealed}
    shown = [
        part for part in reachable(outcome) if isinstance(part, Table) or (isinstance(part, pd.DataFrame) and len(part))
    ]
    assert shown == [], "the trace holds rows of the outcome"


@pytest.mark.parametrize("name", BACKTESTS)
def test_a_passing_check_of_a_backtest_measures_a_gap_and_shows_no_figure(name: str) -> None:
    outcome = run(bind(load(name)), example_inputs(load(name)))
    measured = {c.name: c.check.measured for c in outcome.trace.checks if c.check.passed}
    assert {check: value for check, value in measured.items() if abs(value) > 1e-9} == {}


@pytest.mark.parametrize("name", BACKTESTS)
def test_a_failed_backtest_gives_nothing_at_all(name: str) -> None:
    module = load(name)
    taken = next(iter(module.takes))
    broken = {**example_inputs(module), taken: Table(pd.DataFrame({"x": [1.0]}), "b3:", "unknown")}
    outcome = run(bind(module), broken)
    assert outcome.failure is not None and dict(outcome.outputs) == {}


def takers_of_outcomes() -> list[tuple[str, str]]:
    made = {table for name in BACKTESTS for table in load(name).gives}
    return [(m.name, table) for m in all_modules() if m.stage != "backtest" for table in m.takes if table in made]


def test_some_module_of_another_stage_wants_an_outcome() -> None:
    assert ("lot_round", "equity") in takers_of_outcomes()


@pytest.mark.parametrize(("name", "table"), takers_of_outcomes())
def test_a_sealed_outcome_is_not_for_modules_of_other_stages(name: str, table: str) -> None:
    inputs = example_inputs(load(name))
    closed = inputs[table]
    assert isinstance(closed, Table)
    outcome = run(bind(load(name)), {**inputs, table: Sealed(closed)})
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-RUN-002"
    assert dict(outcome.outputs) == {}


WITHOUT_ASSERTIONS = """
from modules.conformance import example_inputs
from modules.registry import load
from modules.runner import run
from modules.sealed import Sealed
from modules.settings import bind

assert False, "assertions are off"
inputs = example_inputs(load("lot_round"))
outcome = run(bind(load("lot_round")), {**inputs, "equity": Sealed(inputs["equity"])})
print(getattr(outcome.failure, "code", None), len(outcome.outputs))
"""


def test_a_sealed_outcome_stays_sealed_when_assertions_are_off() -> None:
    command = [sys.executable, "-O", "-c", WITHOUT_ASSERTIONS]
    done = subprocess.run(command, cwd=ROOT, env=pure_environment(), capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["CWS-RUN-002", "0"], done.stderr


def rules() -> dict[str, object]:
    """The public functions of the conformance suite that take a module."""
    found = inspect.getmembers(conformance, inspect.isfunction)
    own = {name: f for name, f in found if f.__module__ == conformance.__name__ and not name.startswith("_")}
    return {name: f for name, f in own.items() if list(inspect.signature(f).parameters)[:1] == ["module"]}


@pytest.fixture
def spied() -> Module:
    """`performance` on an example of somebody's own, with a check that fails and shows all it sees."""
    module = copy.copy(load("performance"))
    module.acceptance = [*module.acceptance]
    figures = load("performance").example

    def my_data(rng) -> pd.DataFrame:
        frame = figures(rng)["equity"]
        assert isinstance(frame, pd.DataFrame)
        return frame.assign(equity_usd=frame["equity_usd"] * 1.000001)

    module._example = my_data

    @module.accept
    def says_no(before: pd.DataFrame, after: pd.DataFrame) -> Check:
        """It never passes."""
        return Check(False, float(after["value"].iloc[0]), "never", after)

    return module


@pytest.mark.parametrize("rule", sorted(rules()))
def test_the_conformance_suite_says_sentences_and_hashes_but_no_figure(rule: str, spied: Module) -> None:
    said = rules()[rule](spied)  # type: ignore[operator]
    if rule == "example_inputs":
        return  # what goes in is no outcome
    parts = [part for part in reachable(said) if not isinstance(part, list | dict)]
    assert all(isinstance(part, str) for part in parts)
    outcome: ModuleRun = run(bind(spied), example_inputs(spied))
    seen = figures(outcome.outputs["stats"])  # type: ignore[arg-type]
    assert [part for part in parts for figure in seen if figure in str(part) and not str(part).startswith("b3:")] == []


def test_the_rules_are_walked() -> None:
    assert {"violations", "runs_on_its_example", "example_hashes", "every_check_can_fail"} <= set(rules())


def test_a_table_is_validated_before_it_is_one() -> None:
    with pytest.raises(Exception, match="CWS-TABLE-001"):
        make_table(pd.DataFrame({"x": [1.0]}), load("performance").takes["equity"], "test")  # type: ignore[arg-type]
