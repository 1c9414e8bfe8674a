"""The same fault has the same signature, another one another; libraries' frames and line numbers do not matter."""

import json
from collections.abc import Callable

import pandas as pd
import pytest

from modules.errors import CwsError
from modules.signature import frames, signature


def raised(act: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        act()
    return caught.value


def refuse(code: str) -> None:
    raise CwsError(code, what="made up")


def divide() -> float:
    zero = 0
    return 1 / zero


def divide_elsewhere() -> float:
    zero = 0
    return 1 / zero


def test_class_code_and_place_make_the_signature() -> None:
    first, again = raised(lambda: refuse("X-1")), raised(lambda: refuse("X-1"))
    assert signature(first) == signature(again) and signature(first).startswith("CwsError:X-1:")
    assert signature(raised(lambda: refuse("X-2"))) != signature(first)
    assert signature(raised(divide)).startswith("ZeroDivisionError:-:")
    assert signature(raised(divide)) != signature(raised(divide_elsewhere))


def test_only_our_frames_count_and_none_has_a_line_number() -> None:
    for act in (lambda: pd.DataFrame()["no such column"], lambda: json.loads("{")):
        found = frames(raised(act).__traceback__)
        assert found and all(frame.startswith("tests/modules/test_signature.py:") for frame in found)
        assert not any(character.isdigit() for frame in found for character in frame)
