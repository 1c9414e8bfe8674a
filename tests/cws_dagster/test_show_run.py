"""The summary on paper: caveats as footnotes, failures with their reason, and commands to go on with."""

from typing import Any

import pytest

from cws_dagster.invocation import cws
from cws_dagster.positions import Position
from cws_dagster.screen import Screen
from cws_dagster.show_run import Notes, check_reason, next_steps, show

STAGE = {
    "stage": "clean",
    "units": 1,
    "rows_in": 10,
    "rows_added": 1,
    "rows_quarantined": 2,
    "rows_out": 9,
    "checks": 3,
}
STRATEGY = {
    "name": "xs", "trials": 1, "sharpe": 0.5, "deflated_sharpe": None,
    "deflated_sharpe_why": "needs two distinct trials",
    "max_drawdown": -0.25, "total_return": None,
    "targets": {"AAA": 5, "BBB": -70},
    "orders": 12345, "fills": 12, "trial": "0123456789abcdef", "result_hash": "b3:" + "f" * 64,
}  # fmt: skip


HELD = [Position(f"S{place}", 10 - place, 0.5 * place, 0.1, 1000.4) for place in range(7)]


def _summary(**changed: Any) -> dict[str, Any]:
    return {
        "stages": [STAGE], "checks": {"passed": 3, "failed": 0}, "strategies": [STRATEGY], "execution": "paper",
        "wall_s": 1.25, "ledger": {"entries": 7, "head": "e" * 64, "verified": True},
        "failed_checks": [], "errors": [], "home": "/h", **changed,
    }  # fmt: skip


def test_a_pipe_reads_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    notes = Notes({"xs": "Picked with hindsight."}, {"us.clean": 2}, {"xs": HELD}, {"xs": "units of x"})
    show(Screen(), _summary(), notes)
    lines = capsys.readouterr().out.splitlines()
    rows = [" ".join(line.split()) for line in lines]
    assert "clean 1 10 1 2 9 3" in rows
    assert f"xs [1] 0.5000 - 1 -0.2500 - 12345 12 b3:{'f' * 64}" in rows
    assert "[1] Picked with hindsight." in rows
    assert "no deflated Sharpe for xs: needs two distinct trials" in rows
    assert [row for row in rows if row.startswith("xs S")] == [
        "xs S0 10 0 0.1000 1000", "xs S1 9 0.5 0.1000 1000", "xs S2 8 1 0.1000 1000", "xs S3 7 1.5 0.1000 1000",
        "xs S4 6 2 0.1000 1000",
    ]  # fmt: skip
    assert "strategy symbol lots units weight value, USD" in rows
    assert "xs: units of x" in rows
    assert f"ledger 7 entries, head {'e' * 64}, verified" in rows
    assert "execution PAPER" in rows
    assert f"{cws()} lake show quarantine us.clean 2 refused rows with reason, source and row" in rows


def test_failures_come_with_unit_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    failed = "feature/xs: reversal_5d__one_value_per_bar"
    ledger = {"entries": 7, "head": "e", "verified": False}
    summary = _summary(failed_checks=[failed], errors=["clean__us.x: CWS-CLEAN-003: bad"], strategies=[], ledger=ledger)
    show(Screen(), summary, Notes({}, {}, {}, {}))
    out = capsys.readouterr().out
    assert f"FAILED CHECK {failed}: The signal has exactly the bars' keys, in their order.\n" in out
    assert "ERROR clean__us.x: CWS-CLEAN-003: bad\n" in out
    assert f"NOT VERIFIED: {cws()} ledger verify" in out


def test_the_reason_of_a_check_in_the_book_and_of_a_suite() -> None:
    assert check_reason("execute/book: xs__reversal_5d__one_value_per_bar").startswith("The signal has exactly")
    assert "suite" in check_reason("execute/book: xs__suite__fills")
    assert check_reason("clean/us: unheard_of") == ""


def test_what_is_not_there_is_not_suggested() -> None:
    assert f"{cws()} reproduce 0123456789ab" in next_steps(_summary(), {})
    assert not any("reproduce" in step or "quarantine" in step for step in next_steps(_summary(strategies=[]), {}))
