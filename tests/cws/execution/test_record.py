"""What of a run stands in the ledger: signed checkpoints, kills, re-arms, evidence per check; and what must agree."""

from pathlib import Path

import journals
import numpy as np
import pytest

from cws.execution import checkpoints
from cws.execution import entries as read
from cws.execution.attest import ahead_of, attest, evidence
from cws.execution.collect import executions_table, positions, reconcile, story
from cws.execution.journal import read_journal
from cws.execution.keys import public_hex, signing_key
from cws.execution.kills import in_force, refuse_killed
from cws.execution.places import keys_folder, live, run_place
from cws.execution.proven import proven
from cws.execution.session import DAY_NS, Session
from cws.execution.switch import Act, kill, rearm
from cws.house import House, house_at
from modules.errors import CwsError

TRADES = [
    journals.intent(1, 11), journals.decision(1), journals.sent(1), journals.execution(1, 11, 1),
    journals.filled(1, 11, 1, 4), journals.filled(1, 11, 1, 4), journals.filled(1, 11, 2, 6, side=3),
    journals.filled(1, 0, 1, 4, record=read.DROP_COPY), journals.filled(1, 0, 2, 6, record=read.DROP_COPY),
    journals.intent(2, 12), journals.decision(2, 15),
]  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> House:
    return house_at(tmp_path / "home")


def _journal(tmp_path: Path, records: list[tuple[int, bytes]]):
    journals.journal(tmp_path / "j", records)
    return read_journal(tmp_path / "j")


def test_a_checkpoint_is_signed_and_what_it_says_is_proven_or_refuted(house: House, tmp_path: Path) -> None:
    key = signing_key(tmp_path / "keys", "checkpoint")
    journal = _journal(tmp_path, TRADES)
    first = checkpoints.ingest(house.ledger, key, "r", journal, 5, {})
    assert checkpoints.ingest(house.ledger, key, "r", journal, 6, {}) == first, "the same head is no news"
    (entry,) = house.ledger.entries("journal")
    said = dict(entry.body)
    assert (said["seq"], said["counts"]["intent"]) == (len(TRADES), 2)  # type: ignore[index]
    journals.journal(tmp_path / "j", [*TRADES, journals.sent(9)])
    ours = public_hex(key)
    assert checkpoints.fault_in(said, ours, tmp_path / "j") == "", "a journal that grew still holds it"
    assert "signature" in checkpoints.fault_in({**said, "seq": 3}, ours, tmp_path / "j")
    forger = signing_key(tmp_path / "forger", "checkpoint")
    fields = (said["created_ns"], said["seq"], said["ts_ns"], said["hash"])
    forged = {**said, "signature": forger.sign(checkpoints.message(*fields)).hex(), "public_key": public_hex(forger)}  # type: ignore[arg-type]
    assert "signature" in checkpoints.fault_in(forged, ours, None), "a key that lies beside it proves nothing"
    journals.journal(tmp_path / "j", [*TRADES[1:], journals.sent(9)])
    assert "another hash" in checkpoints.fault_in(said, ours, tmp_path / "j"), "history was rewritten"
    journals.journal(tmp_path / "j", TRADES, created_ns=2)
    assert "another journal" in checkpoints.fault_in(said, ours, tmp_path / "j")


def test_a_key_is_made_once_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    first, second = (signing_key(tmp_path, "limits").private_bytes_raw() for _ in range(2))
    assert first == second and (tmp_path / "limits.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "limits.key").write_bytes(first[:-1])
    with pytest.raises(CwsError, match="CWS-EXECUTION-002"):
        signing_key(tmp_path, "limits")


def test_risks_own_kills_and_limits_come_into_the_ledger(house: House, tmp_path: Path) -> None:
    limits = (read.LIMITS, (3).to_bytes(8, "little") + bytes(32))
    own, asked = journals.kill(3, 1, "small", "risk", "rate"), journals.kill(1, 2, "", "me", "by hand")
    key = signing_key(tmp_path / "keys", "checkpoint")
    kill(house, Act("firm", "", "by hand", "me"))
    rearm(house, Act("firm", "", "over", "me"))
    checkpoints.ingest(house.ledger, key, "r", _journal(tmp_path, [limits, own, asked]), 5, {})
    checkpoints.ingest(house.ledger, key, "r", _journal(tmp_path, [limits, own, asked, own]), 6, {})
    assert [entry.body["version"] for entry in house.ledger.entries("limits")] == [3]
    triggers = [entry.body["trigger"] for entry in house.ledger.entries("kill")]
    assert triggers == ["command", "own_checks", "own_checks"], "none twice"
    refuse_killed(in_force(house.ledger.entries()), "another", "CWSX")
    past_the_command = journals.kill(2, 2, "CWSX", "me", "by socket")
    journal = _journal(tmp_path, [limits, own, asked, own, past_the_command])
    checkpoints.ingest(house.ledger, key, "r", journal, 7, {})
    assert [one.reason for one in in_force(house.ledger.entries())] == ["rate", "by socket"]
    with pytest.raises(CwsError, match="CWS-EXECUTION-003"):
        refuse_killed(in_force(house.ledger.entries()), "small", "CWSX")


def test_a_kill_holds_until_a_person_re_arms_it(house: House) -> None:
    kill(house, Act("firm", "", "drill", "me"))
    kill(house, Act("venue", "CWSX", "drill", "me"))
    rearm(house, Act("firm", "", "over", "me"))
    (left,) = in_force(house.ledger.entries())
    assert (left.scope, left.name, left.trigger) == ("venue", "CWSX", "command")
    with pytest.raises(CwsError, match="CWS-EXECUTION-006"):
        rearm(house, Act("firm", "", "again", "me"))
    for reason in ("", "   ", "x" * 501):
        with pytest.raises(CwsError, match="CWS-EXECUTION-005"):
            Act("firm", "", reason, "me")


def test_a_kill_of_a_name_that_nobody_has_is_refused_and_not_recorded(house: House) -> None:
    for act, help_with in (
        (Act("strategy", "smal", "a slip", "me"), "did you mean 'small'?"),
        (Act("venue", "CWX", "a slip", "me"), "did you mean 'CWSX'?"),
    ):
        with pytest.raises(CwsError, match="CWS-EXECUTION-011") as refused:
            kill(house, act, ["small", "other"])
        assert help_with in str(refused.value)
    assert house.ledger.entries("kill") == []
    kill(house, Act("strategy", "small", "meant", "me"), ["small", "other"])
    kill(house, Act("strategy", "whatever", "recipes cannot be read", "me"), [])
    assert [one.name for one in in_force(house.ledger.entries())] == ["small", "whatever"]


def test_evidence_counts_the_checks_up_to_the_one_that_refused(house: House, tmp_path: Path) -> None:
    journal = _journal(tmp_path, TRADES)
    found = evidence(journal)
    assert (found["R14"]["evaluated"], found["R15"]["evaluated"], found["R16"]["evaluated"]) == (2, 2, 1)
    assert found["R15"]["refused"] == 1 and found["R15"]["last_refused_ns"] == 11_000
    key = signing_key(tmp_path / "keys", "checkpoint")
    for run in ("one", "two"):
        checkpoints.ingest(house.ledger, key, run, journal, 5, {"checks": found})
    rows = {row["code"]: row for row in attest(house.ledger.entries())}
    assert len(rows) == 23 and (rows["R15"]["evaluated"], rows["R15"]["refused"], rows["R15"]["runs"]) == (4, 2, 2)
    assert rows["R16"]["last_refused_ns"] is None


def test_a_live_journal_is_evidence_before_the_ledger_has_it_and_told_apart(house: House) -> None:
    place = live(house.home)
    assert ahead_of([], place) is None, "nothing ever went live"
    place.folder.mkdir(parents=True)
    asked = [journals.intent(1, 11), journals.decision(1, 15)]
    journals.journal(place.journal, asked, created_ns=1)
    key = signing_key(keys_folder(house.home), "checkpoint")
    journal = read_journal(place.journal)
    checkpoints.ingest(house.ledger, key, place.name, journal, 5, {"checks": evidence(journal)})
    entries = house.ledger.entries("journal")
    assert ahead_of(entries, place) is None, "the ledger has all of it"
    whole = journals.journal(place.journal, [*asked, journals.intent(2, 11), journals.decision(2)], created_ns=1)
    place.journal.write_bytes(whole + b"a record that is being written")
    ahead = ahead_of(entries, place)
    assert ahead is not None
    assert ahead.row == {"run": "live", "running": False, "signed_seq": 2, "seq": 4}
    rows = {row["code"]: row for row in attest(entries, ahead)}
    assert [rows["R15"][word] for word in ("evaluated", "refused", "runs")] == [2, 1, 1]
    assert rows["R15"]["live"] == {"evaluated": 1, "refused": 0} and rows["R15"]["last_ns"] == 4_000
    assert attest(entries)[14] == rows["R15"] | {
        "evaluated": 1,
        "live": {"evaluated": 0, "refused": 0},
        "last_ns": 2_000,
    }
    journals.journal(place.journal, asked[:1], created_ns=2)
    other = ahead_of(entries, place)
    assert other is not None and other.signed_seq == 0, "another journal in its place"


def test_a_refusal_that_may_come_before_any_check_is_evidence_of_itself_alone(tmp_path: Path) -> None:
    # An id that is none, no limits, a side that is none: risk refuses what it cannot ask a check about.
    refusals = ((1, 11), (2, 16), (3, 17))
    pairs = [(journals.intent(order, 12), journals.decision(order, reason)) for order, reason in refusals]
    found = evidence(_journal(tmp_path, [record for pair in pairs for record in pair]))
    counts = {code: (one["evaluated"], one["refused"]) for code, one in found.items() if one["evaluated"]}
    assert counts == {"R11": (1, 1), "R16": (1, 1), "R17": (1, 1)}


def test_a_trade_stands_once_however_often_it_was_told(tmp_path: Path) -> None:
    told = story(_journal(tmp_path, TRADES))
    assert [one.exec_id for one in told.trades] == [1, 2]
    assert positions(told.trades) == {(7, 1): -2}
    session = Session(np.array([100], dtype=np.int64), ("A.X",), 0)
    rows = executions_table(told, session)
    assert rows["kind"].tolist() == ["accepted", "filled", "filled", "rejected_by_risk"]
    assert rows["reason"].tolist()[-1] == "R15" and rows["parent_id"].tolist() == [11, 11, 11, 12]


def test_a_message_has_the_stamp_of_its_bar(tmp_path: Path) -> None:
    session = Session(np.array([100, 200, 300], dtype=np.int64), ("A.X",), 20_000 * DAY_NS)
    first, second, _ = session.wire_ns(session.stamps).tolist()
    told = story(_journal(tmp_path, [
        journals.filled(1, 11, 1, 4, ts_event_ns=first + 5), journals.filled(2, 11, 2, 6, ts_event_ns=second),
        journals.execution(3, 11, 8),
    ]))  # fmt: skip
    rows = executions_table(told, session)
    assert rows["ts_event"].tolist() == [100, 200, 0], "the venue's stamps are UTC; what risk says itself has none"


def test_a_trade_that_was_taken_back_is_gone(tmp_path: Path) -> None:
    told = story(_journal(tmp_path, [*TRADES, journals.execution(1, 11, 11, exec_id=2)]))
    assert [one.exec_id for one in told.trades] == [1]


def test_a_corrected_price_is_the_price_of_the_trade(tmp_path: Path) -> None:
    corrections = [journals.execution(1, 11, 12, exec_id=1, quantity=4, price=price) for price in (7, 6, 7)]
    records = [*TRADES, *corrections]
    told = story(_journal(tmp_path, records))
    assert [(one.exec_id, one.price, one.last_qty) for one in told.trades] == [(1, 7, 4), (2, 5_000_000_000, 6)]
    table = executions_table(told, Session(np.array([100], dtype=np.int64), ("A.X",), 0))
    traded = table[table["kind"] != "rejected_by_risk"]
    assert list(traded[traded["kind"] == "filled"]["last_px"]) == [7, 5_000_000_000]
    assert set(traded["kind"]) == {"accepted", "filled"}
    with pytest.raises(CwsError, match="CWS-EXECUTION-004"):
        reconcile(told, {(7, 1): -2}, "r")
    copies = [journals.execution(1, 0, 12, exec_id=1, price=price, record=read.DROP_COPY) for price in (7, 6, 7)]
    reconcile(story(_journal(tmp_path, [*records, *copies])), {(7, 1): -2}, "r")


def test_session_drop_copy_and_positions_must_agree(tmp_path: Path) -> None:
    reconcile(story(_journal(tmp_path, TRADES)), {(7, 1): -2, (7, 2): 0}, "r")
    for records, held in (
        ([*TRADES, journals.filled(3, 11, 3, 1)], {(7, 1): -1}),
        ([*TRADES, journals.filled(3, 0, 3, 1, record=read.DROP_COPY)], {(7, 1): -2}),
        (TRADES, {(7, 1): -3}),
        (TRADES, {}),
    ):
        with pytest.raises(CwsError, match="CWS-EXECUTION-004"):
            reconcile(story(_journal(tmp_path, records)), held, "r")


def test_attest_verifies_signatures_and_journals(house: House, tmp_path: Path) -> None:
    key = signing_key(keys_folder(house.home), "checkpoint")
    place = run_place(house.home, "r")
    place.folder.mkdir(parents=True)
    journals.journal(place.journal, TRADES[:3])
    checkpoints.ingest(house.ledger, key, "r", read_journal(place.journal), 5, {})
    journals.journal(place.journal, TRADES)
    checkpoints.ingest(house.ledger, key, "r", read_journal(place.journal), 6, {})
    checkpoints.ingest(house.ledger, key, "gone", _journal(tmp_path, TRADES), 6, {})
    entries = house.ledger.entries("journal")
    assert proven(house.home, entries) == {"signatures": 3, "journals": 1, "faults": []}
    journals.journal(place.journal, [*TRADES[:4], *TRADES[5:]])
    (fault,) = proven(house.home, entries)["faults"]
    assert f"entry {entries[1].index}, r: " in fault and "another hash" in fault
    place.journal.write_bytes(place.journal.read_bytes()[:-1] + b"x")
    assert "CWS-JOURNAL-002" in proven(house.home, entries)["faults"][0]
    (keys_folder(house.home) / "checkpoint.key").write_bytes(bytes(32))
    assert len(proven(house.home, entries)["faults"]) == 3, "signed by whoever"
