"""The house stays tidy: sizes, banned calls with what to use instead, and every error code raised once and tested."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("cws_dagster", "assets", "cws", "modules", "kernels", "benchmarks")
MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_MODULE_LINES = 300, 50, 120
CODE = re.compile(r"CWS-[A-Z]+-\d{3}")
HASHED = ("modules", "kernels")
# pattern, where it is banned, what to use instead
BANNED = (
    (
        r"\bnp\.(sum|mean|std|var|dot|exp|log|power|median)\(",
        HASHED,
        "kernels.ordered: numpy's order and bytes differ by machine",
    ),
    (r"\)\.(rolling|ewm|expanding)\(", HASHED, "kernels.ordered rolling kernels"),
    (r"\bpickle\b", PRODUCT, "Arrow, JSON or safetensors: unpickling runs code"),
    (
        r"\b(datetime\.now|datetime\.utcnow|time\.time\(\)|pd\.Timestamp\.now)",
        ("modules", "kernels"),
        "the clock as an argument",
    ),
    (r"\b(np\.random\.(seed|rand|randn|randint)|random\.random)\(", PRODUCT, "numpy.random.Generator as an argument"),
    (r"\bTODO\b|\bFIXME\b", (*PRODUCT, "tests"), "do it, or say in the README that it is missing"),
    (r"0\.0\.0\.0", PRODUCT, "127.0.0.1"),
    (r"assert True\b", (*PRODUCT, "tests"), "an assertion that can fail"),
    (r"\byaml\.load\(", PRODUCT, "yaml.safe_load"),
)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", python_files(*PRODUCT, "tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    lines = path.read_text().splitlines()
    is_module = path.with_suffix(".toml").exists()
    assert len(lines) <= (MAX_MODULE_LINES if is_module else MAX_FILE_LINES), (
        f"{len(lines)} lines: split it by its reasons to exist"
    )
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, f"{node.name} is too long"


@pytest.mark.parametrize(("pattern", "folders", "instead"), BANNED, ids=[ban[0] for ban in BANNED])
def test_banned(pattern: str, folders: tuple[str, ...], instead: str) -> None:
    this = Path(__file__)
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in python_files(*folders)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if path != this and re.search(pattern, line) and not line.lstrip().startswith("#")
    ]
    assert not hits, f"use {instead}:\n" + "\n".join(hits)


def _raised_codes() -> Counter[str]:
    found: Counter[str] = Counter()
    for path in python_files(*PRODUCT):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CwsError" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found[str(first.value)] += 1
    return found


def test_every_code_is_raised_in_one_place() -> None:
    assert {code: count for code, count in _raised_codes().items() if count > 1} == {}
    assert all(CODE.fullmatch(code) for code in _raised_codes())


def test_every_code_is_named_by_a_test() -> None:
    tested = {code for path in python_files("tests") for code in CODE.findall(path.read_text())}
    assert sorted(set(_raised_codes()) - tested) == []


def test_every_module_is_a_pair_of_files() -> None:
    for toml in (ROOT / "modules").rglob("*.toml"):
        assert toml.with_suffix(".py").exists(), f"{toml} has no module"


def test_no_path_or_host_of_a_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    word = re.compile(r"/(?:root|home|work|farm)/")
    suffixes = {".py", ".md", ".toml", ".yaml", ""}
    files = [ROOT / name for name in tracked if Path(name).suffix in suffixes and name != "tests/test_tidy.py"]
    hits = [str(path) for path in files if path.is_file() and word.search(path.read_text(errors="ignore"))]
    assert hits == []
    assert "://" not in (ROOT / "requirements.lock").read_text()
