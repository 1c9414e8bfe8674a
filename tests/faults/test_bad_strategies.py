"""A TOML that is wrong: refused before anything is written, by code, with the place and what to write instead."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_house import Place, make_place

from cws_dagster.cli import main
from modules.errors import CwsError


@dataclass(frozen=True)
class Wrong:
    """Replace `old` by `new` in the strategy's TOML (or the dataset's): the refusal has `code` and names `names`."""

    old: str
    new: str
    code: str
    names: str
    file: str = "strategy"


WRONG = {
    "not TOML": Wrong("[feature]", "[feature", "CWS-STRATEGY-001", "line 6"),
    "unknown key": Wrong("dataset =", 'datset = "small"\ndataset =', "CWS-STRATEGY-002", "did you mean 'dataset'?"),
    "missing key": Wrong('dataset = "small"\n', "", "CWS-STRATEGY-002", "'dataset'"),
    "module of another stage": Wrong('"returns",', '"returns", "lot_round",', "CWS-STRATEGY-003", "module of size"),
    "unknown module": Wrong('"reversal_5d"', '"reversal_5"', "CWS-MODULE-001", "did you mean 'reversal_5d'?"),
    "settings for a module in no chain": Wrong(
        "[skills.rank", "[settings.vol_target]\nmax_scale = 1.0\n\n[skills.rank", "CWS-STRATEGY-004", "'vol_target'"
    ),
    "skills for a module in no chain": Wrong(
        "[skills.rank_to_weight]", "[skills.rank_to_weigth]", "CWS-STRATEGY-004", "did you mean 'rank_to_weight'?"
    ),
    "setting that no module has": Wrong("cost_bps =", "cost_bsp =", "CWS-STRATEGY-005", "did you mean 'cost_bps'?"),
    "unknown setting of a module": Wrong(
        "[skills.rank", "[settings.lot_round]\nwindow = 3\n\n[skills.rank", "CWS-SETTINGS-001", "'window' of lot_round"
    ),
    "setting out of bounds": Wrong(
        "bars_per_year = 252.0", "bars_per_year = -1.0", "CWS-SETTINGS-002", "bars_per_year"
    ),
    "setting of another type": Wrong("cost_bps = 5.0", 'cost_bps = "five"', "CWS-SETTINGS-002", "cost_bps"),
    "infinite setting": Wrong("cost_bps = 5.0", "cost_bps = inf", "CWS-SETTINGS-002", "cost_bps"),
    "unknown skill": Wrong('"weekly"', '"weekley"', "CWS-SKILL-002", "did you mean 'weekly'?"),
    "unknown kind of skill": Wrong("schedule =", "shedule =", "CWS-SKILL-001", "did you mean 'schedule'?"),
    "unknown dataset": Wrong('"small"', '"smal"', "CWS-STRATEGY-007", "did you mean 'small'?"),
    "table that nothing gives": Wrong('"leverage_cap"', '"inverse_vol"', "CWS-STRATEGY-008", "'vol'"),
    "dataset with an unknown key": Wrong(
        "[source]", "[sources]", "CWS-STRATEGY-002", "did you mean 'source'?", "dataset"
    ),
    "unknown key in a table": Wrong(
        'path = "bars.csv"', 'pth = "bars.csv"', "CWS-STRATEGY-002", "did you mean 'path'?", "dataset"
    ),
    "dataset with an unknown setting": Wrong(
        'source = "small"', 'sourc = "small"', "CWS-SETTINGS-001", "did you mean 'source'?", "dataset"
    ),
    "chain without a module": Wrong('["returns", "reversal_5d"]', "[]", "CWS-STRATEGY-002", "feature.chain"),
}


def broken(folder: Path, wrong: Wrong) -> Place:
    place = make_place(folder)
    place.edit(getattr(place, wrong.file), wrong.old, wrong.new)
    return place


@pytest.mark.parametrize("name", WRONG)
def test_the_main_job_refuses_it_and_writes_nothing(tmp_path: Path, name: str) -> None:
    wrong = WRONG[name]
    place = broken(tmp_path / "place", wrong)
    with pytest.raises(CwsError) as refusal:
        place.run()
    assert refusal.value.code == wrong.code
    assert wrong.names in str(refusal.value)
    assert getattr(place, wrong.file).stem in refusal.value.where
    assert place.house().ledger.head().entries == 0
    assert list(place.folder.rglob("*.parquet")) == []


def test_the_command_line_says_it_in_one_line_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = broken(tmp_path / "place", WRONG["unknown key"])
    monkeypatch.setenv("CWS_HOME", str(place.home))
    monkeypatch.setenv("CWS_STRATEGIES", str(place.strategies))
    assert main(["run", "--json"]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith("CWS-STRATEGY-002")
    assert json.loads(said.out.splitlines()[-1])["error"]["code"] == "CWS-STRATEGY-002"


def test_an_unknown_setting_of_the_environment_names_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CWS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CWS_LOCK_WAITS", "3")
    assert main(["run"]) == 2
    assert "did you mean 'CWS_LOCK_WAIT_S'?" in capsys.readouterr().err
    monkeypatch.delenv("CWS_LOCK_WAITS")
    monkeypatch.setenv("CWS_LOCK_WAIT_S", "601")
    assert main(["run"]) == 2
    assert "CWS-CONFIG-002" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()
