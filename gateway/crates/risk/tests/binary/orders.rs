//! The process itself: orders out, executions back, and everything that can break in between.

use crate::common::{PRICE, id, order};
use crate::desk::{Desk, price4};
use crate::venue::Venue;
use cws_abi::{ExecKind, Side};
use serde_json::json;

#[test]
fn an_order_goes_out_and_its_trades_come_back() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("out", &venue, "");
    desk.open_day(&mut venue);
    assert_eq!(desk.expect(ExecKind::SessionEvent).venue_seq, 1);
    desk.push(&order(1, Side::Buy, 100, PRICE));
    let enter = venue.enter();
    assert_eq!(
        (enter.order_token, enter.shares, enter.price),
        (id(1).token(), 100, price4(PRICE))
    );
    assert_eq!(
        (&enter.stock, &enter.firm, enter.display),
        (b"AAPL    ", b"CWS ", b'Y')
    );
    venue.accepted(&enter);
    let accepted = desk.expect(ExecKind::Accepted);
    assert_eq!(
        (
            accepted.order_id,
            accepted.parent_id,
            accepted.leaves_qty,
            accepted.venue_seq
        ),
        (id(1).bits(), 1, 100, 2)
    );
    venue.executed(&enter, 40, 77);
    let filled = desk.expect(ExecKind::Filled);
    assert_eq!(
        (
            filled.exec_id,
            filled.last_qty,
            filled.cum_qty,
            filled.leaves_qty
        ),
        (77, 40, 40, 60)
    );
    venue.executed(&enter, 40, 77);
    let repeated = desk.expect(ExecKind::SessionEvent);
    assert_eq!(
        repeated.venue_seq, 4,
        "a repeated trade is accounted for and booked once"
    );
    desk.cancel(2, 1);
    venue.cancel_of(&enter);
    venue.canceled(&enter, 60);
    let canceled = desk.expect(ExecKind::Canceled);
    assert_eq!(
        (
            canceled.order_id,
            canceled.orig_order_id,
            canceled.leaves_qty
        ),
        (id(1).bits(), id(2).bits(), 0)
    );
    let positions = desk.ask(&json!({"cmd": "positions"}));
    assert_eq!(positions["positions"][0]["position"], 40, "{positions}");
    desk.push(&order(3, Side::Buy, 1001, PRICE));
    assert_eq!(desk.expect(ExecKind::RejectedByRisk).reason, 1);
    let status = desk.status();
    assert_eq!(
        (
            &status["approved"],
            &status["refused"]["R01"],
            &status["fills"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
}

#[test]
fn kill_9_loses_nothing_and_sends_nothing_twice() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("kill9", &venue, "");
    desk.open_day(&mut venue);
    let first = desk.rest(&mut venue, 1, 100);
    desk.push(&order(2, Side::Buy, 50, PRICE));
    let second = venue.enter();
    desk.kill9();
    venue.hang_up();
    venue.accepted(&second);
    venue.executed(&first, 30, 5);
    desk.push(&order(3, Side::Buy, 10, PRICE));
    desk.start();
    venue.accept();
    assert_eq!(
        venue.asked_from, 3,
        "the start of the day and one acknowledgement were seen"
    );
    assert_eq!(desk.expect(ExecKind::Unknown).order_id, id(2).bits());
    // What was asked while nobody was logged in is refused, not kept for later.
    let mut kinds = Vec::new();
    for _ in 0..3 {
        kinds.push(desk.execution().kind);
    }
    kinds.sort_unstable();
    let expected = [
        ExecKind::Accepted,
        ExecKind::RejectedByRisk,
        ExecKind::Filled,
    ]
    .map(|kind| kind as u8);
    assert_eq!(kinds, expected);
    venue.heartbeat();
    desk.wait(|status| status["state"] == "ACTIVE");
    let open = desk.ask(&json!({"cmd": "open_orders"}));
    assert_eq!(open["count"], 2, "{open}");
    assert_eq!(open["open_orders"][0]["leaves_qty"], 70);
    desk.push(&order(4, Side::Buy, 11, PRICE));
    assert_eq!(
        venue.enter().order_token,
        id(4).token(),
        "order 2 was not sent again"
    );
}

#[test]
fn a_broken_session_makes_unknown_and_replay_resolves() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("unknown", &venue, "");
    desk.open_day(&mut venue);
    desk.expect(ExecKind::SessionEvent);
    desk.push(&order(1, Side::Buy, 100, PRICE));
    desk.push(&order(2, Side::Buy, 50, PRICE));
    let kept = venue.enter();
    venue.enter();
    venue.hang_up();
    desk.expect(ExecKind::Unknown);
    desk.expect(ExecKind::Unknown);
    assert_eq!(desk.status()["unknown"], 2);
    desk.push(&order(3, Side::Buy, 10, PRICE));
    assert_eq!(desk.expect(ExecKind::RejectedByRisk).reason, 16);
    venue.accepted(&kept);
    venue.accept();
    assert_eq!(desk.expect(ExecKind::Accepted).order_id, id(1).bits());
    venue.heartbeat();
    assert_eq!(desk.expect(ExecKind::NotAtVenue).order_id, id(2).bits());
    desk.wait(|status| status["state"] == "ACTIVE" && status["unknown"] == 0);
}

#[test]
fn a_kill_cancels_everything_and_only_a_person_re_arms() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("kill", &venue, "");
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    let nobody = desk.ask(&json!({"cmd": "kill", "scope": "firm", "reason": "drill"}));
    assert_eq!(nobody["code"], "CWS-RISK-003", "{nobody}");
    let killed =
        desk.ask(&json!({"cmd": "kill", "scope": "firm", "reason": "drill", "who": "ops"}));
    assert_eq!(
        (&killed["ok"], &killed["cancels"], &killed["state"]),
        (&json!(true), &json!(1), &json!("HALTED"))
    );
    venue.cancel_of(&enter);
    desk.push(&order(2, Side::Buy, 50, PRICE));
    assert_eq!(desk.expect(ExecKind::RejectedByRisk).reason, 16);
    desk.kill9();
    venue.hang_up();
    desk.start();
    venue.accept();
    venue.cancel_of(&enter);
    venue.canceled(&enter, 100);
    desk.expect(ExecKind::Canceled);
    venue.heartbeat();
    let status = desk.wait(|status| status["session"]["state"] == "Up");
    assert_eq!(status["why"], "firm killed", "a kill outlives a restart");
    let rearmed = desk.ask(&json!({"cmd": "rearm", "scope": "firm", "who": "ops", "reason": ""}));
    assert_eq!(rearmed["code"], "CWS-RISK-003");
    let rearmed =
        desk.ask(&json!({"cmd": "rearm", "scope": "firm", "who": "ops", "reason": "drill over"}));
    assert_eq!(rearmed["ok"], true, "{rearmed}");
    desk.wait(|status| status["state"] == "ACTIVE");
}
