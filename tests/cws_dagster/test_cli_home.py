"""The command line on a home that one real run filled: what it prints is what the lake and the ledger hold."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cws_dagster.cli import main
from cws_dagster.invocation import cws as program

CWS = [sys.executable, "-m", "cws_dagster.cli"]
NAMES = ["btc_intraday", "ts_momentum", "xs_reversal"]
STAGES = ["ingest", "clean", "feature", "backtest", "size", "execute"]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(real_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the session's finished home, free to be damaged."""
    copy = tmp_path / "home"
    shutil.copytree(real_run.home, copy)
    monkeypatch.setenv("CWS_HOME", str(copy))
    return copy


@pytest.fixture
def cws(home: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return call


def _json(cws: Call, *arguments: str) -> dict[str, Any]:
    code, out, err = cws(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out.splitlines()[-1])


def test_a_run_in_a_pipe_tells_its_progress_aside_and_an_interruption_by_130(tmp_path: Path) -> None:
    environment = {**os.environ, "CWS_HOME": str(tmp_path / "home"), "CWS_VIEWS": "off"}
    command = [*CWS, "run", "--strategy", "ts_momentum", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert re.fullmatch(r" *[0-9.]+ s  ingest us_tech: \d+ modules, stage done\n", told), told + err
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert len(out.splitlines()) <= 1, "nothing but the JSON object is on stdout"
    assert "\x1b" not in told + out + err


def test_status_names_everything_published(cws: Call, real_run: Any) -> None:
    summary, status = real_run.summary, _json(cws, "status")
    assert [row["stage"] for row in status["published"]] == [stage for stage in STAGES for _ in range(3)]
    assert status["ledger"] == {"entries": summary["ledger"]["entries"], "head": summary["ledger"]["head"], "ok": True}
    assert status["last_run"]["strategies"] == NAMES
    assert status["bytes"] > 1_000_000
    assert status["writer"] is None
    assert re.search(r"^size +btc_intraday ", cws("status")[1], re.MULTILINE)


def test_a_writer_is_named_and_keeps_others_out(home: Path) -> None:
    """The holder is another process; `status` must not disturb it, `run` must wait or refuse."""
    script = (
        "import sys; from pathlib import Path; from cws.home import home_at\n"
        f"with home_at(Path({str(home)!r})).writing('night job'): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    status = subprocess.run([*CWS, "status"], capture_output=True, text=True, check=False)
    run = subprocess.run(
        [*CWS, "run", "--strategy", "btc_intraday", "--json"], capture_output=True, text=True, check=False
    )
    holder.communicate("")
    assert re.search(rf"writer +night job \(pid {holder.pid}\)\n", status.stdout)
    assert run.returncode == 2
    assert json.loads(run.stdout.splitlines()[-1])["error"]["code"] == "CWS-HOME-001"


def test_lake_lists_reads_and_checks(cws: Call) -> None:
    tables = {row["table"]: row for row in _json(cws, "lake", "tables")["tables"]}
    assert {"raw_bars", "ohlcv", "equity", "targets", "fills", "book", "quarantine"} <= set(tables)
    history = _json(cws, "lake", "history", "ohlcv")["history"]
    shown = _json(cws, "lake", "show", "ohlcv", "btc_usd_15m", "--rows", "2", "--version", "0")
    assert (shown["pin"]["hash"], shown["pin"]["rows"]) == (history[0]["hash"], history[0]["rows"])
    assert len(shown["rows"]) == 2
    assert shown["rows"][0]["symbol"].startswith("BTC")
    text = cws("lake", "show", "ohlcv", "btc_usd_15m", "--rows", "2")[1]
    assert re.search(r"^2021-\S+T\d\d:\d\d:00\+00:00 ", text, re.MULTILINE), text
    checked = _json(cws, "lake", "fsck")
    assert (checked["ok"], checked["damaged"]) == (True, 0)
    assert checked["versions"] == sum(row["version"] + 1 for row in tables.values())


def test_a_flipped_bit_fails_fsck_and_refuses_the_read(cws: Call, home: Path) -> None:
    path = next((home / "lake/ohlcv").rglob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    code, out, _ = cws("lake", "fsck", "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["damaged"]) == (1, False, 1)
    assert path.name in found["problems"][0]["path"]
    code, out, err = cws("lake", "show", "ohlcv", "btc_usd_15m")
    assert (code, out) == (2, "")
    assert err.startswith("CWS-LAKE-010")


def test_the_ledger_shows_and_verifies(cws: Call, home: Path, tmp_path: Path) -> None:
    stages = _json(cws, "ledger", "show", "--kind", "stage")["entries"]
    assert {entry["body"]["stage"] for entry in stages} == set(STAGES)
    last = _json(cws, "ledger", "show", "--last", "1")["entries"]
    found = _json(cws, "ledger", "verify")
    assert (last[0]["index"] + 1, last[0]["hash"]) == (found["entries"], found["head"])
    assert found["rollback"] == "not excluded"
    assert "rollback not excluded" in cws("ledger", "verify")[1]
    checkpoint = tmp_path / "earlier.json"
    shutil.copy(home / "ledger/acknowledged.json", checkpoint)
    assert _json(cws, "ledger", "verify", "--checkpoint", str(checkpoint))["rollback"] == "excluded"
    assert cws("ledger", "verify", "--checkpoint", str(tmp_path / "missing"))[2].startswith("CWS-CLI-003: ")


def test_a_flipped_bit_in_the_ledger_fails_verify_and_status(cws: Call, home: Path) -> None:
    path = home / "ledger/segment-000000.jsonl"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    code, out, _ = cws("ledger", "verify")
    assert code == 1
    assert "LEDGER DAMAGED" in out
    assert "segment-000000.jsonl, line" in out
    code, out, _ = cws("status")
    assert code == 1
    assert f"DAMAGED: {program()} ledger verify" in out
    assert cws("ledger", "show")[0] == 2


def test_trials_count_looks_and_reproduce_gives_the_bytes(cws: Call, real_run: Any) -> None:
    strategy = next(one for one in real_run.summary["strategies"] if one["name"] == "btc_intraday")
    assert sorted(trial["strategy"] for trial in _json(cws, "trials")["trials"]) == NAMES
    (trial,) = _json(cws, "trials", "--strategy", "btc_intraday")["trials"]
    assert (trial["key"], trial["strategy"], trial["looks"]) == (strategy["trial"], "btc_intraday", 1)
    assert trial["sharpe"] == pytest.approx(strategy["sharpe"], abs=1e-12)
    assert trial["sharpe_per_bar"] is not None
    code, out, _ = cws("reproduce", trial["key"][:8], "--json")
    found = json.loads(out)
    assert (code, found["same"], found["differs"]) == (0, True, [])
    assert set(found["hashes"]) == {"equity", "weights", "holdings", "trades", "costs_by_kind", "stats", "intervals"}
    (again,) = _json(cws, "trials", "--strategy", "btc_intraday")["trials"]
    assert again["looks"] == 2


def test_a_source_that_is_gone_fails_the_run_with_its_reason(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cws: Call
) -> None:
    folder = tmp_path / "strategies"
    shutil.copytree(Path(__file__).resolve().parents[2] / "strategies", folder)
    for path in folder.glob("*.toml"):
        if path.stem != "btc_intraday":
            path.unlink()
    dataset = folder / "datasets/btc_usd_15m.toml"
    dataset.write_text(re.sub(r'^path = ".*"', 'path = "gone.csv"', dataset.read_text(), flags=re.MULTILINE))
    monkeypatch.setenv("CWS_STRATEGIES", str(folder))
    monkeypatch.setenv("CWS_VIEWS", "off")
    code, out, err = cws("run")
    assert code == 1, err
    assert re.search(r"^ERROR ingest__btc_usd_15m\.open: .*CWS-SOURCE-00\d: ", out, re.MULTILINE), out
    assert "execution  PAPER" in out
