//! What should not happen to orders, and does.

mod common;

use common::{Feed, broken, cancel, fill, new_order, told};
use cws_abi::{ExecKind, Execution, OrderIntent, VENUE_REASON};
use cws_gateway::oms::State;

fn accepted(quantity: i64) -> Feed {
    let mut feed = Feed::new();
    assert_eq!(feed.intent(new_order(1, quantity)), None);
    assert_eq!(feed.tell(told(ExecKind::Accepted, 1)), None);
    feed
}

#[test]
fn an_order_that_the_venue_had_cannot_have_never_been_there() {
    let mut feed = accepted(100);
    feed.tell(told(ExecKind::Unknown, 1));
    assert_eq!(
        feed.tell(told(ExecKind::NotAtVenue, 1)),
        Some("CWS-OMS-002")
    );
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Unknown, [0, 100, 0, 0])
    );
}

#[test]
fn a_trade_of_a_rejected_order_is_booked_and_reported() {
    let mut feed = Feed::new();
    feed.intent(new_order(1, 100));
    feed.tell(told(ExecKind::RejectedByVenue, 1));
    assert_eq!(feed.state(1), State::Rejected);
    assert_eq!(feed.tell(fill(1, 11, 40)), Some("CWS-OMS-002"));
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Unknown, [40, 60, 0, 0])
    );
}

#[test]
fn a_trade_taken_back_before_or_after_it_was_told() {
    let mut feed = accepted(100);
    feed.tell(fill(1, 11, 100));
    assert_eq!(feed.tell(broken(1, 11)), None);
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::Canceled, [0, 0, 0, 100])
    );
    feed.tell(broken(1, 11));
    assert_eq!(feed.parts(1), [0, 0, 0, 100]);
    let mut feed = accepted(100);
    feed.tell(broken(1, 11));
    feed.tell(fill(1, 11, 40));
    assert_eq!((feed.state(1), feed.parts(1)), (State::New, [0, 60, 0, 40]));
}

#[test]
fn the_day_ends_and_time_in_force_ends() {
    let reason = VENUE_REASON + u16::from(b'E');
    let mut feed = accepted(100);
    feed.intent(new_order(2, 50));
    feed.tell(told(ExecKind::Unknown, 2));
    feed.tell(Execution {
        reason,
        order_id: 0,
        ..told(ExecKind::SessionEvent, 1)
    });
    assert_eq!(
        (feed.state(1), feed.state(2)),
        (State::Expired, State::Unknown)
    );
    let mut feed = accepted(100);
    feed.tell(Execution {
        reason,
        ..told(ExecKind::Canceled, 1)
    });
    assert_eq!(feed.state(1), State::DoneForDay);
    let mut feed = accepted(100);
    let reason = VENUE_REASON + u16::from(b'T');
    feed.tell(Execution {
        reason,
        ..told(ExecKind::Canceled, 1)
    });
    assert_eq!(feed.state(1), State::Expired);
}

#[test]
fn a_part_is_cancelled() {
    let mut feed = accepted(100);
    feed.intent(cancel(2, 1));
    feed.tell(Execution {
        leaves_qty: 40,
        ..told(ExecKind::Canceled, 1)
    });
    assert_eq!((feed.state(1), feed.parts(1)), (State::New, [0, 40, 60, 0]));
    feed.tell(fill(1, 11, 40));
    assert_eq!(feed.state(1), State::Filled);
}

#[test]
fn a_halt_suspends_what_rests() {
    let mut feed = accepted(100);
    feed.orders.halt(1, true);
    assert_eq!(feed.state(1), State::Suspended);
    feed.orders.halt(2, false);
    assert_eq!(feed.state(1), State::Suspended);
    feed.orders.halt(1, false);
    assert_eq!(feed.state(1), State::New);
}

#[test]
fn strangers_nonsense_and_repeated_records() {
    let mut feed = Feed::new();
    assert_eq!(
        feed.tell(told(ExecKind::CancelRejected, 9)),
        Some("CWS-OMS-004")
    );
    let nonsense = Execution {
        kind: 99,
        ..told(ExecKind::Filled, 1)
    };
    assert_eq!(feed.tell(nonsense), Some("CWS-OMS-006"));
    let told_before = Execution {
        seq: 1,
        ..fill(1, 1, 1)
    };
    assert_eq!(feed.orders.apply_execution(&told_before).note, None);
    assert_eq!(feed.orders.counters().repeated_records, 1);
    assert_eq!(
        feed.intent(OrderIntent {
            side: 9,
            ..new_order(1, 1)
        }),
        Some("CWS-OMS-005")
    );
}

#[test]
fn an_order_of_an_earlier_life_is_adopted() {
    let mut feed = Feed::new();
    let fill = Execution {
        cum_qty: 40,
        leaves_qty: 60,
        ..fill(1, 11, 40)
    };
    assert_eq!(feed.tell(fill), None);
    assert_eq!(
        (feed.state(1), feed.parts(1)),
        (State::PartiallyFilled, [40, 60, 0, 0])
    );
}

#[test]
fn a_corrected_price_moves_money_and_no_share() {
    let mut feed = accepted(100);
    feed.tell(fill(1, 11, 60));
    let notional = |feed: &Feed| {
        let order = feed.orders.get(common::id(1)).expect("known");
        order.notional() / 1_000_000_000
    };
    let correction = Execution {
        exec_id: 11,
        price: 9_000_000_000,
        ..told(ExecKind::Corrected, 1)
    };
    assert_eq!(notional(&feed), 600);
    assert_eq!(feed.tell(correction), None);
    assert_eq!(
        (notional(&feed), feed.parts(1), feed.state(1)),
        (540, [60, 40, 0, 0], State::PartiallyFilled)
    );
    feed.tell(broken(1, 11));
    feed.tell(correction);
    assert_eq!((notional(&feed), feed.parts(1)), (0, [0, 40, 0, 60]));
}
