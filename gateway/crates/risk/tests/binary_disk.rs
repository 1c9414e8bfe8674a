//! The process when its journal cannot be written.

mod common;
#[path = "common/desk.rs"]
mod desk;
#[path = "common/venue.rs"]
mod venue;

use common::{PRICE, id, intent, order};
use cws_abi::{ExecKind, IntentKind, OrderIntent, Side};
use desk::Desk;
use venue::Venue;

fn cancel(counter: u64, of: u64) -> OrderIntent {
    OrderIntent {
        orig_order_id: id(of).bits(),
        kind: IntentKind::Cancel as u8,
        quantity: 0,
        ..intent(0, &order(counter, Side::Buy, 1, PRICE))
    }
}

/// An open order of `quantity`, accepted by the venue.
fn rest(
    desk: &mut Desk,
    venue: &mut Venue,
    counter: u64,
    quantity: i64,
) -> cws_wire::ouch42::EnterOrder {
    desk.push(&order(counter, Side::Buy, quantity, PRICE));
    let enter = venue.enter();
    venue.accepted(&enter);
    while desk.execution().kind != ExecKind::Accepted as u8 {}
    enter
}

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
    desk.file_limit = Some(3000);
    desk.open_day(&mut venue);
    journal_fails(&mut desk, &mut venue);
}

/// Orders until one is refused because the journal failed; then the first order is cancelled all the same.
fn journal_fails(desk: &mut Desk, venue: &mut Venue) {
    let enter = rest(desk, venue, 1, 100);
    for counter in 2..60 {
        desk.push(&order(counter, Side::Buy, 1001, PRICE));
    }
    let status = desk.wait(|status| status["why"] == "the journal failed");
    assert_eq!(status["state"], "HALTED");
    venue.cancel_of(&enter);
    desk.push(&order(70, Side::Buy, 10, PRICE));
    while desk.execution().order_id != id(70).bits() {}
    desk.push_intent(cancel(71, 1));
    std::thread::sleep(std::time::Duration::from_millis(150));
    desk.push_intent(cancel(72, 1));
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
    let enter = rest(&mut desk, &mut venue, 1, 100);
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
    desk.push_intent(cancel(counter, 1));
    venue.cancel_of(&enter);
    desk.wait(|status| status["why"] == "the journal failed");
}
