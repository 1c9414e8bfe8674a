//! The process when its journal cannot be written.

use crate::broken_disk::Broken;
use crate::common::{PRICE, id, order};
use crate::desk::Desk;
use crate::venue::Venue;
use cws_abi::{ExecKind, Side};
use cws_journal::{Entry, Journal};
use serde_json::json;

/// Enough for what is there from the start, and soon too little for a journal: it ends in the records of an order that leaves.
const DISK_BYTES: u64 = 6_354;

#[test]
fn a_full_journal_halts_and_cancels_still_go_out() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("full", &venue, "journal_max_bytes = 3000");
    desk.open_day(&mut venue);
    journal_fails(&mut desk, &mut venue);
    let status = desk.status();
    assert!(
        status["journal"]["failure"]
            .as_str()
            .is_some_and(|why| why.contains("os error 28")),
        "{status}"
    );
}

#[test]
fn a_disk_that_takes_no_more_halts_and_cancels_still_go_out() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("efbig", &venue, "executions_capacity = 16");
    // The rings are smaller; the journal grows past it.
    desk.broken = Some(Broken::NoMoreThan(DISK_BYTES));
    desk.open_day(&mut venue);
    journal_fails(&mut desk, &mut venue);
}

/// The write that fails comes after the order that it tells of: the next life knows that order all the same.
#[test]
fn an_order_that_left_before_the_disk_failed_is_known_to_the_next_life() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("left", &venue, "executions_capacity = 16");
    desk.broken = Some(Broken::NoMoreThan(DISK_BYTES));
    desk.open_day(&mut venue);
    let mut sent = 0;
    while desk.status()["why"] != "the journal failed" {
        sent += 1;
        // Another one each time: the same again at once is refused.
        desk.push(&order(sent, Side::Buy, sent as i64, PRICE));
        let enter = venue.enter();
        venue.accepted(&enter);
        while desk.execution().order_id != id(sent).bits() {}
    }
    desk.kill9();
    venue.hang_up();
    let journal = Journal::open(&desk.dir.join("risk.journal")).expect("opens");
    let records = journal.map(|record| record.and_then(|one| one.entry()).expect("sound"));
    let written = records.filter(|entry| matches!(entry, Entry::Sent { .. }));
    assert_eq!(written.count() as u64, sent - 1, "the last one broke it");
    desk.broken = None;
    desk.start();
    venue.accept();
    venue.heartbeat();
    desk.wait(|status| status["state"] == "ACTIVE" && status["open_orders"] == sent);
}

/// Orders until one is refused because the journal failed; then the first order is cancelled all the same.
fn journal_fails(desk: &mut Desk, venue: &mut Venue) {
    let enter = desk.rest(venue, 1, 100);
    for counter in 2..60 {
        desk.push(&order(counter, Side::Buy, 1001, PRICE));
    }
    let status = desk.wait(|status| status["why"] == "the journal failed");
    assert_eq!(status["state"], "HALTED");
    venue.cancel_of(&enter);
    desk.push(&order(70, Side::Buy, 10, PRICE));
    while desk.execution().order_id != id(70).bits() {}
    // The same cancel just now would go out for nothing: asked again and again, it leaves when that is over.
    let sent = desk.status()["cancels_sent"].clone();
    let mut counter = 70;
    loop {
        desk.drain();
        let status = desk.status();
        if status["cancels_sent"] != sent {
            break;
        }
        if status["intents"] == desk.written() {
            counter += 1;
            assert!(counter < 10_000, "no cancel goes out: {status}");
            desk.cancel(counter, 1);
        }
    }
    venue.cancel_of(&enter);
    assert!(desk.alive());
}

/// The write that fails is the cancel's own.
#[test]
fn a_cancel_that_the_journal_does_not_take_goes_out() {
    const MAX: u64 = 8_000;
    // A cancel's intent, decision and bytes; a refused order needs less.
    const CANCEL: u64 = 314;
    let mut venue = Venue::new();
    let mut desk = Desk::new("cancel", &venue, &format!("journal_max_bytes = {MAX}"));
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    let bytes = |desk: &Desk| {
        desk.status()["journal"]["bytes"]
            .as_u64()
            .expect("a number")
    };
    let mut counter = 2;
    while MAX - bytes(&desk) >= CANCEL {
        desk.push(&order(counter, Side::Buy, 1001, PRICE));
        while desk.execution().order_id != id(counter).bits() {}
        counter += 1;
    }
    desk.cancel(counter, 1);
    venue.cancel_of(&enter);
    desk.wait(|status| status["why"] == "the journal failed");
}

/// The kernel answers EIO to the journal's own write(2), once there is much to write.
#[test]
fn eio_of_a_write_halts_and_cancels_still_go_out() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("eio", &venue, "");
    desk.broken = Some(Broken::Writes(8_000));
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    // Nothing that is asked for while risk stands still is written down before it goes on: then it comes in one write.
    desk.signal(libc::SIGSTOP);
    for counter in 2..62 {
        desk.push(&order(counter, Side::Buy, 1001, PRICE));
    }
    desk.push(&order(62, Side::Buy, 10, PRICE));
    desk.signal(libc::SIGCONT);
    venue.cancel_of(&enter);
    let status = desk.wait(|status| status["why"] == "the journal failed");
    assert_eq!(status["state"], "HALTED");
    assert_failed_by_eio(&status);
    while desk.execution().order_id != id(62).bits() {}
    venue.canceled(&enter, 100);
    while desk.execution().kind != ExecKind::Canceled as u8 {}
    desk.kill9();
    venue.hang_up();
    desk.broken = None;
    desk.start();
    venue.accept();
    let status = desk.wait(|status| status["state"] == "ACTIVE");
    assert_eq!(
        (&status["open_orders"], &status["unknown"]),
        (&json!(0), &json!(0)),
        "what the broken disk lost, the venue told again: {status}"
    );
    // What the ring got while the journal failed used up numbers: whoever reads it misses nothing of what follows.
    desk.push(&order(63, Side::Buy, 1001, PRICE));
    while desk.execution().order_id != id(63).bits() {}
}

/// The write went well, and fdatasync(2) behind it did not.
#[test]
fn eio_of_a_commit_halts_and_cancels_still_go_out() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("eiosync", &venue, "");
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    desk.kill9();
    venue.hang_up();
    desk.broken = Some(Broken::Commits);
    desk.start();
    venue.accept();
    venue.cancel_of(&enter);
    let status = desk.wait(|status| status["why"] == "the journal failed");
    assert_eq!(status["state"], "HALTED");
    assert_failed_by_eio(&status);
    desk.push(&order(2, Side::Buy, 10, PRICE));
    while desk.execution().order_id != id(2).bits() {}
    assert!(desk.alive());
}

#[test]
fn a_journal_of_many_files_is_one_after_a_kill_and_not_without_one_of_them() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("files", &venue, "journal_file_bytes = 4096");
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    for counter in 2..102 {
        desk.push(&order(counter, Side::Buy, 1001, PRICE));
        while desk.execution().order_id != id(counter).bits() {}
    }
    venue.executed(&enter, 40, 5);
    desk.wait(|status| status["fills"] == 1);
    desk.kill9();
    venue.hang_up();
    let path = desk.dir.join("risk.journal");
    let files = cws_journal::files_behind(&path).expect("whole");
    assert!(files.len() > 3, "{files:?}");
    for file in &files {
        assert!(
            file.metadata().expect("there").len() < 4096 + 300,
            "what came together stays together"
        );
    }
    let aside = desk.dir.join("aside");
    std::fs::rename(&files[1], &aside).expect("moves");
    let said = desk.try_start().expect_err("refuses to start");
    let named = format!("{};", files[1].display());
    assert!(
        said.contains("CWS-RISK-012") && said.contains("CWS-JOURNAL-008"),
        "{said}"
    );
    assert!(said.contains(&named), "{said}");
    std::fs::rename(&aside, &files[1]).expect("moves");
    desk.start();
    venue.accept();
    venue.heartbeat();
    desk.wait(|status| status["state"] == "ACTIVE");
    let open = desk.ask(&json!({"cmd": "open_orders"}));
    assert_eq!(open["open_orders"][0]["leaves_qty"], 60, "{open}");
    let positions = desk.ask(&json!({"cmd": "positions"}));
    assert_eq!(positions["positions"][0]["position"], 40, "{positions}");
}

fn assert_failed_by_eio(status: &serde_json::Value) {
    let failure = status["journal"]["failure"].as_str();
    assert!(
        failure.is_some_and(|why| why.contains("CWS-JOURNAL-001") && why.contains("os error 5")),
        "{status}"
    );
}
