"""Every command of the CLI is run: one that opens a backtest leaves a trial in the ledger, and first."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import typer.main

import cws.trials
from cws.home import settings
from cws.house import House, open_house
from cws.trial_batches import spans
from cws_dagster.cli import application, main
from modules.sealed import Sealed
from modules.values import Table

STRATEGY = "ts_momentum"
# command -> arguments; {trial} is a recorded backtest. A new command is refused until it stands here.
ARGUMENTS = {
    "alpha": ["-tcorr(close, volume, $n)", "--set", "n=20", "--json"],
    "backtest": [STRATEGY, "--grid", "cost_bps=3 7", "--json"],
    "config show": [],
    "gateway down": [],
    "gateway status": [],
    "lake fsck": [],
    "lake history": ["equity"],
    "lake show": ["equity", STRATEGY, "--rows", "2"],
    "lake tables": [],
    "ledger show": ["--last", "3"],
    "ledger verify": [],
    "loop bundle": [],
    "loop report": [],
    "loop shadow": [],
    "modules list": [],
    "modules show": ["performance"],
    "modules verify": ["performance"],
    "orders": [],
    "positions": [],
    "reproduce": ["{trial}"],
    "risk attest": [],
    "run": ["--strategy", STRATEGY],
    "status": [],
    "supervise": ["--findings"],
    "traces": [],
    "trials": [],
}
# Count as many looks as their patches take, need a ship, or a gateway, or take minutes: proven by tests of their own.
OWN_TESTS = {"ablate", "bench", "gate certify", "gateway up", "kill", "loop rollback", "rearm"}
SERVERS = {"ui"}  # starts servers over the same home and computes nothing itself
LOOKING = {"alpha": 1, "backtest": 2, "run": 1, "reproduce": 1}


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The leaves of the command tree."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path)
        return
    for name, one in inner.items():
        yield from commands(one, (*path, name))


def test_every_command_is_walked() -> None:
    assert set(commands(typer.main.get_command(application()))) == set(ARGUMENTS) | SERVERS | OWN_TESTS


@pytest.fixture(scope="module")
def house(real_run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A copy of the finished home, for commands that write."""
    home = tmp_path_factory.mktemp("commands") / "home"
    shutil.copytree(real_run.home, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CWS_HOME", str(home))
        patch.setenv("CWS_VIEWS", "off")
        yield open_house(settings())


def counted(house: House) -> int:
    batched = (len(span.keys) for span in spans(house.ledger))
    return len(house.ledger.entries("trial")) + sum(batched)


@pytest.mark.parametrize("command", sorted(ARGUMENTS))
def test_a_command_opens_no_outcome_without_a_trial(
    command: str, house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, newest, real = counted(house), [], cws.trials.unseal

    def watched(sealed: Sealed) -> Table:
        newest.append(house.ledger.entries()[-1].kind)
        return real(sealed)

    monkeypatch.setattr(cws.trials, "unseal", watched)
    # Of a published backtest: the newest trial may be a look at a formula, which publishes nothing.
    trial = [str(e.body["key"]) for e in house.ledger.entries("stage") if e.body["stage"] == "backtest"][-1]
    words = [word.format(trial=trial) for word in ARGUMENTS[command]]
    assert main([*command.split(), *words]) == 0, capsys.readouterr().err
    assert counted(house) - before == LOOKING.get(command, 0)
    assert bool(newest) == (command in LOOKING)
    # A batch says more of its best set at the end, when the rows of all sets stand: their trials are on record.
    later = {"trial_batch", "lake_commit"} if command == "backtest" else set[str]()
    assert newest[:1] in ([], ["trial"], ["trial_batch"])
    assert set(newest) <= {"trial"} | later, "the newest entry of the ledger was the trial when the outcome was opened"


def test_every_published_backtest_has_its_trial_before_it(house: House) -> None:
    seen: list[tuple[object, object]] = []
    backtests = 0
    for entry in house.ledger.entries():
        if entry.kind == "trial":
            seen.append((entry.body["key"], entry.body["looks"]))
        if entry.kind == "stage" and entry.body["stage"] == "backtest":
            backtests += 1
            assert (entry.body["key"], entry.body["looks"]) in seen
    assert backtests >= 3


def test_a_strategy_without_a_trial_shows_no_equity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_HOME", str(tmp_path / "home"))
    assert main(["lake", "show", "equity", STRATEGY]) == 2
