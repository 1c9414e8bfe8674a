"""What proposers print is material: one form, one module, one finding, or a code and no more."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from way import CountingSink

from cws.ablation.ablate import Bench
from cws.home import Settings
from cws.house import open_house
from cws.patches import Patch, patch_toml
from cws.proposers.proposal import Ask
from cws.sandbox.confine import missing
from cws.strategies import Catalogue
from cws.supervisor import talk as talking
from cws.supervisor.heard import patch_of, read_said
from cws.supervisor.propose import propose
from modules.errors import CwsError

ASK = Ask("f-1", "reversal_5d", (), 4, 0)
NOTHING: dict[str, Any] = {"patches": [], "scores": [[]], "tried": [], "listed": [], "looks": []}
LOOK = {"strategy": "s", "settings": "b3:1", "data": {"bars": "b3:2"}, "folds": "search", "code": "b3:3"}


@pytest.mark.parametrize("printed", [
    "", "junk", "[]", "null", "{}", "[" * 60_000, json.dumps(NOTHING) + "\nbye",
    json.dumps(NOTHING | {"scores": []}), json.dumps(NOTHING | {"scores": [[], []]}),
    json.dumps(NOTHING | {"scores": [[["a", float("nan")]]]}), json.dumps(NOTHING | {"scores": [[["a"]]]}),
    json.dumps(NOTHING | {"patches": [3]}), json.dumps(NOTHING | {"patches": None}),
    json.dumps(NOTHING | {"looks": [{**LOOK, "data": 1}]}), json.dumps(NOTHING | {"looks": [{}]}),
    json.dumps(NOTHING | {"tried": [{"count": 1, "best": None, "p": 0.0, "gain": 0.0}]}),
    json.dumps(NOTHING | {"more": 1}),
])  # fmt: skip
def test_what_is_no_answer_is_a_code(printed: str) -> None:
    with pytest.raises(CwsError, match="CWS-SANDBOX-004") as refused:
        read_said(printed, asks=1, to_try=0, to_list=0)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_p_value_is_one(p: float) -> None:
    tried = [{"count": 3, "best": None, "p": p, "gain": 1.0}]
    with pytest.raises(CwsError, match="CWS-SANDBOX-004"):
        read_said(json.dumps(NOTHING | {"scores": [], "tried": tried}), 0, 1, 0)


def test_it_is_of_the_module_and_the_finding_that_were_asked() -> None:
    text = patch_toml(Patch("reversal_5d", {"window_bars": 9}, finding="of-my-own"))
    assert patch_of(text, "here", [replace(ASK, module="cs_zscore"), ASK]).finding == "f-1"
    with pytest.raises(CwsError, match="CWS-PROPOSE-001"):
        patch_of(text, "here", [replace(ASK, module="cs_zscore")])


@pytest.mark.skipif(bool(missing()), reason=f"no walls on this machine: {missing()}")
def test_a_hostile_proposer_gets_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another module, more than it was to score, junk among its scores; its one honest patch is heard."""
    mine = [patch_toml(Patch("reversal_5d", {"window_bars": bars}, finding=f"f-{bars}")) for bars in range(6, 40)]
    theirs = patch_toml(Patch("rank_to_weight", {"gross": 0.5}))
    limit = patch_toml(Patch("position_limits", {"max_weight": 1.0}))
    printed = NOTHING | {"patches": [theirs, limit, "junk", *mine], "scores": [[["junk", 9.0]]], "looks": [LOOK]}
    child = tmp_path / "view.py"
    child.write_text(f"print({json.dumps(json.dumps(printed))})")
    monkeypatch.setattr(talking, "write_view", lambda view, *_: (view / "child.py").write_bytes(child.read_bytes()))
    real = talking.confined
    command = [sys.executable, "/view/child.py"]
    monkeypatch.setattr(talking, "confined", lambda view, hidden, _, budget: real(view, hidden, command, budget))
    bench = Bench(open_house(Settings(home=tmp_path / "home")), [], CountingSink())
    said = propose(bench, Catalogue(strategies={}, datasets={}, folder=tmp_path), [ASK], ["settings_search"])
    assert [patch.settings["window_bars"] for patch in said.patches] == [6, 7, 8, 9]
    assert {patch.finding for patch in said.patches} == {"f-1"} and said.looks == 1
    codes = sorted(refusal.split(":")[0].split(" ")[0] for refusal in said.refused)
    assert codes == ["CWS-PATCH-001", "CWS-PATCH-001", "CWS-PATCH-004", "CWS-PROPOSE-001"]
