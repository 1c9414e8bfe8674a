"""Worker processes: one that ends or refuses is told as it is, and a set that fails stops nobody else."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from batching import batch_of, rows_of, write_sweep
from small_house import Place

from cws.batch import pool
from modules.contract import Acceptance, Check
from modules.errors import CwsError
from modules.registry import load
from modules.settings import Bound


def test_a_worker_that_ends_is_a_coded_error() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=os._exit, args=(3,))
    process.start()
    theirs.close()
    with pytest.raises(CwsError, match="CWS-BATCH-012") as refusal:
        pool._heard(pool._Hand(process, ours, (6, 9)))
    assert "exit code 3" in str(refusal.value) and "sets from 6" in str(refusal.value)


def test_a_worker_s_refusal_is_the_parent_s() -> None:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    theirs.send(("refused", ("CWS-LAKE-010", "the file changed", "table ohlcv", "restore it")))
    with pytest.raises(CwsError) as refusal:
        pool._heard(pool._Hand(multiprocessing.current_process(), ours, (0, 1)))
    assert (refusal.value.code, refusal.value.fix) == ("CWS-LAKE-010", "restore it")


def test_a_worker_does_not_hear_ctrl_c_from_its_first_moment_on(tmp_path: Path) -> None:
    # The signal's bit of what a process has blocked, before it has run a line of ours.
    with pool._hands(2, tmp_path, None) as hands:  # type: ignore[arg-type]
        for hand in hands:
            status = Path(f"/proc/{hand.process.pid}/status").read_text()
            (blocked,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigBlk")]
            assert int(blocked, 16) >> (signal.SIGINT - 1) & 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def refusing(name: str, wrong: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more acceptance check of a module, which fails where `wrong(settings)`."""

    def says_no(before: object, after: object, settings: Bound) -> Check:
        return Check(not wrong(settings))  # type: ignore[operator]

    module = load(name)
    monkeypatch.setattr(module, "acceptance", [*module.acceptance, Acceptance("says_no", "", says_no)])


def test_a_set_that_fails_says_why_and_counts(executed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing("vector_panel", lambda settings: settings.cost_bps == 9.0, monkeypatch)
    batch = batch_of(executed)
    rows = rows_of(executed.house(), batch)
    assert rows["why"].tolist() == ["", "", "vector_panel: failed says_no"] * 2
    failed = rows[rows["why"] != ""]
    assert failed[["sharpe_per_bar", "final_usd", "turnover_usd"]].isna().all(axis=None)
    assert (batch.body["failed"], batch.body["trials"]) == (2, 6), "what was asked is counted, whatever came of it"


def test_a_batch_without_any_figure_has_no_best(executed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing("reversal_5d", lambda settings: True, monkeypatch)
    batch = batch_of(executed)
    assert batch.body["failed"] == 6 and "best" not in batch.body and batch.body["best_in_full"] == {}
    assert rows_of(executed.house(), batch)["key"].is_unique


def test_a_sweep_whose_check_fails_is_refused_before_it_is_counted(
    executed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing("vector_sweep", lambda settings: settings.curve_sets > 0, monkeypatch)
    write_sweep(executed)
    before = executed.house().ledger.head().entries
    with pytest.raises(CwsError, match="CWS-BATCH-011"):
        batch_of(executed, "small_cross", "")
    assert executed.house().ledger.head().entries == before
