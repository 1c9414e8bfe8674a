//! A venue that does not read, and a kill: what has not left by then never does.

use std::collections::BTreeSet;

use cws_abi::{ExecKind, OrderId, Side};
use cws_wire::ouch42::Inbound;
use serde_json::json;

use crate::common::{PRICE, id, order};
use crate::desk::Desk;
use crate::venue::Venue;

const ORDERS: u64 = 600;

/// More orders than its buffers hold, with a venue that takes none of them; all of them approved and on their way.
fn stall(desk: &mut Desk, venue: &mut Venue) {
    venue.little_room();
    desk.limits(1, |text| {
        text.replace("messages_per_s = 100\n", "messages_per_s = 100000\n")
            .replace("message_burst = 100", "message_burst = 100000")
    });
    desk.open_day(venue);
    for counter in 1..=ORDERS {
        // No two of them the same: that would be R11.
        let price = PRICE - counter as i64 % 100 * 10_000_000;
        desk.push(&order(counter, Side::Buy, 1 + counter as i64 / 100, price));
    }
    let status = desk.wait(|status| status["intents"] == ORDERS);
    assert_eq!(status["approved"], ORDERS, "{status}");
    assert!(
        status["unsent_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0),
        "{status}"
    );
}

#[test]
fn a_kill_takes_back_what_a_stalled_line_holds() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("stalled", &venue, "ack_timeout_ms = 600000");
    stall(&mut desk, &mut venue);
    let killed =
        desk.ask(&json!({"cmd": "kill", "scope": "firm", "reason": "drill", "who": "ops"}));
    assert_eq!(killed["ok"], true, "{killed}");
    let status = desk.wait(|status| status["state"] == "HALTED");
    let left = status["open_orders"].as_u64().expect("a number");
    assert!(left > 0 && left < ORDERS, "{status}");

    // The venue reads again: first the orders that had left, then their cancels, and nothing else.
    let mut entered = BTreeSet::new();
    for _ in 0..left {
        entered.insert(venue.enter().order_token);
    }
    let mut cancelled = BTreeSet::new();
    for _ in 0..left {
        match venue.order() {
            Inbound::CancelOrder(cancel) => cancelled.insert(cancel.order_token),
            other => panic!("{other:?} is no cancel"),
        };
    }
    assert_eq!(entered.len() as u64, left);
    assert_eq!(cancelled, entered);
    desk.wait(|status| status["unsent_bytes"] == 0);

    // The gateway is told of each order that stayed here, and so is the journal.
    let mut stayed = BTreeSet::new();
    while stayed.len() < (ORDERS - left) as usize {
        let told = desk.execution();
        if told.kind == ExecKind::RejectedByRisk as u8 {
            assert_eq!(told.reason, 16);
            stayed.insert(OrderId::from_bits(told.order_id).expect("an id").token());
        }
    }
    let all: BTreeSet<_> = (1..=ORDERS).map(|counter| id(counter).token()).collect();
    assert!(stayed.is_disjoint(&entered));
    assert_eq!(&stayed | &entered, all);
    desk.kill9();
    venue.hang_up();
    desk.start();
    let status = desk.status();
    assert_eq!(
        (&status["open_orders"], &status["unknown"]),
        (&json!(0), &json!(left)),
        "after the journal alone: {status}"
    );
}

#[test]
fn without_a_kill_everything_leaves_once_the_venue_reads() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("patient", &venue, "ack_timeout_ms = 600000");
    stall(&mut desk, &mut venue);
    for counter in 1..=ORDERS {
        assert_eq!(venue.enter().order_token, id(counter).token());
    }
    let status = desk.wait(|status| status["unsent_bytes"] == 0);
    assert_eq!(status["open_orders"], ORDERS);
}
