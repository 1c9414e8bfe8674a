"""The one suite over the registry: a rule for each module, each its own test."""

import json
import os
import subprocess
import sys

import pytest

from modules.conformance import RULES, example_hashes
from modules.registry import all_modules, load, names


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", names())
def test_module_conforms(name: str, rule) -> None:
    assert rule(load(name)) == []


def test_examples_give_the_same_bytes_in_another_process() -> None:
    script = (
        "import json; from modules.conformance import example_hashes as h; from modules.registry import all_modules; "
        "print(json.dumps({m.name: h(m) for m in all_modules()}))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=300, check=True
    )
    assert json.loads(answer.stdout) == {module.name: example_hashes(module) for module in all_modules()}
