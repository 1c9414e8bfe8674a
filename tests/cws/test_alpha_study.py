"""A look at a formula is counted before its figures are read, again for a second look, and refused with a code."""

import math
from pathlib import Path

import numpy as np
import pytest
from places import STRATEGIES

import modules.feature.alpha_formula
from cws.alpha_study import correlation, study
from cws.home import Home
from cws.house import House
from cws.known_alphas import KnownAlpha, known_alphas
from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from cws.reproduce import reproduce
from cws.strategies import Fields
from cws.trace_log import read_traces
from cws.trials import distinct
from cws.views.alpha_picture import NOTHING, alpha_png, coefficients
from cws_dagster.commands.backtests import counted
from modules.errors import CwsError
from modules.examples import bars_example

KNOWN = known_alphas(STRATEGIES)
SYMBOLS = sorted(bars_example(np.random.default_rng(8))["symbol"].unique())
# Of the example's four symbols, two have a sector.
RULED = Fields(vwap="typical", sectors=" ".join(f"{symbol}=one" for symbol in SYMBOLS[:2]))


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Two published datasets, the first in the alphabet without volumes."""
    home = Home(tmp_path)
    ledger = Ledger(home.ledger, lambda: 1)
    lake = Lake(home.lake, ledger)
    bars = bars_example(np.random.default_rng(8))
    for part, frame in (("bare", bars.assign(volume=np.nan)), ("full", bars)):
        pin = lake.commit("ohlcv", part, frame)
        ledger.append("stage", {"stage": "clean", "inputs": {}, "outputs": {"bars": vars(pin)}})
    return House(home, ledger, lake, lambda: 1)


def test_a_look_is_a_trial_of_its_dataset(house: House) -> None:
    found = study(house, "(close - open) / (0.001 + (high - low))", None, {}, KNOWN, {})
    assert (found.dataset, found.bars, found.symbols, found.looks) == ("full", 320, 4, 1)
    assert next(iter(found.resembles)) == "alpha_101" and found.resembles["alpha_101"] == pytest.approx(1.0)
    assert found.not_compared["alpha_005"] == "the panel has no 'vwap'"
    assert set(found.resembles) | set(found.not_compared) == set(KNOWN) and set(found.common) == set(found.resembles)
    again = study(house, "(close - open) / ((high - low) + $k)", "full", {"k": 0.001}, KNOWN, {})
    assert (again.key, again.looks, again.stats) == (found.key, 2, found.stats), (
        "the same formula, however it is written"
    )
    study(house, "ret", "full", {}, {}, {})
    traces = read_traces(house)
    assert traces["module"].tolist() == ["alpha_formula", "ic_decay"] * 3 and set(traces["strategy"]) == {"alpha_full"}
    trials = distinct(house.ledger)
    assert trials["strategy"].tolist() == ["alpha_full"] * 2 and trials["looks"].tolist() == [2, 1]


def test_a_dataset_s_rules_give_the_fields_that_its_bars_do_not_carry(house: House) -> None:
    bare, ruled = (study(house, "close", "full", {}, KNOWN, rules) for rules in ({}, {"full": RULED}))
    assert {"alpha_005", "alpha_058"} & set(bare.resembles) == set()
    assert ruled.common["alpha_005"] > 1_000 and "the panel has no" not in " ".join(ruled.not_compared.values())
    assert ruled.key != bare.key, "what stands for a field is part of the question"
    found = study(house, "vwap - close", "full", {}, {}, {"full": RULED})
    again = reproduce(house, found.key, STRATEGIES)
    assert again.same and again.changed == [], "the look says what stood for the fields"


def test_formulas_that_share_a_handful_of_values_are_not_compared(house: House) -> None:
    # Known on the last twenty stamps: of few values every correlation is large.
    rare = KnownAlpha(formula="if_else(delay(volume, 300) > 0, 1, 0 / 0) * close")
    found = study(house, "close", "full", {}, {"rare": rare, "own": KnownAlpha(formula="-close")}, {})
    assert found.resembles == {"own": pytest.approx(-1.0)}
    assert found.not_compared["rare"].endswith("values in common, fewer than 117")


def test_a_signal_that_orders_nothing_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.axes import Axes

    written: list[str] = []
    monkeypatch.setattr(Axes, "text", lambda self, x, y, said, **how: written.append(said))
    found = study(house, "1", "full", {}, {}, {})
    assert set(found.whys.values()) == {"too few names or bars, or no dispersion"}
    alpha_png(found)
    assert written == [NOTHING, NOTHING]
    alpha_png(study(house, "close", "full", {}, {}, {}))
    assert len(written) == 2


def test_what_was_asked_is_told_in_words(house: House) -> None:
    look = study(house, "close * $k", "full", {"k": 2.0}, {}, {}, "ann by cws alpha")
    _, (told,) = counted(house, None, 10)
    assert (told["key"], told["asked"], told["asked_by"]) == (look.key, "close * $k  $k=2", {"ann by cws alpha": 1})


def test_the_picture_is_a_png(house: House) -> None:
    data = alpha_png(study(house, "-delta(close, 5)", None, {}, {}, {}))
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) > 3_000


def test_what_is_refused_is_no_trial(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for formula, dataset, code in (
        ("clsoe", None, "CWS-ALPHA-002"),
        ("vwap", None, "CWS-ALPHA-005"),
        ("close * $k", None, "CWS-ALPHA-006"),
        ("close", "ful", "CWS-ALPHA-007"),
    ):
        with pytest.raises(CwsError) as refusal:
            study(house, formula, dataset, {}, {}, {})
        assert refusal.value.code == code
    real = modules.feature.alpha_formula.evaluate
    monkeypatch.setattr(modules.feature.alpha_formula, "evaluate", lambda *given: real(*given) + 1.0)
    with pytest.raises(CwsError, match="CWS-ALPHA-008"):
        study(house, "close", None, {}, {}, {})
    assert distinct(house.ledger).empty


def test_a_parameter_on_the_command_line_is_a_name_and_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    from cws_dagster.cli import main

    assert main(["alpha", "-close * $k", "--set", "k"]) == 2
    assert "CWS-ALPHA-009" in capsys.readouterr().err
    assert main(["alpha", "-close * $k", "--set", "k=1", "--set", "$k=2"]) == 2
    assert "CWS-ALPHA-011" in capsys.readouterr().err


def test_correlation_is_pearsons_over_what_both_have() -> None:
    rng = np.random.default_rng(2)
    one = rng.normal(5.0, 1.0, 200)
    other = 0.5 * one + rng.normal(-3.0, 1.0, 200)
    holed = np.where(np.arange(200) % 7 == 0, np.nan, other)
    known = np.isfinite(holed)
    assert correlation(one, holed) == pytest.approx(np.corrcoef(one[known], other[known])[0, 1], rel=1e-12)
    assert math.isnan(correlation(one, np.full(200, 3.0)))


def test_the_picture_shows_horizons_on_the_left_and_lags_on_the_right(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.axes import Axes

    drawn: list[list[float]] = []
    real = Axes.bar
    monkeypatch.setattr(Axes, "bar", lambda self, x, heights, **how: drawn.append(heights) or real(self, x, heights))
    found = study(house, "-delta(close, 5)", "full", {}, {}, {})
    alpha_png(found)
    assert drawn == [coefficients(found, "ic"), coefficients(found, "lag_ic")] and drawn[0] != drawn[1]
