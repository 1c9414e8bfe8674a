//! The pre-check, a full ring, orders that are refused, die at once or are in doubt, parents out of range.

mod rig;

use cws_abi::{ExecKind, Side};
use cws_book::hot::HotError;
use cws_book::hot_abi::{HotConfig, HotParent, Refusal, Style};
use rig::{CENT, Rig, SECOND, add, answer, config, parent, ready, tick};

#[test]
fn an_order_that_dies_at_once_does_not_go_round_in_circles() {
    let mut rig = ready(Style::Child);
    let made = tick(&mut rig, SECOND);
    rig.execution(&answer(&made[0], ExecKind::Accepted, 0));
    let mut death = answer(&made[0], ExecKind::Canceled, 0);
    death.leaves_qty = 0;
    assert!(
        rig.execution(&death).is_empty(),
        "nothing again for the same packet"
    );
    assert!(
        tick(&mut rig, SECOND + 1).is_empty(),
        "nor for another symbol's"
    );
    let at = SECOND + 2;
    rig.now_ns = at;
    assert_eq!(
        rig.packet(&[add(at, 5, 3, Side::Buy, 1, 999_800)]).len(),
        1,
        "the book moved"
    );
}

#[test]
fn the_pre_check_refuses_and_counts() {
    let refused = |config: HotConfig, parent: &HotParent, refusal: Refusal| {
        let mut rig = Rig::with_ring(config, 2);
        rig.open_market(5);
        rig.control.set_parent(parent).expect("sound");
        let made = tick(&mut rig, SECOND);
        (made.len(), rig.control.stats().by_refusal[refusal as usize])
    };
    let small = HotConfig {
        max_quantity: 99,
        ..config()
    };
    assert_eq!(
        refused(small, &parent(Style::Child), Refusal::Quantity),
        (0, 1)
    );
    let tight = HotConfig {
        collar_ppm: 100,
        ..config()
    };
    let wide = HotParent {
        half_spread: 100 * CENT,
        ..parent(Style::Quote)
    };
    assert_eq!(refused(tight, &wide, Refusal::Collar), (0, 2));
    let slow = HotConfig {
        rate_per_s: 1,
        burst: 1,
        ..config()
    };
    let near = HotParent {
        half_spread: 2 * CENT,
        ..parent(Style::Quote)
    };
    assert_eq!(
        refused(slow, &near, Refusal::Rate),
        (1, 1),
        "one of the two sides"
    );
}

#[test]
fn a_slow_consumer_fills_the_ring_and_the_refused_slice_comes_later() {
    let mut rig = Rig::with_ring(config(), 1);
    rig.open_market(5);
    rig.control
        .set_parent(&parent(Style::Child))
        .expect("sound");
    let quote = HotParent {
        parent_id: 78,
        half_spread: 2 * CENT,
        ..parent(Style::Quote)
    };
    rig.control.set_parent(&quote).expect("sound");
    assert_eq!(tick(&mut rig, SECOND).len(), 1, "room for one of three");
    assert_eq!(
        rig.control.stats().by_refusal[Refusal::RingFull as usize],
        2
    );
    assert_eq!(
        tick(&mut rig, SECOND + 1).len(),
        1,
        "the next message finds room"
    );
    assert_eq!(tick(&mut rig, SECOND + 2).len(), 1);
    assert!(tick(&mut rig, SECOND + 3).is_empty());
}

#[test]
fn a_parent_that_is_refused_again_and_again_stops() {
    let mut rig = ready(Style::Child);
    let mut sent = 0;
    for at in 0..100 {
        rig.now_ns = SECOND + at;
        let message = add(rig.now_ns, 5, 10 + at, Side::Buy, 1, 990_000);
        for intent in rig.packet(&[message]) {
            sent += 1;
            rig.execution(&answer(&intent, ExecKind::RejectedByRisk, 0));
        }
    }
    assert_eq!((sent, rig.control.stats().stopped_parents), (8, 1));
}

#[test]
fn an_order_in_doubt_is_never_sent_again_until_it_is_resolved() {
    let mut rig = ready(Style::Peg);
    let first = tick(&mut rig, SECOND)[0];
    rig.execution(&answer(&first, ExecKind::Unknown, 0));
    let at = 2 * SECOND;
    rig.now_ns = at;
    assert!(
        rig.packet(&[add(at, 5, 3, Side::Buy, 1, 1_000_000)])
            .is_empty()
    );
    let again = rig.execution(&answer(&first, ExecKind::NotAtVenue, 0));
    assert_eq!((again[0].kind, again[0].price), (1, 10_000 * CENT));
    assert_ne!(again[0].order_id, first.order_id);
}

#[test]
fn a_parent_out_of_range_has_a_code_and_slots_end() {
    let mut rig = Rig::new(HotConfig {
        parents: 1,
        ..config()
    });
    let wrong = HotParent {
        symbol: 51,
        ..parent(Style::Peg)
    };
    let error = rig.control.set_parent(&wrong).expect_err("50 symbols");
    assert!(error.to_string().contains("CWS-HOT-003"), "{error}");
    rig.control
        .set_parent(&parent(Style::Peg))
        .expect("the only slot");
    let other = HotParent {
        parent_id: 78,
        ..parent(Style::Peg)
    };
    assert!(matches!(
        rig.control.set_parent(&other),
        Err(HotError::ParentsFull)
    ));
    assert!(HotError::ParentsFull.to_string().contains("CWS-HOT-002"));
}

#[test]
fn a_crossed_book_moves_nobody_and_a_lying_cursor_stops_nobody() {
    let mut rig = ready(Style::Child);
    rig.lying_cursor(1 << 40);
    rig.now_ns = SECOND;
    let crossed = add(SECOND, 5, 3, Side::Buy, 100, 1_000_100);
    assert!(rig.packet(&[crossed]).is_empty());
    rig.lying_cursor(1 << 40);
    let packet = rig::packet(rig.sequence, &[rig::delete(SECOND, 5, 3)]);
    assert_eq!(rig.hot.step(&packet, SECOND), 1);
}
