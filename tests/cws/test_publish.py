"""A publication is one ledger entry over tables that are already durable; its report is what the ledger says of it."""

import math
from dataclasses import replace

import pytest
from small_house import Place
from walking import publish_stages, unit_of, walked

from cws.house import House
from cws.pins import published
from cws.publish import last_report, publish
from cws.stages import COMMITS, chain
from cws.trials import statistic
from modules.canonical import combined_hash
from modules.contract import STAGES
from modules.errors import CwsError
from modules.sealed import Sealed


@pytest.mark.parametrize("stage", STAGES)
def test_a_report_adds_up_and_stands_in_the_ledger(executed: Place, house: House, stage: str) -> None:
    report = publish(house, walked(executed, house, stage))
    assert report.rows_in + report.rows_added == report.rows_out + report.rows_quarantined
    entry = house.ledger.entries("stage")[-1]
    checks = sum(len(bound.module.acceptance) for bound in chain(unit_of(executed, stage)))
    assert entry.index == report.details["ledger_index"] and entry.body["acceptance_checks"] == checks > 0
    assert set(entry.body) >= {"inputs", "outputs", "settings", "recipe", "code_version", "environment", "run_id"}
    assert {published(house)[pin.table, pin.part] == pin for pin in report.pins.values()} == {True}
    assert "quarantine" in report.pins and {pin.table for pin in report.pins.values()} <= {
        "quarantine",
        "features",
        *COMMITS[stage].values(),
    }


@pytest.mark.parametrize("stage", STAGES)
def test_the_last_report_is_that_of_the_last_publication(executed: Place, house: House, stage: str) -> None:
    made = publish(house, walked(executed, house, stage))
    found = last_report(executed.house(), unit_of(executed, stage))
    assert replace(found, details={}) == replace(made, details={}) and found.data_version == made.data_version
    assert found.details.items() >= made.details.items()


def test_what_was_never_published_has_no_report(executed: Place, house: House) -> None:
    unit = unit_of(executed, "execute")
    assert unit.strategy is not None
    other = replace(unit, strategy=unit.strategy.model_copy(update={"name": "another"}))
    with pytest.raises(CwsError, match="CWS-STAGE-006") as refusal:
        last_report(house, other)
    assert refusal.value.where == "execute of another"


def test_orders_are_what_execute_answers_for(executed: Place, house: House) -> None:
    executed.strategy.write_text(
        f"{executed.strategy.read_text()}\n[settings.pre_trade_checks]\nmax_order_qty_lots = 5000\n"
    )
    *_, report = publish_stages(executed, house, "backtest", "size", "execute")
    assert report.rows_quarantined > 0 < report.rows_out
    orders, lost = (house.lake.read(report.pins[name]) for name in ("orders", "quarantine"))
    assert (report.rows_out, report.rows_quarantined) == (len(orders), len(lost))
    assert report.rows_in == len(orders) + len(lost) and set(lost["module"]) == {"pre_trade_checks"}


def test_a_backtest_stays_sealed_until_it_is_published(executed: Place, house: House) -> None:
    flow = walked(executed, house, "backtest")
    closed = {name for name, value in flow.tables.items() if isinstance(value, Sealed)}
    assert {"equity", "holdings", "trades", "stats"} <= closed
    report = publish(house, flow)
    assert report.details["looks"] == 2 and house.lake.read(report.pins["equity"])["equity_usd"].iloc[-1] > 0.0


def deflated(house: House, report) -> float:
    return statistic(house.lake.read(report.pins["deflated"]), "deflated_sharpe")


def test_the_data_version_does_not_move_when_only_the_number_of_trials_did(executed: Place, house: House) -> None:
    (first,) = publish_stages(executed, house, "backtest")
    cheap = executed.strategy.read_text()
    executed.strategy.write_text(cheap.replace("cost_bps = 5.0", "cost_bps = 9.0"))
    (dear,) = publish_stages(executed, house, "backtest")
    executed.strategy.write_text(cheap)
    (again,) = publish_stages(executed, house, "backtest")
    assert dear.data_version != first.data_version
    assert again.pins["deflated"].hash != first.pins["deflated"].hash
    assert math.isnan(deflated(house, first)) and not math.isnan(deflated(house, again))
    assert again.data_version == first.data_version
    named = {name: pin.hash for name, pin in first.pins.items() if name != "deflated"}
    assert first.data_version == combined_hash(named) and "equity" in named
