"""Rulers are not patched on P&L: what makes a backtest look better without being better is refused or rejected."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from way import CountingSink

from cws.ablation.ablate import Bench, ablate
from cws.gate.verdict import Kind, Reason
from cws.home import Settings
from cws.house import open_house
from cws.patches import Patch
from modules.errors import CwsError

# (patch, reason), and whether the patch raises the P&L that is reported beside its verdict.
KINDER = [
    (Patch("cost_bps", {"cost_bps": 0.0}), Reason.HARM, True),
    (Patch("cost_bps", {"cost_bps": 9.9}), Reason.HARM, True),
    (Patch("cost_half_spread", {"half_spread_bps": 0.0}), Reason.HARM, True),
    (Patch("cost_half_spread", {"half_spread_bps": 1.9}), Reason.NO_REPAIR, True),
    (Patch("cost_sqrt_impact", {"impact_coefficient": 0.0}), Reason.HARM, True),
    (Patch("cost_borrow", {"borrow_rate": 0.0}), Reason.HARM, True),
    (Patch("vector_panel", {"cost_bps": 0.0}), Reason.HARM, True),
    (Patch("vector_panel", {"credit_rate": 0.1}), Reason.HARM, True),
    (Patch("vector_panel", {"fill_on": "close"}), Reason.HARM, None),
    (Patch("vector_panel", {"missing_bar": "wait"}), Reason.HARM, None),
    (Patch("vector_sweep", {"fee_bps": 0.0}), Reason.HARM, True),
    (Patch("vector_sweep", {"slippage_bps": 0.0, "half_spread_bps": 0.0}), Reason.HARM, True),
    (Patch("vector_sweep", {"borrow_bps_per_bar": 0.0}), Reason.HARM, True),
    (Patch("vector_sweep", {"fill_on": "close"}), Reason.HARM, None),
    (Patch("paper_fill", {"cost_bps": 0.0}), Reason.HARM, True),
    (Patch("paper_fill", {"fill_on": "close"}), Reason.HARM, None),
    (Patch("performance", {"bars_per_year": 400.0}), Reason.HARM, None),
    (Patch("bootstrap_ci", {"level": 0.5}), Reason.HARM, None),
    (Patch("capacity_cap", {"adv_share": 1.0}), Reason.HARM, None),
    (Patch("winsorize", {"z_max": 30.0}), Reason.HARM, None),
    (Patch("winsorize", {"z_max": 6.5}), Reason.NO_REPAIR, None),
    (Patch("hampel_outliers", {"z_max": 100.0}), Reason.HARM, True),
    (Patch("hampel_outliers", {"min_return": 5.0}), Reason.HARM, True),
]
LIMITS = [
    Patch("position_limits", {"max_weight": 1.0}),
    Patch("leverage_cap", {"max_gross": 4.0}),
    Patch("pre_trade_checks", {"max_notional_usd": 1e12}),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """No strategy at all: rulers are judged by themselves, whatever recipes set over them."""
    house = open_house(Settings(home=Path(tmp_path_factory.mktemp("home"))))
    yield Bench(house, [], CountingSink())


@pytest.mark.parametrize(("patch", "reason", "raises"), KINDER, ids=lambda value: getattr(value, "module", None))
def test_a_kinder_ruler_is_rejected(desk: Bench, patch: Patch, reason: Reason, raises: bool | None) -> None:
    judged = ablate(desk, patch)
    assert (judged.verdict.kind, judged.verdict.reason) == (Kind.REJECT, reason)
    assert judged.judge == "correctness"
    if raises:
        assert judged.annual_effect > 0.0, "the P&L that it would have shipped on"
    assert not desk.house.ledger.entries("confirm"), "none of them costs a look at confirm worlds"


@pytest.mark.parametrize("patch", LIMITS, ids=lambda patch: patch.module)
def test_a_softer_limit_is_refused(desk: Bench, patch: Patch) -> None:
    with pytest.raises(CwsError, match="CWS-PATCH-004"):
        ablate(desk, patch)


def test_a_setting_that_no_world_leaves_to_the_module_is_refused(desk: Bench) -> None:
    with pytest.raises(CwsError, match="CWS-ABLATE-001"):
        ablate(desk, Patch("epoch_bars", {"fixed_symbol": "ETH-USD"}))
