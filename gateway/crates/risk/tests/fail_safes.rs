//! Fail-safes of the core: losses that no trade makes, words that nobody can read, orders without a price, restarts.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{PRICE, S, id, intent, order, parent, signed};
use cws_abi::{ExecKind, IntentKind, Side, Terms};
use cws_journal::{KillScope, ParentOrder, Trigger};
use cws_risk::book::OrderState;
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::limits::{Limits, Phase};
use cws_risk::order::Order;
use cws_risk::settings::Settings;
use cws_risk::signing::SignedLimits;
use cws_risk::status::State;
use cws_wire::ouch42::BrokenTrade;
use play::{Play, executed, records};

fn limits(play: &mut Play) -> &mut cws_risk::limits::Limits {
    &mut play.core.limits.as_mut().expect("set").limits
}

#[test]
fn what_cannot_be_read_may_be_a_trade() {
    let mut play = Play::new();
    let accepted = play::accepted(1, 100, PRICE);
    play.say(&accepted[..accepted.len() - 1]);
    assert!(play.core.status.killed_firm);
    assert_eq!(play.core.counters.unreadable, 1);
}

/// It is a position all the same, and nobody knows what else the venue gets wrong.
#[test]
fn more_than_was_ordered_is_booked_and_kills_the_firm() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 60, PRICE, 1));
    play.say(&executed(1, 60, PRICE, 1));
    assert!(
        !play.core.status.killed_firm,
        "told again is not traded again"
    );
    play.say(&executed(1, 41, PRICE, 2));
    assert!(play.core.status.killed_firm);
    assert_eq!(play.position(), 101);
}

#[test]
fn more_of_an_order_that_is_filled_kills_and_what_crossed_a_cancel_does_not() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 60, PRICE, 1));
    play.say(&play::canceled(1, 40));
    play.say(&executed(1, 40, PRICE, 2));
    assert!(!play.core.status.killed_firm);
    play.say(&executed(1, 1, PRICE, 3));
    assert!(play.core.status.killed_firm);
    assert_eq!(play.position(), 101);
}

#[test]
fn a_loss_that_no_trade_makes_kills_too() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 100, PRICE, 1));
    let mut signed = common::signed();
    signed.limits.version += 1;
    let symbol = signed.limits.symbols.get_mut(&1).expect("one");
    symbol.reference_price = 50 * S as i64;
    symbol.reference_ns = play.now.utc_ns + S;
    signed.limits.firm.max_daily_loss = 4_000 * i128::from(S);
    play.act(|core, now, fx| core.set_limits(signed, now, fx));
    assert!(play.core.status.killed_firm, "the new reference says so");
}

#[test]
fn a_trade_that_is_taken_back_may_leave_a_loss() {
    let mut play = Play::new();
    limits(&mut play).firm.max_daily_loss = 300 * i128::from(S);
    let buy = |play: &mut Play, counter: u64, price: i64| {
        play.place(&order(counter, Side::Buy, 100, price));
        play.say(&executed(counter, 100, price, counter));
    };
    buy(&mut play, 1, PRICE - 4 * S as i64);
    buy(&mut play, 2, PRICE + S as i64);
    buy(&mut play, 3, PRICE - 2 * S as i64);
    assert!(!play.core.status.killed_firm);
    let message = BrokenTrade {
        timestamp: 6,
        order_token: id(1).token(),
        match_number: 1,
        reason: b'E',
    };
    play.say(&message.to_bytes());
    assert!(play.core.status.killed_firm);
}

#[test]
fn a_market_order_leaves_as_a_limit_at_the_collar() {
    let mut play = Play::new();
    let market = |counter, side, parent_id| Order {
        parent_id,
        terms: Terms::MarketIoc,
        ..order(counter, side, 100, 0)
    };
    play.place(&market(1, Side::Buy, 1));
    play.say(&play::canceled(1, 100));
    play.place(&market(2, Side::SellShort, 3));
    let prices: Vec<i64> = play
        .sent_orders()
        .iter()
        .map(|order| order.price.nanos())
        .collect();
    assert_eq!(
        prices,
        [105 * S as i64, 95 * S as i64],
        "500/100 % around 100"
    );
    let mut symbol = common::limits().symbols[&1].clone();
    (symbol.reference_price, symbol.collar_bps) = (i64::MAX - 1, u32::MAX);
    assert_eq!(symbol.collar_edge(true), cws_risk::limits::PRICE_MAX);
    assert_eq!(symbol.collar_edge(false), symbol.tick);
    symbol.collar_bps = 0;
    assert_eq!(symbol.collar_edge(false), cws_risk::limits::PRICE_MAX);
}

fn read_again(play: &Play) -> Core {
    let mut again = Core::new(Settings::default());
    again.take_limits(signed());
    let mut fx = Effects::default();
    for record in records(&play.entries) {
        again.replay(&record, &mut fx).expect("its own journal");
    }
    again
}

#[test]
fn reducing_outlives_a_restart_until_a_person_ends_it() {
    for venue_killed in [false, true] {
        let mut play = Play::new();
        if venue_killed {
            play.act(|core, now, fx| {
                let by = ("ops", "drill");
                core.kill(KillScope::Venue, "venue", Trigger::Command, by, now, fx);
                core.rearm(KillScope::Venue, "venue", by, now, fx);
            });
        }
        play.place(&order(1, Side::Buy, 1_000, PRICE));
        if venue_killed {
            // HALTED hides it when it begins.
            play.act(|core, now, fx| {
                core.kill(
                    KillScope::Venue,
                    "venue",
                    Trigger::Command,
                    ("ops", "drill"),
                    now,
                    fx,
                );
            });
        }
        let limits = &mut play.core.limits.as_mut().expect("set").limits;
        limits.firm.reduce_at_loss = 1_000_000_000;
        play.say(&executed(1, 500, PRICE, 1));
        play.say(&executed(1, 500, PRICE - 10_000_000, 2));
        assert!(play.core.status.reducing);
        assert!(read_again(&play).status.reducing);
        play.act(|core, now, fx| {
            core.rearm(KillScope::Firm, "", ("ops", "looked"), now, fx);
        });
        assert!(!read_again(&play).status.reducing);
    }
}

/// A world with drop copy, a second of patience, and the clock's steps of a loop that runs.
fn with_drop_copy() -> Play {
    let mut play = Play::new();
    play.core.settings.drop_copy_settle_ns = S;
    play.act(|core, now, fx| core.drop_copy_up("COPY", false, now, fx));
    play.place(&order(1, Side::Buy, 100, PRICE));
    play
}

fn tenths(play: &mut Play, count: usize) {
    for _ in 0..count {
        play.later(S / 10);
        play.tick();
    }
}

#[test]
fn a_trade_that_drop_copy_does_not_tell_kills_the_firm_until_a_person_looked() {
    let mut play = with_drop_copy();
    play.say(&executed(1, 40, PRICE, 1));
    tenths(&mut play, 9);
    assert_eq!(play.state(), State::Active);
    play.drop_copy(1, &executed(1, 40, PRICE, 1));
    play.drop_copy(2, &executed(1, 40, PRICE, 1));
    tenths(&mut play, 20);
    assert_eq!(play.state(), State::Active, "told alike, and once more");
    play.say(&executed(1, 30, PRICE, 2));
    tenths(&mut play, 11);
    assert!(play.core.status.killed_firm);
    assert_eq!(play.sent_cancels(), [id(1)]);
    play.say(&play::canceled(1, 30));
    let rearm = |play: &mut Play| {
        play.act(|core, now, fx| {
            core.rearm(KillScope::Firm, "", ("ops", "looked"), now, fx);
        });
    };
    rearm(&mut play);
    tenths(&mut play, 20);
    assert_eq!(play.state(), State::Active, "this one was looked at");
    assert_eq!(play.core.drop_copy.open, 1, "and is still shown");
    play.drop_copy(3, &executed(1, 5, PRICE, 3));
    tenths(&mut play, 11);
    assert!(play.core.status.killed_firm, "another");
    rearm(&mut play);

    let mut again = Play::bare(Core::new(play.core.settings.clone()));
    again.act(|core, _, fx| {
        core.take_limits(signed());
        for record in records(&play.entries) {
            core.replay(&record, fx).expect("its own journal");
        }
    });
    again.up();
    again.act(|core, now, fx| core.drop_copy_up("COPY", false, now, fx));
    tenths(&mut again, 20);
    assert_eq!(again.core.drop_copy.open, 2);
    assert!(!again.core.status.killed_firm, "a restart forgets no look");
}

#[test]
fn only_time_in_which_both_sessions_are_heard_makes_a_difference_old() {
    let mut play = with_drop_copy();
    play.down();
    play.drop_copy(1, &executed(1, 40, PRICE, 1));
    tenths(&mut play, 20);
    assert!(!play.core.status.killed_firm);
    play.up();
    play.say(&executed(1, 40, PRICE, 1));
    play.say(&executed(1, 10, PRICE, 2));
    play.later(60 * S);
    play.tick();
    assert!(!play.core.status.killed_firm, "the loop stood still");
    tenths(&mut play, 9);
    assert!(!play.core.status.killed_firm);
    tenths(&mut play, 2);
    assert!(play.core.status.killed_firm);
}

#[test]
fn without_drop_copy_nothing_new_leaves_until_it_is_back() {
    let mut play = with_drop_copy();
    play.core.drop_copy_down();
    tenths(&mut play, 9);
    assert_eq!(play.state(), State::Active);
    tenths(&mut play, 2);
    assert_eq!(
        play.core.state(play.now),
        (State::Halted, "drop copy is not up")
    );
    play.cancel(2, 1);
    assert_eq!(play.sent_cancels(), [id(1)]);
    play.act(|core, now, fx| core.drop_copy_up("COPY", false, now, fx));
    tenths(&mut play, 1);
    assert_eq!(play.state(), State::Active);
}

/// What was open in the session before may be there or not; its numbers count from 1, and no market has opened.
#[test]
fn a_new_session_of_the_venue_has_none_of_the_orders_of_the_old_one() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&play::accepted(1, 100, PRICE));
    play.down();
    play.act(|core, now, fx| core.session_up("DAY2", true, now, fx));
    let state = |core: &Core| core.book.orders[&id(1).bits()].state;
    let is_new = |core: &Core| {
        assert_eq!(
            (core.session(), core.venue_seq(), core.status.phase),
            ("DAY2", 0, Phase::Before)
        );
    };
    is_new(&play.core);
    assert_eq!(state(&play.core), OrderState::Unknown);
    play.act(|core, now, fx| core.session_idle(now, fx));
    assert_eq!(play.last().kind, ExecKind::NotAtVenue as u8);
    assert_eq!(play.core.book.open().count(), 0);
    let again = read_again(&play);
    is_new(&again);
    assert_eq!(state(&again), state(&play.core));
}

/// Later it would cut an order that somebody then wants whole.
#[test]
fn a_cut_that_nobody_can_take_now_is_refused_and_not_remembered() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&play::accepted(1, 100, PRICE));
    play.down();
    let mut cut = intent(0, &order(2, Side::Buy, 40, PRICE));
    (cut.kind, cut.orig_order_id) = (IntentKind::Cancel as u8, id(1).bits());
    play.push(cut);
    let told = play.last();
    assert_eq!(
        (told.kind, told.order_id),
        (ExecKind::CancelRejected as u8, id(2).bits())
    );
    let sent = play.sent.len();
    play.up();
    assert_eq!(play.sent.len(), sent);
}

#[test]
fn a_parent_under_another_strategy_s_number_is_refused() {
    let mut play = Play::new();
    play.act(|core, now, fx| {
        let borrowed = ParentOrder {
            strategy: "two".into(),
            ..parent(9, Side::Buy, 100)
        };
        let refused = core
            .register(borrowed, now, fx)
            .expect_err("the number is one's");
        assert_eq!(refused.code, "CWS-RISK-010");
    });
    assert!(!play.core.book.parents.contains_key(&9));
}

#[test]
fn limits_that_renumber_what_parents_named_are_refused() {
    let play = Play::new();
    let admits = |text: String| {
        let limits = Limits::parse(&text).expect("sound limits");
        let hash = [1; 32];
        let admitted = play.core.admit_limits(&SignedLimits { limits, hash });
        admitted.map_err(|fault| fault.code)
    };
    let newer = common::LIMITS.replace("version = 1", "version = 2");
    assert_eq!(admits(newer.clone()), Ok(()));
    // The positions in AAPL are those of number 1.
    for (was, is) in [
        ("locate = 1", "locate = 2"),
        ("name = \"AAPL\"", "name = \"MSFT\""),
        ("no = 1", "no = 2"),
        ("name = \"one\"", "name = \"two\""),
    ] {
        assert_eq!(
            admits(newer.replace(was, is)),
            Err("CWS-LIMITS-007"),
            "{is}"
        );
    }
    let (firm, _) = newer.split_once("[[strategy]]").expect("rows");
    let none = format!("strategy = []\nsymbol = []\n{firm}");
    assert_eq!(admits(none), Ok(()), "what is not named is not renumbered");
}
