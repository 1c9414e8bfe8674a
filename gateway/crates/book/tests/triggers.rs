//! Child, peg and quote: what they want when the book or the clock moves; executions that come late or doubled.

mod rig;

use cws_abi::{ExecKind, IntentKind, OrderId, OrderIntent, Side, Terms};
use cws_book::hot_abi::{Activity, HotAdopted, HotParent, Style};
use rig::{CENT, Rig, SECOND, add, answer, config, delete, event, parent, ready, state, tick};

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
        assert_eq!((intent.price, intent.quantity), (10_001 * CENT, 100));
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
fn time_goes_on_over_midnight() {
    const DAY: u64 = 86_400 * SECOND;
    let mut rig = Rig::new(config());
    let midnight = 20_000 * DAY;
    // The exchange's stamps begin again; when they were received says of which day they are.
    let at = |rig: &mut Rig, received: u64, stamp: u64| {
        rig.now_ns = midnight - SECOND + received;
        let stamp = stamp % DAY;
        rig.packet(&[event(stamp, b'Q'), state(stamp, 5, b'T')])
    };
    at(&mut rig, 0, DAY - SECOND);
    let (bid, ask) = (
        add(DAY - SECOND, 5, 1, Side::Buy, 500, 999_900),
        add(DAY - SECOND, 5, 2, Side::Sell, 500, 1_000_100),
    );
    rig.packet(&[bid, ask]);
    assert_eq!(rig.control.stats().event_ns, midnight - SECOND);
    let parent = HotParent {
        start_ns: midnight + SECOND,
        end_ns: midnight + 11 * SECOND,
        ..parent(Style::Child)
    };
    rig.control.set_parent(&parent).expect("sound");
    // One that was under way at midnight is of the day before.
    assert!(at(&mut rig, SECOND + 1, DAY - 1).is_empty());
    assert_eq!(rig.control.stats().event_ns, midnight - 1);
    assert_eq!(at(&mut rig, 2 * SECOND, SECOND).len(), 1, "its first slice");
    assert_eq!(rig.control.stats().event_ns, midnight + SECOND);
    // And a clock that is behind the exchange's calls nothing yesterday's.
    assert!(at(&mut rig, 0, SECOND + 1).is_empty());
    assert_eq!(rig.control.stats().event_ns, midnight + SECOND + 1);
}

#[test]
fn a_child_keeps_its_limit_price_and_takes_no_halted_or_closed_market() {
    let mut rig = ready(Style::Child);
    let limited = HotParent {
        limit_price: 10_000 * CENT,
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
        [10_000 * CENT]
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
        (9_999 * CENT, Terms::PostOnly as u8)
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
    assert_eq!((first.price, first.quantity), (9_999 * CENT, 100));
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
        (10_000 * CENT, 100),
        "30 traded and 70 open"
    );
    assert!(
        rig.packet(&[delete(at + 1, 5, 3)]).is_empty(),
        "the answer is awaited"
    );
    let mut replaced = answer(&moved, ExecKind::Replaced, 0);
    replaced.leaves_qty = 70;
    let back = rig.execution(&replaced);
    assert_eq!(back.len(), 1, "and the touch has gone back meanwhile");
    assert_eq!((back[0].price, back[0].quantity), (9_999 * CENT, 70));
    // The replacement's trade overtakes the word that it has replaced.
    rig.execution(&answer(&back[0], ExecKind::Filled, 70));
    let next = tick(&mut rig, 3 * SECOND);
    assert_eq!((next[0].kind, next[0].quantity), (1, 100));
}

#[test]
fn an_order_moves_once_in_an_instant_of_the_market() {
    let mut rig = ready(Style::Peg);
    let first = tick(&mut rig, SECOND)[0];
    rig.execution(&answer(&first, ExecKind::Accepted, 0));
    let at = 2 * SECOND;
    rig.now_ns = at;
    let moved = rig.packet(&[add(at, 5, 3, Side::Buy, 100, 1_000_000)])[0];
    let mut replaced = answer(&moved, ExecKind::Replaced, 0);
    replaced.leaves_qty = 100;
    assert!(
        rig.execution(&replaced).is_empty(),
        "it stands at the touch"
    );
    assert!(
        rig.packet(&[delete(at, 5, 3)]).is_empty(),
        "the touch moved back, and time did not move"
    );
    let back = tick(&mut rig, at + 1);
    assert_eq!(back.len(), 1);
    assert_eq!(
        (back[0].kind, back[0].price),
        (IntentKind::Replace as u8, 9_999 * CENT)
    );
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
        [(1, 9_996 * CENT, 100), (3, 10_004 * CENT, 100)],
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
    assert_eq!(seen, [(1, 9_991 * CENT, 50)]);
    let sale = rig.execution(&answer(&after[0], ExecKind::Canceled, 0));
    let seen: Vec<_> = sale.iter().map(|i| (i.side, i.price, i.quantity)).collect();
    assert_eq!(seen, [(2, 10_000 * CENT, 100)], "not through the bid");
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
fn a_parent_of_an_earlier_life_goes_on_with_what_it_had() {
    let mut rig = Rig::new(config());
    rig.now_ns = SECOND;
    rig.open_market(5);
    let order = HotAdopted {
        order_id: 42,
        price: 9_000 * CENT,
        leaves: 60,
        traded: 40,
        side: 1,
        ..HotAdopted::default()
    };
    let before = HotParent {
        filled: 940,
        adopted: [order, HotAdopted::default()],
        ..parent(Style::Peg)
    };
    rig.control.set_parent(&before).expect("sound");
    let moved = tick(&mut rig, SECOND + 1)[0];
    assert_eq!(
        (moved.kind, moved.orig_order_id),
        (IntentKind::Replace as u8, 42)
    );
    assert_eq!((moved.price, moved.quantity), (9_999 * CENT, 100));
    rig.execution(&answer(&moved, ExecKind::Filled, 60));
    rig.now_ns = SECOND + 2;
    let more = rig.packet(&[add(rig.now_ns, 5, 9, Side::Buy, 1, 1_000_000)]);
    assert!(more.is_empty(), "1,000 are traded");
}

#[test]
fn what_a_broken_trade_takes_back_is_bought_again() {
    let mut rig = ready(Style::Child);
    let mut last = OrderIntent::default();
    for at in 1..=10 {
        last = tick(&mut rig, at * SECOND)[0];
        rig.execution(&answer(&last, ExecKind::Filled, 100));
    }
    assert!(tick(&mut rig, 10 * SECOND + 1).is_empty(), "all of it");
    let again = rig.execution(&answer(&last, ExecKind::Broken, 100));
    assert_eq!(again.iter().map(|i| i.quantity).sum::<i64>(), 100);
}

/// Its size counts what it traded, whichever word came first.
#[test]
fn a_trade_of_a_replacement_may_overtake_the_word_that_it_replaced() {
    let mut rig = ready(Style::Peg);
    let first = tick(&mut rig, SECOND)[0];
    rig.execution(&answer(&first, ExecKind::Accepted, 0));
    let step = |rig: &mut Rig, at, reference, price| {
        rig.now_ns = at;
        rig.packet(&[add(at, 5, reference, Side::Buy, 100, price)])[0]
    };
    let moved = step(&mut rig, 2 * SECOND, 3, 1_000_000);
    rig.execution(&answer(&moved, ExecKind::Filled, 30));
    let mut word = answer(&moved, ExecKind::Replaced, 0);
    word.leaves_qty = 70;
    rig.execution(&word);
    let again = step(&mut rig, 3 * SECOND, 4, 1_000_050);
    assert_eq!(
        (again.orig_order_id, again.quantity),
        (moved.order_id, 100),
        "30 traded and 70 open"
    );
}
