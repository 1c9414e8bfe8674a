//! A replacement in doubt: whatever is said meanwhile, and in whatever order, one order rests and the hot thread knows it.

mod rig;

use cws_abi::{ExecKind, Execution, IntentKind, OrderIntent, Side};
use cws_book::hot_abi::Style;
use rig::{CENT, Rig, SECOND, add, answer, ready, tick};

/// An order of 100 rests, and the session broke with a replace of it on its way.
fn in_doubt() -> (Rig, OrderIntent, OrderIntent) {
    let mut rig = ready(Style::Peg);
    let first = tick(&mut rig, SECOND)[0];
    rig.execution(&answer(&first, ExecKind::Accepted, 0));
    let moved = step(&mut rig, 2, 1_000_000)[0];
    assert_eq!(moved.orig_order_id, first.order_id);
    assert!(
        rig.execution(&answer(&moved, ExecKind::Unknown, 0))
            .is_empty()
    );
    (rig, first, moved)
}

/// A better bid in this second.
fn step(rig: &mut Rig, second: u64, price: u32) -> Vec<OrderIntent> {
    rig.now_ns = second * SECOND;
    rig.packet(&[add(second * SECOND, 5, 10 + second, Side::Buy, 100, price)])
}

fn filled(order: &OrderIntent, shares: i64) -> Execution {
    Execution {
        orig_order_id: 0, // A trade names no other order.
        ..answer(order, ExecKind::Filled, shares)
    }
}

fn replaced(order: &OrderIntent, leaves_qty: i64) -> Execution {
    Execution {
        leaves_qty,
        ..answer(order, ExecKind::Replaced, 0)
    }
}

/// What the next move names, and its size: what that order traded and has open.
fn moves(rig: &mut Rig, order: &OrderIntent, quantity: i64) {
    let made = step(rig, 9, 1_000_050);
    let seen: Vec<_> = made
        .iter()
        .map(|i| (i.kind, i.orig_order_id, i.quantity))
        .collect();
    let replace = IntentKind::Replace as u8;
    assert_eq!(seen, [(replace, order.order_id, quantity)]);
}

#[test]
fn a_trade_of_the_old_order_leaves_its_replacement_in_doubt() {
    let (mut rig, first, _) = in_doubt();
    assert!(rig.execution(&filled(&first, 30)).is_empty());
    assert!(step(&mut rig, 3, 1_000_025).is_empty(), "nobody knows yet");
}

#[test]
fn a_replacement_that_never_was_leaves_the_old_order_after_its_trade() {
    let (mut rig, first, moved) = in_doubt();
    rig.execution(&filled(&first, 30));
    let made = rig.execution(&answer(&moved, ExecKind::NotAtVenue, 0));
    assert_eq!(
        made.len(),
        0,
        "no second order, and it moved in this instant"
    );
    moves(&mut rig, &first, 100);
}

#[test]
fn a_replacement_that_came_to_be_takes_the_place_after_a_trade_of_the_old_order() {
    let (mut rig, first, moved) = in_doubt();
    rig.execution(&filled(&first, 30));
    rig.execution(&replaced(&moved, 70));
    // What the old one traded is not of its size.
    moves(&mut rig, &moved, 70);
}

#[test]
fn a_trade_of_a_replacement_in_doubt_says_that_it_has_replaced() {
    let (mut rig, _, moved) = in_doubt();
    rig.execution(&filled(&moved, 40));
    rig.execution(&replaced(&moved, 60));
    moves(&mut rig, &moved, 100);
}

/// The word comes late, when the next replace is already out: it is not the answer to that.
#[test]
fn the_late_word_of_a_replacement_is_not_that_of_the_next() {
    let (mut rig, _, moved) = in_doubt();
    rig.execution(&filled(&moved, 40));
    let next = step(&mut rig, 3, 1_000_025)[0];
    assert!(rig.execution(&replaced(&moved, 60)).is_empty());
    assert!(
        tick(&mut rig, 4 * SECOND).is_empty(),
        "its answer is awaited"
    );
    let made = rig.execution(&answer(&next, ExecKind::RejectedByVenue, 0));
    assert_eq!(
        (made[0].orig_order_id, made[0].quantity),
        (moved.order_id, 100)
    );
}

/// A cancel of somebody else's (the kill switch's, the slow path's) is refused: the order rests on.
#[test]
fn a_refusal_of_a_foreign_request_ends_nothing() {
    let (mut rig, first, moved) = in_doubt();
    let foreign = OrderIntent {
        order_id: moved.order_id + 1_000,
        ..moved
    };
    for kind in [ExecKind::RejectedByRisk, ExecKind::CancelRejected] {
        assert!(rig.execution(&answer(&foreign, kind, 0)).is_empty());
    }
    assert!(step(&mut rig, 3, 1_000_025).is_empty(), "still in doubt");
    let made = rig.execution(&answer(&moved, ExecKind::NotAtVenue, 0));
    assert_eq!(made[0].orig_order_id, first.order_id);
    rig.execution(&answer(&foreign, ExecKind::RejectedByRisk, 0));
    assert!(step(&mut rig, 4, 1_000_030).is_empty(), "answer awaited");
    let made = rig.execution(&replaced(&made[0], 100));
    assert_eq!(
        (made.len(), made[0].price),
        (1, 10_000 * CENT + CENT * 3 / 10)
    );
}
