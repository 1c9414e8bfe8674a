"""`cws traces`, `cws supervise` and `cws loop`: what they print is what the lake and the ledger hold."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cws.home import Settings
from cws.house import House, open_house
from cws.trace_log import read_traces
from cws_dagster.cli import main
from cws_dagster.commands.traces import chosen, failed, one, parsed
from modules.errors import CwsError

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cws(real_run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The command line on the session's finished home: these commands only read."""
    monkeypatch.setenv("CWS_HOME", str(real_run.home))

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def house(real_run: Any) -> House:
    return open_house(Settings(home=real_run.home))


def _json(cws: Call, *arguments: str) -> dict[str, Any]:
    code, out, err = cws(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out.splitlines()[-1])


def test_filters_choose_and_the_newest_come_first(cws: Call, house: House) -> None:
    everything = read_traces(house)
    found = _json(cws, "traces", "--limit", "1000")
    assert found["found"] == len(everything) == len(found["traces"])
    assert [row["trace_id"] for row in found["traces"]] == everything["trace_id"].tolist()[::-1]
    some = _json(cws, "traces", "--strategy", "xs_reversal", "--stage", "backtest", "--module", "leverage_cap")
    assert [(row["stage"], row["unit_stage"]) for row in some["traces"]] == [("size", "backtest")]
    run_id = str(everything["run_id"].iloc[0])
    assert _json(cws, "traces", "--run", run_id[:8], "--limit", "1")["found"] == len(everything)


def test_slow_sorts_by_time_and_failed_leaves_what_failed(cws: Call) -> None:
    slow = _json(cws, "traces", "--slow", "--limit", "5")["traces"]
    times = [row["wall_ns"] for row in slow]
    assert len(times) == 5 and times == sorted(times, reverse=True)
    assert _json(cws, "traces", "--failed")["traces"] == []


@pytest.mark.parametrize(
    ("error", "passed", "is_failure"), [("", True, False), ("E: x", True, True), ("", False, True)]
)
def test_an_error_or_a_failed_check_is_a_failure(error: str, passed: bool, is_failure: bool) -> None:
    assert failed({"error": error, "checks": [{"passed": True}, {"passed": passed}]}) == is_failure


def test_one_trace_whole_names_its_run_ledger_entry_and_trial(cws: Call, house: House) -> None:
    (row,) = parsed(chosen(house, {"strategy": "ts_momentum", "unit_stage": "backtest", "module": "performance"}))
    links = _json(cws, "traces", row["trace_id"])["links"]
    entries = {e.index: e for e in house.ledger.entries("stage")}
    body = entries[links["ledger_index"]].body
    assert (body["stage"], body["unit"], body["run_id"]) == ("backtest", "ts_momentum", row["run_id"])
    assert (links["trial"], links["trial_ledger_index"]) == (body["key"], links["ledger_index"])
    assert links["dagster_run"] == row["run_id"] and links["mlflow_run"] is None, "views were off"
    text = cws("traces", row["trace_id"][:8])[1]
    assert str(body["key"]) in text and "never" not in text.split("Checks")[0]


def test_a_dataset_has_no_trial(house: House) -> None:
    (row,) = parsed(chosen(house, {"strategy": "us_tech", "unit_stage": "ingest", "module": "csv_ohlcv"}))
    links = one(house, row["trace_id"])["links"]
    assert links["trial"] is None and links["ledger_index"] is not None


@pytest.mark.parametrize("wanted", ["", "abc", "zzzzzzzz"])
def test_what_is_no_trace_is_refused(house: House, wanted: str) -> None:
    with pytest.raises(CwsError, match="CWS-TRACE-001"):
        one(house, wanted)


def test_a_filter_that_fits_nothing_names_the_nearest(cws: Call) -> None:
    code, out, err = cws("traces", "--module", "leverage_cop")
    assert (code, out) == (2, "")
    assert err.startswith("CWS-TRACE-002") and "did you mean 'leverage_cap'?" in err


def test_the_work_list_is_ranked_and_its_evidence_can_be_opened(cws: Call, house: House) -> None:
    found = _json(cws, "supervise", "--findings")
    assert found["traces"] == len(read_traces(house))
    scores = [finding["score"] for finding in found["findings"]]
    assert scores == sorted(scores, reverse=True)
    for finding in found["findings"]:
        for trace in finding["evidence"]:
            assert one(house, trace)["module"] == finding["module"]
    assert f"{len(scores)} of {len(scores)} findings" in cws("supervise", "--findings")[1]


def test_supervise_without_a_task_is_refused(cws: Call) -> None:
    code, _, err = cws("supervise")
    assert code == 2 and "--findings" in err


def test_the_report_has_stamps_modules_and_findings(cws: Call, house: House) -> None:
    found = _json(cws, "loop", "report")
    assert [row["strategy"] for row in found["stamps"]] == ["btc_intraday", "ts_momentum", "xs_reversal"]
    assert sum(row["traces"] for row in found["modules"]) == len(read_traces(house))
    assert found["findings"] == _json(cws, "supervise", "--findings")["findings"]
    text = cws("loop", "report")[1]
    for title in ("From idea to first order", "Traces by module", "findings, by frequency x cost"):
        assert title in text
