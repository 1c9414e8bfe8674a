"""The decoder's benchmark: its report is whole, its stream is what it says, and a missing extension is told."""

import json
import sys
from importlib.util import find_spec

import pytest

from benchmarks.itch import MIX, main, stream
from kernels import native


def test_the_stream_has_every_kind_in_its_length() -> None:
    blocks = stream(2_000)
    assert {(block[2:3], int.from_bytes(block[:2], "big")) for block in blocks} == {(k, n) for k, (n, _) in MIX.items()}
    assert all(len(block) == 2 + int.from_bytes(block[:2], "big") for block in blocks)


@pytest.mark.skipif(find_spec("cws_native") is None, reason=f"cws_native is not built: {native.BUILD}")
def test_a_small_report_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "--messages", "500", "--rounds", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ours_ns"] > 0.0 and found["peer_ns"] > 0.0 and found["peer"].startswith("itchcpp ")
    assert found["messages"] == 500


def test_what_is_not_built_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "cws_native", None)
    assert main(["--json", "--messages", "50", "--rounds", "1"]) == 2
    assert capsys.readouterr().err.startswith("CWS-NATIVE-001 ")
