//! R03, R17 and R21 on both sides of their bounds: an order that can exist, at a price that makes sense, made from data of now.

use crate::common::{NOW, PRICE, S, World};
use cws_abi::Terms;
use cws_risk::checks::Code;
use cws_risk::limits::UNDEFINED;

use crate::{passed, refused};

#[test]
fn r03_price_collar() {
    passed(Code::R03, |w| w.order.price = 105 * S as i64);
    refused(Code::R03, |w| w.order.price = 105 * S as i64 + 10_000_000);
    passed(Code::R03, |w| w.order.price = 95 * S as i64);
    refused(Code::R03, |w| w.order.price = 95 * S as i64 - 10_000_000);
}

#[test]
fn r03_fails_closed_without_a_usable_reference() {
    for price in [UNDEFINED, 0, -1] {
        refused(Code::R03, |w| {
            w.limits.symbols.get_mut(&1).expect("one").reference_price = price
        });
    }
    let at =
        |ns: u64| move |w: &mut World| w.limits.symbols.get_mut(&1).expect("one").reference_ns = ns;
    passed(Code::R03, at(NOW.utc_ns - 60 * S));
    refused(Code::R03, at(NOW.utc_ns - 60 * S - 1));
    passed(Code::R03, at(NOW.utc_ns));
    refused(Code::R03, at(NOW.utc_ns + 1));
    refused(Code::R03, |w| {
        at(0)(w);
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0);
    });
    let nan = crate::common::LIMITS.replace("reference_price = 100.0", "reference_price = nan");
    refused(Code::R03, |w| {
        w.limits = cws_risk::limits::Limits::parse(&nan).expect("nan is a price that nobody knows")
    });
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
fn r21_age_of_market_data() {
    let at = |ns| move |w: &mut World| w.order.ts_recv_ns = ns;
    passed(Code::R21, at(NOW.utc_ns - S));
    refused(Code::R21, at(NOW.utc_ns - S - 1));
    refused(Code::R21, at(0));
    passed(Code::R21, at(NOW.utc_ns + 1_000_000));
    refused(Code::R21, at(NOW.utc_ns + 1_000_001));
}
