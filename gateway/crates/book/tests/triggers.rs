//! Child, peg and quote; the pre-check; refusals; executions that come late or doubled.

mod rig;

use cws_abi::{ExecKind, IntentKind, OrderId, OrderIntent, Side, Terms};
use cws_book::hot::HotError;
use cws_book::hot_abi::{Activity, HotConfig, HotParent, Refusal, Style};
use rig::{CENT, Rig, SECOND, add, answer, config, delete, event, parent, state};

fn ready(style: Style) -> Rig {
    let mut rig = Rig::new(config());
    rig.now_ns = SECOND / 2;
    rig.open_market(5);
    rig.control.set_parent(&parent(style)).expect("sound");
    rig
}

/// A message of another symbol: the clock moves, the parent's book does not.
fn tick(rig: &mut Rig, at: u64) -> Vec<OrderIntent> {
    rig.now_ns = at;
    rig.packet(&[state(at, 9, b'T')])
}

#[test]
fn a_child_takes_the_touch_slice_by_slice_and_stops_at_its_end() {
    let mut rig = ready(Style::Child);
    assert!(
        tick(&mut rig, SECOND - 1).is_empty(),
        "not before its start"
    );
    let mut sent = 0;
    for at in 0..10 {
        let made = tick(&mut rig, (1 + at) * SECOND);
        assert_eq!(made.len(), 1, "one slice at second {at}");
        let intent = made[0];
        assert_eq!(intent.seq, at + 1);
        assert_eq!(
            (intent.parent_id, intent.symbol, intent.strategy),
            (77, 5, 3)
        );
        assert_eq!((intent.price, intent.quantity), (100_01 * CENT, 100));
        assert_eq!(
            (intent.kind, intent.terms, intent.side),
            (1, Terms::LimitIoc as u8, 1)
        );
        assert_eq!((intent.version, intent.ts_recv_ns), (1, (1 + at) * SECOND));
        let id = OrderId::from_bits(intent.order_id).expect("a sound id");
        assert_eq!((id.region(), id.epoch(), id.counter()), (b'A', 0, at + 1));
        sent += intent.quantity;
        assert!(
            tick(&mut rig, (1 + at) * SECOND + SECOND / 2).is_empty(),
            "one at a time"
        );
        assert!(
            rig.execution(&answer(&intent, ExecKind::Accepted, 0))
                .is_empty()
        );
        assert!(
            rig.execution(&answer(&intent, ExecKind::Filled, 100))
                .is_empty()
        );
    }
    assert_eq!(sent, 1_000);
    assert!(tick(&mut rig, 10 * SECOND + SECOND / 2).is_empty());
    assert!(tick(&mut rig, 12 * SECOND).is_empty());
}

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
    let at = SECOND + 1;
    rig.now_ns = at;
    assert_eq!(
        rig.packet(&[add(at, 5, 3, Side::Buy, 1, 999_800)]).len(),
        1,
        "the book moved"
    );
}

#[test]
fn a_child_keeps_its_limit_price_and_takes_no_halted_or_closed_market() {
    let mut rig = ready(Style::Child);
    let limited = HotParent {
        limit_price: 100_00 * CENT,
        ..parent(Style::Child)
    };
    rig.control.set_parent(&limited).expect("sound");
    assert!(
        tick(&mut rig, SECOND).is_empty(),
        "100.01 is worse than 100.00"
    );
    let at = SECOND + 1;
    rig.now_ns = at;
    let halted = [
        state(at, 5, b'H'),
        add(at, 5, 3, Side::Sell, 100, 1_000_000),
    ];
    assert!(rig.packet(&halted).is_empty());
    assert!(
        rig.packet(&[event(at, b'M'), state(at, 5, b'T')])
            .is_empty()
    );
    let made = rig.packet(&[event(at, b'Q')]);
    assert_eq!(
        made.iter().map(|i| i.price).collect::<Vec<_>>(),
        [100_00 * CENT]
    );
}

#[test]
fn a_passive_child_rests_at_the_touch_and_is_pulled_at_its_end() {
    let mut rig = Rig::new(config());
    rig.open_market(5);
    rig.control
        .set_parent(&HotParent {
            passive: 1,
            ..parent(Style::Child)
        })
        .expect("sound");
    let made = tick(&mut rig, SECOND);
    assert_eq!(
        (made[0].price, made[0].terms),
        (99_99 * CENT, Terms::PostOnly as u8)
    );
    rig.execution(&answer(&made[0], ExecKind::Accepted, 0));
    assert!(tick(&mut rig, 3 * SECOND).is_empty(), "one order at a time");
    let cancel = tick(&mut rig, 11 * SECOND);
    assert_eq!(
        (cancel[0].kind, cancel[0].orig_order_id),
        (IntentKind::Cancel as u8, made[0].order_id)
    );
    assert_eq!(cancel[0].quantity, 0, "nothing is to stay");
    assert!(tick(&mut rig, 12 * SECOND).is_empty());
}

#[test]
fn a_peg_follows_the_best_bid_and_counts_what_traded() {
    let mut rig = ready(Style::Peg);
    let first = tick(&mut rig, SECOND)[0];
    assert_eq!((first.price, first.quantity), (99_99 * CENT, 100));
    // A fill may come before the acknowledgement.
    rig.execution(&answer(&first, ExecKind::Filled, 30));
    let mut late = answer(&first, ExecKind::Accepted, 0);
    late.leaves_qty = 70;
    rig.execution(&late);
    let at = 2 * SECOND;
    rig.now_ns = at;
    let moved = rig.packet(&[add(at, 5, 3, Side::Buy, 100, 1_000_000)])[0];
    assert_eq!(
        (moved.kind, moved.orig_order_id),
        (IntentKind::Replace as u8, first.order_id)
    );
    assert_eq!(
        (moved.price, moved.quantity),
        (100_00 * CENT, 100),
        "30 traded and 70 open"
    );
    assert!(
        rig.packet(&[delete(at, 5, 3)]).is_empty(),
        "the answer is awaited"
    );
    let mut replaced = answer(&moved, ExecKind::Replaced, 0);
    replaced.leaves_qty = 70;
    let back = rig.execution(&replaced);
    assert_eq!(back.len(), 1, "and the touch has gone back meanwhile");
    assert_eq!((back[0].price, back[0].quantity), (99_99 * CENT, 70));
    // The replacement's trade overtakes the word that it has replaced.
    rig.execution(&answer(&back[0], ExecKind::Filled, 70));
    let next = tick(&mut rig, 3 * SECOND);
    assert_eq!((next[0].kind, next[0].quantity), (1, 100));
}

#[test]
fn a_quote_stands_on_both_sides_and_leans_away_from_its_position() {
    let mut rig = Rig::new(config());
    rig.now_ns = SECOND;
    rig.open_market(5);
    let quote = HotParent {
        quantity: 150,
        half_spread: 4 * CENT,
        skew: CENT / 20,
        requote: CENT,
        ..parent(Style::Quote)
    };
    rig.control.set_parent(&quote).expect("sound");
    let made = tick(&mut rig, SECOND + 1);
    let seen: Vec<_> = made.iter().map(|i| (i.side, i.price, i.quantity)).collect();
    assert_eq!(
        seen,
        [(1, 99_96 * CENT, 100), (3, 100_04 * CENT, 100)],
        "nothing held: short"
    );
    for intent in &made {
        rig.execution(&answer(intent, ExecKind::Accepted, 0));
    }
    // 100 bought: the sale is no longer short, and says so by a new order; the bid comes back with the next packet.
    let after = rig.execution(&answer(&made[0], ExecKind::Filled, 100));
    let seen: Vec<_> = after.iter().map(|i| (i.kind, i.side)).collect();
    assert_eq!(seen, [(IntentKind::Cancel as u8, 3)]);
    // The centre is five cents lower, and 50 more may be bought.
    let bid = tick(&mut rig, SECOND + 2);
    let seen: Vec<_> = bid.iter().map(|i| (i.side, i.price, i.quantity)).collect();
    assert_eq!(seen, [(1, 99_91 * CENT, 50)]);
    let sale = rig.execution(&answer(&after[0], ExecKind::Canceled, 0));
    let seen: Vec<_> = sale.iter().map(|i| (i.side, i.price, i.quantity)).collect();
    assert_eq!(seen, [(2, 100_00 * CENT, 100)], "not through the bid");
    // Without a bid there is no middle: everything is pulled.
    rig.execution(&answer(&bid[0], ExecKind::Accepted, 0));
    rig.execution(&answer(&sale[0], ExecKind::Accepted, 0));
    rig.now_ns = SECOND + 3;
    let pulled = rig.packet(&[delete(rig.now_ns, 5, 1)]);
    assert!(pulled.len() == 2 && pulled.iter().all(|i| i.kind == IntentKind::Cancel as u8));
}

#[test]
fn stopping_cancels_what_rests_and_sends_nothing_new() {
    let mut rig = ready(Style::Peg);
    let first = tick(&mut rig, SECOND)[0];
    rig.execution(&answer(&first, ExecKind::Accepted, 0));
    let stop = HotParent {
        activity: Activity::Stopping as u8,
        ..parent(Style::Peg)
    };
    rig.control.set_parent(&stop).expect("sound");
    assert_eq!(rig.hot.idle(rig.now_ns), 1);
    let cancel = rig.taken()[0];
    assert_eq!(cancel.kind, IntentKind::Cancel as u8);
    // Too late: it traded.
    rig.execution(&answer(&first, ExecKind::Filled, 100));
    let mut rejected = answer(&cancel, ExecKind::CancelRejected, 0);
    rejected.orig_order_id = first.order_id;
    assert!(rig.execution(&rejected).is_empty());
    assert!(tick(&mut rig, 2 * SECOND).is_empty());
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
    assert_eq!((again[0].kind, again[0].price), (1, 100_00 * CENT));
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
