//! Fail-safes of the core: losses that no trade makes, words that nobody can read, orders without a price, restarts.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{PRICE, S, id, order, parent, signed};
use cws_abi::{Side, Terms};
use cws_journal::{KillScope, ParentOrder, Trigger};
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::limits::Limits;
use cws_risk::order::Order;
use cws_risk::settings::Settings;
use cws_risk::signing::SignedLimits;
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
