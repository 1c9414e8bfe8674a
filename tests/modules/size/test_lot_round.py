"""Lots by hand, the remainder, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from modules.conformance import example_inputs
from modules.instruments import instruments_example
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.values import make_table

NAN = float("nan")


def _inputs(
    close: list[float], weight: list[float], account: list[float], lot_size: float = 10.0
) -> dict[str, pd.DataFrame]:
    count = len(close)
    stamps = np.arange(1, count + 1, dtype=np.int64)
    keys = pd.DataFrame(
        {"ts_event": stamps, "ts_avail": stamps, "symbol": pd.Series(["AAA.XNYS"] * count, dtype="str")}
    )
    prices = dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), close)
    bars = keys.assign(**prices).astype(dict.fromkeys(prices, "float64"))
    zero = np.zeros(count)
    return {
        "weights": keys.assign(weight=np.array(weight, dtype=np.float64)),
        "bars": bars.assign(age_bars=np.zeros(count, dtype=np.int64), source="test", row=stamps),
        "equity": pd.DataFrame(
            {
                "ts_event": stamps,
                "equity_usd": np.array(account),
                "cash_usd": zero,
                "cost_usd": zero,
                "turnover_usd": zero,
            }
        ),
        "instruments": instruments_example(lot_size),
    }


def _run(inputs: dict[str, pd.DataFrame]):
    found = load("lot_round")
    return run(bind(found), {name: make_table(frame, found.takes[name], "test") for name, frame in inputs.items()})


def test_lots_by_hand() -> None:
    outcome = _run(_inputs([NAN, 7.0, 7.0, 9.0, 9.0], [NAN, 0.5, NAN, -0.5, NAN], [1e3, 1e3, 1e3, 1e3, 1e3]))
    assert outcome.failure is None and outcome.trace.failed_checks == []
    found = outcome.outputs["targets"].frame
    # 500 / 7 / 10 = 7.14 lots; -500 / 9 / 10 = -5.56 lots, cut toward zero.
    assert found["target_lots"].tolist() == [0, 7, 7, -5, -5]
    assert found["reference_price"].tolist() == [0.0, 7.0, 7.0, 9.0, 9.0]


def test_a_decision_without_a_close_keeps_the_target() -> None:
    found = _run(_inputs([7.0, NAN, 7.0], [0.5, 0.9, NAN], [1e3, 1e3, 1e3])).outputs["targets"].frame
    assert found["target_lots"].tolist() == [7, 7, 7]


def test_orders_of_a_symbol_add_up_to_its_target_however_often_it_decides() -> None:
    rng = np.random.default_rng(5)
    inputs = _inputs(
        list(rng.uniform(5.0, 9.0, 200)), list(rng.uniform(-1.0, 1.0, 200)), list(rng.uniform(9e4, 1e5, 200))
    )
    found = _run(inputs).outputs["targets"].frame["target_lots"].to_numpy()
    ideal = inputs["weights"]["weight"] * inputs["equity"]["equity_usd"] / inputs["bars"]["close"] / 10.0
    assert np.diff(found, prepend=0).sum() == found[-1]
    assert (np.abs(ideal.to_numpy() - found) < 1.0).all()


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (_inputs([7.0], [0.5], [0.0]), "CWS-SIZE-002"),
        (_inputs([7.0], [0.5], [float("inf")]), "CWS-SIZE-002"),
        (_inputs([0.0], [0.5], [1e3]), "CWS-SIZE-003"),
        (_inputs([7.0], [float("inf")], [1e3]), "CWS-SIZE-003"),
        (_inputs([7.0], [1.0], [1e18], lot_size=1.0), "CWS-SIZE-003"),
        (_inputs([7.0], [0.5], [1e3], lot_size=0.0), "CWS-INSTRUMENT-002"),
    ],
)
def test_what_cannot_be_lots_is_refused(inputs: dict[str, pd.DataFrame], code: str) -> None:
    assert getattr(_run(inputs).failure, "code", None) == code


def test_unknown_symbol_unequal_rows_and_missing_account_are_refused() -> None:
    inputs = {name: value.frame for name, value in example_inputs(load("lot_round")).items()}
    no_symbol = {**inputs, "instruments": inputs["instruments"].iloc[1:].reset_index(drop=True)}
    fewer = {**inputs, "weights": inputs["weights"].iloc[1:].reset_index(drop=True)}
    twice = {**inputs, "equity": pd.concat([inputs["equity"]] * 2, ignore_index=True)}
    codes = [getattr(_run(case).failure, "code", None) for case in (no_symbol, fewer, twice)]
    assert codes == ["CWS-INSTRUMENT-001", "CWS-SIZE-001", "CWS-SIZE-002"]


def test_a_lot_size_that_changes_is_refused() -> None:
    inputs = _inputs([7.0], [0.5], [1e3])
    later = inputs["instruments"].assign(lot_size=20.0, valid_from_ns=np.int64(5))
    both = pd.concat([inputs["instruments"], later], ignore_index=True).sort_values(["symbol", "valid_from_ns"])
    outcome = _run({**inputs, "instruments": both.reset_index(drop=True)})
    assert getattr(outcome.failure, "code", None) == "CWS-INSTRUMENT-002"
