"""What judges all sets together is run when the registry has it, counts no look anew, and refuses for itself alone."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from batching import batch_of, rows_of
from small_house import Place

import cws.batch.judges
from cws.batch.judges import long_enough
from cws.trials import distinct
from modules.contract import Module

CODE = '''
"""Counts the trials whose returns it sees."""

import pandas as pd
import pandera.pandas as pa

from modules.contract import ModuleSettings, module
from modules.tables import DEFLATED, PRIOR_TRIALS

TRIAL_RETURNS = pa.DataFrameSchema(
    {"key": pa.Column("str"), "ts_event": pa.Column("int64"), "ret": pa.Column("float64")},
    name="trial_returns", strict=True, ordered=True,
)


class Settings(ModuleSettings):
    """None."""


def example(rng):
    return {}


@module(takes=(TRIAL_RETURNS, PRIOR_TRIALS), gives=DEFLATED, settings=Settings, example=example)
def NAME(trial_returns, prior_trials, settings):
    MORE
    names = pd.Series(["bars", "mean", "prior"], dtype="str")
    value = [float(trial_returns["ts_event"].nunique()), float("nan"), float(len(prior_trials))]
    return pd.DataFrame({"name": names, "value": value, "why": pd.Series(["", "nobody asked", ""], dtype="str")})
'''


def module_at(folder: Path, name: str, more: str) -> Module:
    path = folder / "backtest" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(CODE.replace("NAME", name).replace("MORE", more))
    path.with_suffix(".toml").write_text('judge = "correctness"\n')
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return getattr(found, name)


def test_judges_see_every_set_and_are_shown(executed: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "sees_all": module_at(tmp_path, "sees_all", "assert trial_returns['key'].nunique() == 6"),
        "sees_nothing": module_at(tmp_path, "sees_nothing", "raise ValueError('not today')"),
    }
    monkeypatch.setattr(cws.batch.judges, "JUDGES", (*known, "nobody_wrote_it"))
    monkeypatch.setattr(cws.batch.judges, "names", lambda: dict.fromkeys(known, "backtest"))
    monkeypatch.setattr(cws.batch.judges, "load", known.__getitem__)
    batch = batch_of(executed)
    house = executed.house()
    bars = int(rows_of(house, batch)["bar_count"].iloc[0]) - 1
    assert batch.body["judges"] == {
        "sees_all": {"bars": float(bars), "mean": "nobody asked", "prior": 6.0},
        "sees_nothing": {"refused": "not today"},
    }
    looks = distinct(house.ledger, house.lake, "small_reversal")["looks"]
    assert sorted(looks) == [1] * 5 + [2], "the published set was looked at twice, by the run and by the batch"


def test_accounts_with_short_histories_are_left_out_and_it_is_said() -> None:
    lengths = {"a": 100, "b": 95, "late": 20, "c": 90, "d": 89}
    returns = pd.concat(
        [pd.DataFrame({"key": key, "ts_event": np.arange(100 - bars, 100), "ret": 0.01})
         for key, bars in lengths.items()], ignore_index=True,
    )  # fmt: skip
    kept, seen = long_enough(returns)
    assert kept.groupby("key").size().to_dict() == {"a": 100, "b": 95, "c": 90}
    assert seen == {"accounts": 3, "left_out": 2, "bars": 90, "of_bars": 100}


def test_a_batch_says_what_its_judges_saw(executed: Place) -> None:
    body = batch_of(executed).body
    bars = body["best"]["bar_count"] - 1
    assert body["judges_saw"] == {"accounts": 6, "left_out": 0, "bars": bars, "of_bars": bars}
    assert body["judges_note"] == f"6 accounts on {bars:,} of {bars:,} bars"


def test_returns_are_sorted_by_key_and_bar(executed: Place) -> None:
    batch = batch_of(executed)
    house = executed.house()
    returns = house.lake.read(house.lake.pin("batch_returns", batch.plan.id))
    assert list(returns.columns) == ["key", "ts_event", "ret"]
    assert [str(kind) for kind in returns.dtypes] == ["str", "int64", "float64"]
    assert returns.equals(returns.sort_values(["key", "ts_event"], ignore_index=True))
    assert set(returns["key"]) == set(rows_of(house, batch)["key"]) and np.isfinite(returns["ret"]).all()
    assert not returns.duplicated(["key", "ts_event"]).any()
    assert isinstance(returns, pd.DataFrame)
