//! R14, R15, R16, R22 and R23 on both sides of their bounds: is it allowed, here and now.

use crate::common::{NOW, PRICE, World};
use cws_abi::Side;
use cws_risk::checks::Code;
use cws_risk::limits::{Phase, Restricted};
use cws_risk::status::SessionState;

use crate::{passed, refused};

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
