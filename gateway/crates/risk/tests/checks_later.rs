//! R14 to R23 on both sides of their bounds; `checks.rs` has those before, `checks_identity.rs` R11, R13 and R19.

mod common;

use common::{NOW, PRICE, S, World};
use cws_abi::{Side, Terms};
use cws_risk::checks::Code;
use cws_risk::limits::{Phase, Restricted, UNDEFINED};
use cws_risk::status::SessionState;

/// The order passes everything; then one change makes exactly this check refuse it.
fn refused(code: Code, change: impl FnOnce(&mut World)) {
    let mut world = World::new();
    assert_eq!(world.verdict(), None, "the world starts sound");
    change(&mut world);
    assert!(!world.passes(code), "{code} should refuse");
    assert_eq!(world.verdict(), Some(code));
}

fn passed(code: Code, change: impl FnOnce(&mut World)) {
    let mut world = World::new();
    change(&mut world);
    assert!(world.passes(code), "{code} should pass");
}

#[test]
fn r14_restricted_list() {
    let restrict =
        |rule| move |w: &mut World| w.limits.symbols.get_mut(&1).expect("one").restricted = rule;
    passed(Code::R14, restrict(Restricted::Sell));
    refused(Code::R14, restrict(Restricted::Buy));
    refused(Code::R14, restrict(Restricted::All));
    refused(Code::R14, |w| drop(w.limits.symbols.remove(&1)));
    refused(Code::R14, |w| {
        w.traded(Side::Buy, 100, PRICE);
        w.sell(Side::Sell, 100);
        restrict(Restricted::Sell)(w);
    });
}

#[test]
fn r15_short_locate() {
    passed(Code::R15, |w| w.sell(Side::SellShort, 300));
    refused(Code::R15, |w| w.sell(Side::SellShort, 301));
    let used = |w: &mut World, open| {
        w.traded(Side::SellShort, 100, PRICE);
        w.open(1, Side::SellShort, open, PRICE);
        w.sell(Side::SellShort, 100);
    };
    passed(Code::R15, |w| used(w, 100));
    refused(Code::R15, |w| used(w, 101));
    // What is short already is not there to be sold.
    refused(Code::R15, |w| {
        w.traded(Side::SellShort, 100, PRICE);
        w.sell(Side::Sell, 100);
    });
    let long = |w: &mut World, held| {
        w.traded(Side::Buy, held, PRICE);
        w.open(1, Side::Sell, 50, PRICE);
        w.sell(Side::Sell, 100);
    };
    passed(Code::R15, |w| long(w, 150));
    refused(Code::R15, |w| long(w, 149));
}

#[test]
fn r16_session_and_halt_state() {
    refused(Code::R16, |w| w.status.session = SessionState::Recovering);
    refused(Code::R16, |w| w.status.session = SessionState::Down);
    refused(Code::R16, |w| w.status.journal_failed = true);
    refused(Code::R16, |w| w.status.ring_failed = true);
    refused(Code::R16, |w| w.status.killed_firm = true);
    refused(Code::R16, |w| w.status.killed_venue = true);
    refused(Code::R16, |w| {
        assert!(w.status.killed_strategies.insert("one".into()))
    });
    passed(Code::R16, |w| {
        assert!(w.status.killed_strategies.insert("two".into()))
    });
    refused(Code::R16, |w| {
        w.limits.symbols.get_mut(&1).expect("one").halted = true
    });
    refused(Code::R16, |w| {
        assert!(w.status.halted_until.insert(1, NOW.mono_ns + 1).is_none())
    });
    passed(Code::R16, |w| {
        assert!(w.status.halted_until.insert(1, NOW.mono_ns).is_none())
    });
    let until = |ns| move |w: &mut World| w.limits.valid_until_ns = ns;
    passed(Code::R16, until(NOW.utc_ns + 1));
    refused(Code::R16, until(NOW.utc_ns));
}

#[test]
fn r16_fails_closed_without_a_heartbeat() {
    let beat = |ns| move |w: &mut World| w.status.beat_ns = ns;
    passed(Code::R16, beat(NOW.mono_ns - 50_000_000));
    refused(Code::R16, beat(NOW.mono_ns - 50_000_001));
    refused(Code::R16, beat(0));
    refused(Code::R16, beat(NOW.mono_ns + 1));
}

#[test]
fn r16_reducing_lets_only_reductions_pass() {
    refused(Code::R16, |w| w.status.reducing = true);
    let sell = |w: &mut World, open| {
        w.status.reducing = true;
        w.traded(Side::Buy, 150, PRICE);
        w.open(1, Side::Sell, open, PRICE);
        w.sell(Side::Sell, 100);
    };
    passed(Code::R16, |w| sell(w, 50));
    let mut world = World::new();
    sell(&mut world, 51);
    assert!(!world.passes(Code::R16));
}

#[test]
fn r17_tick_lot_nan_overflow() {
    let tick = 10_000_000;
    passed(Code::R17, |w| w.order.price = PRICE + tick);
    refused(Code::R17, |w| w.order.price = PRICE + tick - 1);
    refused(Code::R17, |w| w.order.quantity = 0);
    refused(Code::R17, |w| w.order.quantity = -1);
    refused(Code::R17, |w| w.order.quantity = i64::MIN);
    refused(Code::R17, |w| {
        (
            w.limits.symbols.get_mut(&1).expect("one").lot,
            w.order.quantity,
        ) = (100, 150)
    });
    passed(Code::R17, |w| {
        (
            w.limits.symbols.get_mut(&1).expect("one").lot,
            w.order.quantity,
        ) = (100, 200)
    });
    let only = |price, quantity| {
        let mut world = World::new();
        (world.order.price, world.order.quantity) = (price, quantity);
        world.passes(Code::R17)
    };
    for price in [UNDEFINED, i64::MIN, -tick, 0, 200_000_000_000_000] {
        assert!(!only(price, 100), "{price}");
    }
    assert!(only(199_999_990_000_000, 999_999));
    assert!(!only(199_999_990_000_000, 1_000_000));
    passed(Code::R17, |w| {
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0)
    });
    refused(Code::R17, |w| w.order.terms = Terms::MarketIoc);
}

#[test]
fn r18_self_match() {
    let resting = |side, price| move |w: &mut World| w.open(1, side, 10, price);
    refused(Code::R18, |w| {
        w.traded(Side::Buy, 10, PRICE);
        resting(Side::Sell, PRICE)(w);
    });
    passed(Code::R18, resting(Side::SellShort, PRICE + 1));
    passed(Code::R18, resting(Side::Buy, PRICE));
    refused(Code::R18, |w| {
        resting(Side::SellShort, PRICE + S as i64)(w);
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0);
    });
    let sale = |price| {
        move |w: &mut World| {
            w.sell(Side::SellShort, 100);
            resting(Side::Buy, price)(w);
        }
    };
    passed(Code::R18, sale(PRICE - 1));
    refused(Code::R18, sale(PRICE));
}

#[test]
fn r20_capital() {
    // The order's worst case is 10,000 at a margin of half.
    let capital = |capital: i128, lost: i64| {
        move |w: &mut World| {
            w.limits.firm.margin_bps = 5_000;
            w.limits.firm.capital = capital * i128::from(S);
            if lost > 0 {
                w.traded(Side::Buy, 1, PRICE + lost * S as i64);
                w.traded(Side::Sell, 1, PRICE);
            }
        }
    };
    passed(Code::R20, capital(5_000, 0));
    refused(Code::R20, capital(4_999, 0));
    passed(Code::R20, capital(5_010, 10));
    refused(Code::R20, capital(5_009, 10));
}

#[test]
fn r21_age_of_market_data() {
    let at = |ns| move |w: &mut World| w.order.ts_recv_ns = ns;
    passed(Code::R21, at(NOW.utc_ns - S));
    refused(Code::R21, at(NOW.utc_ns - S - 1));
    refused(Code::R21, at(0));
    passed(Code::R21, at(NOW.utc_ns + 1_000_000));
    refused(Code::R21, at(NOW.utc_ns + 1_000_001));
}

#[test]
fn r22_currency() {
    refused(Code::R22, |w| {
        w.limits.symbols.get_mut(&1).expect("one").currency = "JPY".into()
    });
    refused(Code::R22, |w| w.limits.firm.currencies = vec!["JPY".into()]);
    passed(Code::R22, |w| {
        w.limits.symbols.get_mut(&1).expect("one").currency = "JPY".into();
        w.limits.strategies.get_mut(&1).expect("one").currency = "JPY".into();
        w.limits.firm.currencies = vec!["JPY".into()];
    });
}

#[test]
fn r23_phase() {
    refused(Code::R23, |w| w.status.phase = Phase::Before);
    refused(Code::R23, |w| w.status.phase = Phase::After);
    passed(Code::R23, |w| {
        w.status.phase = Phase::Before;
        w.limits.strategies.get_mut(&1).expect("one").phases = vec![Phase::Before, Phase::Open];
    });
}
