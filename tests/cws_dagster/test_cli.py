"""The command line on an empty home: help without heavy imports, refusals in one line, exit codes, pipes."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cws.execution.binaries import BUILT, missing
from cws_dagster.cli import main

HEAVY = ("dagster", "pandas", "numpy", "pydantic", "pydantic_settings", "pandera", "pyarrow", "deltalake", "mlflow")
LISTING = (
    ["status"], ["config", "show"], ["lake", "tables"], ["lake", "history", "ohlcv"], ["lake", "fsck"],
    ["ledger", "show"], ["trials"], ["traces"],
    ["supervise", "--findings"], ["loop", "report"], ["modules", "list"], ["modules", "show", "reversal_5d"],
    ["modules", "verify", "returns"], ["gateway", "status"], ["gateway", "down"], ["orders"], ["positions"],
    ["risk", "attest"],
)  # fmt: skip
PROGRESS = {"returns": "feature: 1 modules, 0 failed\n"}
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in this process on an empty home; returns exit code, stdout, stderr."""
    monkeypatch.setenv("CWS_HOME", str(tmp_path / "home"))
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return call


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from cws_dagster.cli import main; main(['--help']); "
        f"sys.stderr.write(' '.join(set({HEAVY}) & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    for word in (
        "run",
        "reproduce",
        "0 done",
        "1 it ran and something failed",
        "2 refused",
        "130 interrupted",
        "141 the reader",
    ):
        assert word in found.stdout


def test_every_command_has_help_whose_first_sentence_is_whole(cws: Call) -> None:
    for group in ([], ["modules"], ["lake"], ["ledger"], ["loop"], ["gateway"], ["risk"], ["config"]):
        code, out, _ = cws(*group, "--help")
        commands = out.split("Commands:")[1].split("Exit codes")[0]
        assert code == 0
        assert "..." not in commands, commands
        for name in re.findall(r"^  ([a-z]+) ", commands, re.MULTILINE):
            assert cws(*group, name, "--help")[0] == 0


def test_nothing_asked_shows_help_and_is_refused(cws: Call) -> None:
    for group in ([], ["lake"]):
        code, out, err = cws(*group)
        assert (code, out) == (2, "")
        assert err.startswith("Usage: cws")


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["nonsense"], "CWS-CLI-001", "No such command 'nonsense' -> known: ablate, alpha, backtest, bench"),
        (["statu"], "CWS-CLI-001", "No such command 'statu' -> did you mean 'status'?"),
        (["lake", "historie"], "CWS-CLI-001", "No such command 'historie' -> did you mean 'history'?"),
        (["run", "--stratgy", "x"], "CWS-CLI-001", "--stratgy"),
        (["lake", "show", "ohlcv", "x", "--rows", "0"], "CWS-CLI-001", "--rows"),
        (["modules", "list", "--stage", "featur"], "CWS-CLI-002", "did you mean 'feature'?"),
        (["modules", "show", "reversal_5"], "CWS-MODULE-001", "did you mean 'reversal_5d'?"),
        (["ledger", "verify", "--checkpoint", "elsewhere"], "CWS-CLI-003", "is not a folder"),
        (["ledger", "show", "--kind", "trail"], "CWS-CLI-004", "did you mean 'trial'?"),
        (["lake", "history", "../ohlcv"], "CWS-LAKE-001", "did you mean 'ohlcv'?"),
        (
            ["lake", "show", "ohlcv", "nowhere"],
            "CWS-LAKE-007",
            "no such part [table ohlcv, part 'nowhere'] -> the",
        ),
        (["kill", "--reason", "x"], "CWS-CLI-005", "say exactly one of --strategy S, --venue V and --firm"),
        (["kill", "--firm", "--strategy", "s", "--reason", "x"], "CWS-CLI-005", "exactly one"),
        (["kill", "--firm", "--reason", " "], "CWS-EXECUTION-005", "a reason of 1 to 500 characters"),
        (["rearm", "--firm", "--reason", "x"], "CWS-EXECUTION-006", "firm is not killed"),
        (["orders", "--run", "nonsense"], "CWS-CLI-007", "0 runs begin with 'nonsense'"),
        (["reproduce", "abcdef"], "CWS-REPRO-001", "abcdef"),
        (["trials", "--strategy", "xs_reversa"], "CWS-STRATEGY-006", "did you mean 'xs_reversal'?"),
        (["run", "--strategy", "xs_reversa"], "CWS-STRATEGY-006", "did you mean 'xs_reversal'?"),
    ],
)
def test_a_refusal_is_one_line_and_exit_2(
    cws: Call, arguments: list[str], code: str, word: str, tmp_path: Path
) -> None:
    found, out, err = cws(*arguments)
    assert (found, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(f"{code}: ")
    assert word in err
    found, out, _ = cws(*arguments, "--json")
    refusal = json.loads(out.splitlines()[-1])["error"]
    assert found == 2
    assert set(refusal) == {"code", "what", "where", "fix"}
    assert refusal["code"] == code
    assert not (tmp_path / "home").exists(), "a refusal writes nothing"


def test_a_key_pasted_into_a_setting_is_printed_nowhere(cws: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-in-its-place")
    monkeypatch.setenv("CWS_LLM_KEY_ENV", "sk-pasted")
    for arguments in (["config", "show"], ["config", "show", "--json"]):
        said = cws(*arguments)
        assert said[0] == 2 and "sk-" not in said[1] + said[2]
    monkeypatch.setenv("CWS_LLM_KEY_ENV", "SOME_API_KEY")
    code, out, _ = cws("config", "show")
    assert code == 0 and "SOME_API_KEY" in out and "sk-" not in out


def test_a_bad_setting_is_shown_and_then_refused(cws: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_UI_PORT", "80")
    code, out, err = cws("config", "show")
    assert code == 2
    assert re.search(r"^CWS_UI_PORT +80 +environment +>= 1024, <= 65535", out, re.MULTILINE)
    assert re.search(r"^CWS_MLFLOW_PORT +5000 +default ", out, re.MULTILINE)
    assert err.startswith(
        "CWS-CONFIG-002: CWS_UI_PORT: Input should be greater than or equal to 1024, got '80' [environment]"
    )
    assert "type=" not in err
    monkeypatch.delenv("CWS_UI_PORT")
    monkeypatch.setenv("CWS_UI_PROT", "3001")
    assert "did you mean 'CWS_UI_PORT'?" in cws("status")[2]


@pytest.mark.parametrize("arguments", LISTING, ids=" ".join)
def test_in_a_pipe_lines_are_plain_and_json_is_the_last(cws: Call, arguments: list[str]) -> None:
    code, out, err = cws(*arguments)
    assert (code, err) == (0, PROGRESS.get(arguments[-1], ""))
    assert not re.search(r"[\x1b\u2500-\u257f]", out), "no colours, no frames"
    code, out, err = cws(*arguments, "--json")
    assert (code, err) == (0, PROGRESS.get(arguments[-1], ""))
    assert isinstance(json.loads(out.splitlines()[-1]), dict)


def test_an_empty_home_says_what_to_do_and_stays_empty(cws: Call, tmp_path: Path) -> None:
    code, out, _ = cws("status")
    assert code == 0
    assert "cws run" in out
    assert re.search(r"execution +PAPER" if missing(BUILT) else r"execution +NATIVE\n", out)
    assert re.search(r"isolation +off: no gateway runs", out)
    assert not (tmp_path / "home").exists()


EMPTY = [["lake", "tables"], ["lake", "history", "ohlcv"], ["trials"], ["ledger", "show"], ["ledger", "verify"]]


@pytest.mark.parametrize("arguments", EMPTY, ids=" ".join)
def test_every_listing_says_of_an_empty_home_what_status_says(cws: Call, arguments: list[str]) -> None:
    sentence = cws("status")[1].splitlines()[-1]
    # A script must not take a ledger that is not there for a sound one.
    assert cws(*arguments) == (int(arguments[-1] == "verify"), sentence + "\n", "")


def test_no_ledger_is_not_a_sound_one(cws: Call) -> None:
    code, out, _ = cws("ledger", "verify", "--json")
    assert (code, json.loads(out)["ok"], json.loads(out)["entries"]) == (1, False, 0)


def test_modules_list_show_and_verify_agree(cws: Call) -> None:
    listed = json.loads(cws("modules", "list", "--stage", "feature", "--json")[1])["modules"]
    assert {row["stage"] for row in listed} == {"feature"}
    row = next(row for row in listed if row["module"] == "reversal_5d")
    shown = json.loads(cws("modules", "show", "reversal_5d", "--json")[1])
    assert (row["why"], row["settings"], row["checks"]) == (
        shown["why"],
        len(shown["settings"]),
        len(shown["acceptance"]),
    )
    assert shown["settings"]["window_bars"]["bounds"] == ">= 1, <= 252"
    assert shown["gives"]["signal"] == {"ts_event": "int64", "ts_avail": "int64", "symbol": "str", "value": "float64"}
    judged = json.loads(cws("modules", "show", "cost_bps", "--json")[1])
    assert (shown["judge"], shown["oracles"]) == ("value", {})
    assert judged["judge"] == "correctness" and "all-in share" in judged["oracles"]["fees_are_the_terms"]
    assert "fees_are_the_terms" in cws("modules", "show", "cost_bps")[1]
    skilled = json.loads(cws("modules", "show", "rank_to_weight", "--json")[1])["skills"]
    assert all(skill["chosen"] in skill["available"] for skill in skilled.values())
    assert skilled
    verified = json.loads(cws("modules", "verify", "returns", "cs_rank", "returns", "--json")[1])
    assert verified == {"modules": 2, "passed": 2, "failed": 0, "violations": {}}


def test_a_module_that_breaks_a_rule_fails_the_command(cws: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from modules.registry import load

    # A check that cannot fail is what the suite must find.
    broken = load("returns").acceptance[0]
    monkeypatch.setattr(
        load("returns"), "acceptance", [type(broken)("never_fails", "Says yes.", lambda before, after: True)]
    )
    code, out, err = cws("modules", "verify", "returns", "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["modules"], found["passed"], found["failed"]) == (1, 0, 1)
    assert "never_fails" in str(found["violations"]["returns"])
    count = len(found["violations"]["returns"])
    assert err.splitlines() == [f"returns: {count} violations", "feature: 1 modules, 1 failed"]


def _on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """What a command writes to a terminal of 100 columns."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "cws_dagster.cli", *arguments]
    process = subprocess.Popen(command, stdout=follower, stderr=follower, stdin=follower, env=environment)
    os.close(follower)
    written = b""
    try:
        while chunk := os.read(leader, 4096):
            written += chunk
    except OSError:
        pass  # the terminal's other end is closed: Linux says so with EIO
    process.wait(60)
    os.close(leader)
    return written.decode()


def test_a_terminal_has_colours_unless_no_color(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    (ledger / "acknowledged.json").write_text("{}")
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    environment = {**kept, "CWS_HOME": str(tmp_path), "TERM": "xterm-256color", "COLUMNS": "100"}
    colour = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38)[;m]")
    shown = _on_a_terminal(["ledger", "verify"], environment)
    assert "LEDGER DAMAGED" in shown
    assert colour.search(shown), "a fault is red"
    assert not colour.search(_on_a_terminal(["ledger", "verify"], {**environment, "NO_COLOR": "1"}))


def test_a_reader_that_leaves_is_no_crash(tmp_path: Path) -> None:
    command = f"{sys.executable} -m cws_dagster.cli modules list | true; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "CWS_HOME": str(tmp_path)}
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert (found.returncode, found.stderr) == (141, "")
