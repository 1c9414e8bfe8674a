//! What weeks of a desk leave behind: nothing that grows with them, and nothing forgotten that a check must know.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{PRICE, S, id, order, parent, signed};
use cws_abi::Side;
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::order::Order;
use cws_risk::settings::Settings;
use play::{Play, canceled, executed, records};

const DAY_NS: u64 = 86_400 * S;

/// A world in which neither rates nor clocks are in the way.
fn patient() -> Play {
    let mut play = Play::new();
    let limits = &mut play.core.limits.as_mut().expect("set").limits;
    limits.valid_until_ns = u64::MAX;
    limits.firm.max_reference_age_s = u32::MAX;
    limits.firm.messages_per_s = u32::MAX;
    limits.firm.message_burst = u32::MAX;
    let strategy = limits.strategies.get_mut(&1).expect("one");
    (strategy.messages_per_s, strategy.message_burst) = (u32::MAX, u32::MAX);
    (strategy.max_position, strategy.duplicate_window_ms) = (1_000_000, 1_000);
    play
}

fn next_day(play: &mut Play) {
    play.later(DAY_NS);
    play.tick();
}

#[test]
fn the_same_order_is_a_duplicate_behind_any_number_of_others() {
    let mut play = patient();
    let nth = |counter: u64| {
        let cents = (counter % 5_000) as i64 % 400;
        order(
            counter,
            Side::Buy,
            1 + (counter % 5_000) as i64 / 400,
            PRICE - cents * 10_000_000,
        )
    };
    for counter in 1..=4_999 {
        play.place(&nth(counter));
    }
    assert_eq!(play.sent.len(), 4_999);
    play.place(&nth(5_001));
    assert_eq!(play.last().reason, 11, "as order 1, which left just now");
    play.later(S);
    play.place(&nth(5_002));
    assert_eq!(play.sent.len(), 5_000, "the window is over");
}

#[test]
fn no_id_comes_twice_however_long_ago_it_was_used() {
    let mut play = patient();
    for counter in 1..=3 {
        play.place(&order(counter, Side::Buy, counter as i64, PRICE));
        play.say(&canceled(counter, counter as u32));
    }
    next_day(&mut play);
    assert_eq!(play.core.book.orders.len(), 3, "of yesterday");
    next_day(&mut play);
    assert_eq!(play.core.book.orders.len(), 0);
    play.place(&order(2, Side::Buy, 50, PRICE));
    assert_eq!(play.last().reason, 11);
    play.act(|core, now, fx| {
        let today = parent(20, Side::Buy, 100);
        core.register(today, now, fx).expect("sound");
    });
    play.place(&Order {
        parent_id: 20,
        ..order(4, Side::Buy, 50, PRICE)
    });
    assert_eq!(play.sent_orders().len(), 4);
}

#[test]
fn a_parent_that_is_over_is_forgotten_and_never_another() {
    let mut play = patient();
    let asked = |id: u64, end_ns: u64| cws_journal::ParentOrder {
        end_ns,
        ..parent(id, Side::Buy, 100)
    };
    let far = play.now.utc_ns + 30 * DAY_NS;
    for (id, end_ns) in [(10, 0), (11, far), (12, 0), (13, 1)] {
        play.act(|core, now, fx| core.register(asked(id, end_ns), now, fx).expect("sound"));
    }
    let child = |counter: u64, parent_id: u64, quantity: i64| Order {
        parent_id,
        ..order(counter, Side::Buy, quantity, PRICE)
    };
    play.place(&child(1, 10, 60));
    play.say(&executed(1, 60, PRICE, 1));
    play.place(&child(2, 12, 60));
    next_day(&mut play);
    play.place(&child(3, 10, 41));
    assert_eq!(play.last().reason, 13, "60 of 100 are traded");
    next_day(&mut play);
    next_day(&mut play);
    let known = |core: &Core| [10, 11, 12, 13].map(|id| core.book.parents.contains_key(&id));
    // 11 has time left, 12 an order out.
    assert_eq!(known(&play.core), [false, true, true, false]);
    play.place(&child(4, 10, 1));
    assert_eq!(play.last().reason, 13);
    let mut fx = Effects::default();
    let again = play.core.register(asked(10, 0), play.now, &mut fx);
    assert_eq!(again.expect_err("traded already").code, "CWS-RISK-011");
    play.place(&child(5, 12, 41));
    assert_eq!(play.last().reason, 13, "60 of 100 are out");

    let mut life = Core::new(Settings::default());
    life.take_limits(signed());
    for record in records(&play.entries) {
        life.replay(&record, &mut fx).expect("its own journal");
    }
    assert_eq!(known(&life), known(&play.core));
    assert_eq!(life.book.parents, play.core.book.parents);
    assert_eq!(life.book.past_parents, play.core.book.past_parents);
    assert!(!life.book.is_new(id(2)) && life.book.is_new(id(6)));
}
