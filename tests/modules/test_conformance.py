"""The one suite over the registry: a rule for each module, each its own test.

That an example gives the same bytes in another process is the gate's A/A, `cws gate certify`.
"""

import pytest

from modules.conformance import RULES
from modules.registry import load, names


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", names())
def test_module_conforms(name: str, rule) -> None:
    assert rule(load(name)) == []
