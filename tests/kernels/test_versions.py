"""The versions of a family have the same functions with the same parameters; the reference leans on no other."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
FAMILIES = ("rolling", "cross_section", "sweep", "bootstrap", "panel")
# Of the gate alone: some hundred numbers each, no work for a device.
WITHOUT_GPU = ("mean_test", "neutral")
# Sums and the like in numpy's own order; and what the reference would otherwise be compared with.
BANNED_CALLS = {"sum", "mean", "std", "var", "dot", "cumsum", "prod", "exp", "log", "median", "nansum"}


def functions(version: str, family: str) -> dict[str, tuple[str, ...]]:
    """Public functions of a family's file and their parameters."""
    path = f"kernels.{version}.{family}"
    members = inspect.getmembers(importlib.import_module(path), inspect.isfunction)
    return {
        name: tuple(inspect.signature(member).parameters)
        for name, member in members
        if member.__module__ == path and not name.startswith("_")
    }


def test_every_family_is_here_in_all_its_versions() -> None:
    found = {
        version: {p.stem for p in (KERNELS / version).glob("[a-z]*.py")} for version in ("reference", "cpu", "gpu")
    }
    assert found["reference"] == {*FAMILIES, *WITHOUT_GPU}
    # The tails of Student's t are one formula, and the device's arithmetic is no family.
    assert found["cpu"] == {*FAMILIES, *WITHOUT_GPU, "tails"}
    assert found["gpu"] == {*FAMILIES, "arithmetic"}


@pytest.mark.parametrize("family", FAMILIES)
def test_same_names_and_parameters(family: str) -> None:
    plain, compiled, device = (functions(version, family) for version in ("reference", "cpu", "gpu"))
    assert plain
    assert set(plain) - {"divided"} == set(compiled) == set(device)
    for name in compiled:
        # How many threads share the work is no part of what is computed.
        assert tuple(p for p in compiled[name] if p != "threads") == plain[name] == device[name]


@pytest.mark.parametrize("family", WITHOUT_GPU)
def test_same_names_and_parameters_of_two_versions(family: str) -> None:
    plain, compiled = functions("reference", family), functions("cpu", family)
    assert compiled and compiled.items() <= plain.items()


@pytest.mark.parametrize("family", (*FAMILIES, *WITHOUT_GPU))
def test_the_reference_is_plain_python(family: str) -> None:
    tree = ast.parse((KERNELS / "reference" / f"{family}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = {"math", "collections.abc", "typing", "numpy"}
    assert imported <= plain | {"kernels.sweep_inputs", "kernels.panel_inputs", "kernels.reference.rolling"}
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and getattr(node.func.value, "id", "") == "np"
    }
    assert not called & BANNED_CALLS


def test_the_reference_loads_no_compiler() -> None:
    code = "import sys, importlib\n" + "".join(
        f"importlib.import_module('kernels.reference.{f}')\n" for f in (*FAMILIES, *WITHOUT_GPU)
    )
    code += "print(sorted(m for m in sys.modules if m in ('numba', 'kernels.cpu', 'kernels.gpu', 'pandas')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=KERNELS.parent)
    assert done.stdout.strip() == "[]"
