"""What a result depends on: the hash of the code sees every file that a chain runs, and none that it does not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cws import environment as env
from cws.environment import code_hash, environment, file_hash
from modules.canonical import json_hash

CHAIN = ("backtest/vector_panel", "size/leverage_cap")


def test_the_environment_names_lock_python_and_processor() -> None:
    found = environment()
    assert set(found) == {"lock", "python", "cpu", "hash"}
    assert found["python"].startswith("3.11.") and found["lock"] == file_hash(env.ROOT / "requirements.lock")
    assert found["hash"] == json_hash({name: found[name] for name in ("lock", "python", "cpu")})


def test_a_commit_is_forty_digits_and_a_mark_when_files_differ() -> None:
    said = env.commit()
    assert said == "unknown" or (len(said.rstrip("+")) == 40 and set(said.rstrip("+")) <= set("0123456789abcdef"))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the source whose files may be edited."""
    for folder in ("modules", "kernels"):
        shutil.copytree(env.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(env, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "modules/backtest/vector_panel.py",
        "modules/backtest/vector_panel.toml",
        "modules/backtest/panel_account.py",
        "modules/size/leverage_cap.toml",
        "modules/size/cross_section.py",
        "modules/runner.py",
        "modules/skills/cost.py",
        "kernels/cpu/panel.py",
        "kernels/alpha/batch.py",
    ],
)
def test_the_code_hash_sees_every_file_that_the_chain_runs(tree: Path, path: str) -> None:
    before = code_hash(CHAIN)
    (tree / path).write_text((tree / path).read_text() + "\n# changed\n")
    assert code_hash(CHAIN) != before


@pytest.mark.parametrize(
    "path",
    [
        "modules/backtest/performance.py",
        "modules/feature/returns.py",
        "modules/clean/stamps.py",
        *(f"modules/{tool}" for tool in env.NEVER_RUN),
    ],
)
def test_the_code_hash_leaves_other_modules_alone(tree: Path, path: str) -> None:
    before = code_hash(CHAIN)
    (tree / path).write_text((tree / path).read_text() + "\n# changed\n")
    assert code_hash(CHAIN) == before


def test_what_no_chain_runs_is_what_the_runner_never_imports() -> None:
    ask = "import sys, modules.runner; print(*(name for name in sys.modules if name.startswith('modules.')))"
    said = subprocess.run([sys.executable, "-c", ask], cwd=env.ROOT, capture_output=True, text=True, timeout=60)
    assert "modules.unsealing" in said.stdout.split(), said.stderr
    assert {f"modules.{name.removesuffix('.py')}" for name in env.NEVER_RUN} & set(said.stdout.split()) == set()


def test_the_code_hash_has_no_order_and_no_place(tree: Path) -> None:
    assert code_hash(reversed(CHAIN)) == code_hash(CHAIN)
    (tree / "modules" / "new_helper.py").write_text("")
    assert code_hash(CHAIN) != code_hash(())
