//! What really happens to orders, case by case.

mod common;

use common::{Feed, broken, cancel, fill, id, new_order, replace, told};
use cws_abi::{ExecKind, Execution};
use cws_gateway::oms::State;

fn accepted(quantity: i64) -> Feed {
    let mut feed = Feed::new();
    assert_eq!(feed.intent(new_order(1, quantity)), None);
    assert_eq!(feed.tell(told(ExecKind::Accepted, 1)), None);
    feed
}

#[test]
fn the_straight_way() {
    let mut feed = Feed::new();
    feed.intent(new_order(1, 100));
    assert_eq!(feed.state(1), State::PendingNew);
    assert_eq!(feed.orders.awaiting(), 1);
    feed.tell(told(ExecKind::Accepted, 1));
    assert_eq!((feed.state(1), feed.orders.awaiting()), (State::New, 0));
    feed.tell(fill(1, 11, 40));
    assert_eq!(feed.state(1), State::PartiallyFilled);
    feed.tell(fill(1, 12, 60));
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Filled, [100, 0, 0, 0])
    );
}

#[test]
fn a_fill_overtakes_its_acknowledgement() {
    let mut feed = Feed::new();
    feed.intent(new_order(1, 100));
    assert_eq!(feed.tell(fill(1, 11, 40)), None);
    assert_eq!(feed.state(1), State::PartiallyFilled);
    assert_eq!(feed.tell(told(ExecKind::Accepted, 1)), None);
    assert_eq!(feed.state(1), State::PartiallyFilled);
}

#[test]
fn a_fill_after_the_cancel_was_asked_for_and_one_after_it_was_done() {
    let mut feed = accepted(100);
    feed.intent(cancel(2, 1));
    assert_eq!(feed.state(1), State::PendingCancel);
    feed.tell(fill(1, 11, 30));
    assert_eq!(
        (feed.state(1), feed.orders.awaiting()),
        (State::PendingCancel, 1)
    );
    feed.tell(told(ExecKind::Canceled, 1));
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Canceled, [30, 0, 70, 0])
    );
    assert_eq!(
        feed.tell(fill(1, 12, 20)),
        None,
        "late, but a trade is a trade"
    );
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Canceled, [50, 0, 50, 0])
    );
    feed.tell(fill(1, 13, 50));
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Filled, [100, 0, 0, 0])
    );
}

#[test]
fn a_trade_told_twice_counts_once() {
    let mut feed = accepted(100);
    feed.tell(fill(1, 11, 40));
    assert_eq!(feed.tell(fill(1, 11, 40)), None);
    assert_eq!(feed.parts(1), [40, 60, 0, 0]);
    assert_eq!(feed.orders.counters().repeated_fills, 1);
}

#[test]
fn more_than_was_ordered_is_booked_and_told() {
    let mut feed = accepted(100);
    feed.tell(fill(1, 11, 60));
    assert_eq!(feed.tell(fill(1, 12, 41)), Some("CWS-OMS-003"));
    assert_eq!(feed.parts(1), [101, 0, 0, 0]);
    assert_eq!(
        (feed.state(1), feed.orders.counters().overfills),
        (State::Filled, 1)
    );
    assert_eq!(feed.tell(fill(1, 13, 5)), Some("CWS-OMS-003"));
    assert_eq!(feed.parts(1), [106, 0, 0, 0]);
    feed.tell(broken(1, 12));
    assert_eq!(feed.parts(1), [65, 0, 0, 41]);
}

#[test]
fn a_refused_cancel_leaves_the_order_as_it_is() {
    let mut feed = accepted(100);
    feed.intent(cancel(2, 1));
    let refusal = Execution {
        orig_order_id: id(1),
        ..told(ExecKind::CancelRejected, 2)
    };
    assert_eq!(feed.tell(refusal), None);
    assert_eq!((feed.state(1), feed.orders.awaiting()), (State::New, 0));
    assert_eq!(
        feed.tell(told(ExecKind::CancelRejected, 1)),
        Some("CWS-OMS-001")
    );
    assert_eq!(feed.state(1), State::New);
}

#[test]
fn a_chain_of_replaces() {
    let mut feed = accepted(100);
    feed.intent(replace(2, 1, 100));
    assert_eq!(
        (feed.state(1), feed.state(2)),
        (State::PendingReplace, State::PendingNew)
    );
    feed.tell(fill(1, 11, 30));
    feed.tell(Execution {
        orig_order_id: id(1),
        leaves_qty: 70,
        ..told(ExecKind::Replaced, 2)
    });
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Replaced, [30, 0, 70, 0])
    );
    assert_eq!((feed.state(2), feed.parts(2)), (State::New, [0, 70, 0, 0]));
    feed.intent(replace(3, 2, 100));
    // Its size counts what the order that it names has traded, which is nothing, and not what came before that.
    let open = feed
        .orders
        .iter()
        .map(|order| order.exposure())
        .sum::<i64>();
    assert_eq!(open, 100);
    feed.tell(Execution {
        orig_order_id: id(2),
        reason: 5,
        ..told(ExecKind::RejectedByRisk, 3)
    });
    assert_eq!(
        (feed.state(2), feed.state(3)),
        (State::New, State::Rejected)
    );
    assert_eq!(feed.orders.awaiting(), 0);
    feed.tell(fill(2, 12, 70));
    assert_eq!(feed.state(2), State::Filled);
}

#[test]
fn a_replacement_that_was_over_at_once_is_not_open() {
    let mut feed = accepted(100);
    feed.intent(replace(2, 1, 120));
    feed.tell(Execution {
        orig_order_id: id(1),
        leaves_qty: 0,
        ..told(ExecKind::Replaced, 2)
    });
    assert_eq!(
        (feed.state(1), feed.state(2)),
        (State::Replaced, State::Canceled)
    );
    assert_eq!(
        feed.orders
            .iter()
            .map(|order| order.exposure())
            .sum::<i64>(),
        0
    );
}

#[test]
fn a_trade_of_the_successor_says_that_the_replace_happened() {
    let mut feed = accepted(100);
    feed.tell(fill(1, 11, 30));
    feed.intent(replace(2, 1, 100));
    feed.tell(fill(2, 12, 20));
    assert_eq!(
        (feed.state(1), feed.state(2)),
        (State::Replaced, State::PartiallyFilled)
    );
    assert_eq!(
        (feed.parts(1), feed.parts(2)),
        ([30, 0, 70, 0], [20, 50, 0, 0])
    );
    let late = Execution {
        orig_order_id: id(1),
        leaves_qty: 70,
        ..told(ExecKind::Replaced, 2)
    };
    assert_eq!(feed.tell(late), None);
    assert_eq!(feed.parts(2), [20, 50, 0, 0]);
}

#[test]
fn a_successor_that_filled_before_the_word_that_it_replaced_is_filled() {
    let mut feed = accepted(100);
    feed.intent(replace(2, 1, 100));
    assert_eq!(feed.tell(fill(2, 11, 100)), None);
    let late = Execution {
        orig_order_id: id(1),
        leaves_qty: 0,
        ..told(ExecKind::Replaced, 2)
    };
    assert_eq!(feed.tell(late), None);
    assert_eq!(
        (feed.state(1), feed.state(2)),
        (State::Replaced, State::Filled)
    );
    assert_eq!(feed.parts(2), [100, 0, 0, 0]);
    assert_eq!(feed.orders.counters().illegal, 0);
}

#[test]
fn unknown_is_resolved_either_way() {
    let mut feed = Feed::new();
    feed.intent(new_order(1, 100));
    feed.intent(new_order(2, 100));
    feed.tell(told(ExecKind::Unknown, 1));
    feed.tell(told(ExecKind::Unknown, 2));
    assert_eq!((feed.state(1), feed.orders.awaiting()), (State::Unknown, 0));
    feed.tell(told(ExecKind::NotAtVenue, 1));
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Rejected, [0, 0, 100, 0])
    );
    feed.tell(told(ExecKind::Accepted, 2));
    feed.tell(fill(2, 11, 100));
    assert_eq!(feed.state(2), State::Filled);
}
