//! Every check on both sides of its bound, and its code from the whole chain.

mod common;

use common::{NOW, PRICE, S, World, id, order};
use cws_abi::{Side, Terms};
use cws_risk::Now;
use cws_risk::book::Bucket;
use cws_risk::checks::{CHECKS, Code};
use cws_risk::limits::UNDEFINED;

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
fn the_table_is_whole_and_in_order() {
    for (at, check) in CHECKS.iter().enumerate() {
        assert_eq!(usize::from(check.code.reason()), at + 1);
        assert_eq!(check.code.to_string(), format!("R{:02}", at + 1));
    }
}

#[test]
fn r01_max_quantity() {
    passed(Code::R01, |w| w.order.quantity = 1000);
    refused(Code::R01, |w| w.order.quantity = 1001);
    let of_symbol = |w: &mut World, quantity| {
        w.limits
            .strategies
            .get_mut(&1)
            .expect("one")
            .max_order_quantity = 10_000;
        w.order.quantity = quantity;
    };
    passed(Code::R01, |w| of_symbol(w, 2000));
    refused(Code::R01, |w| of_symbol(w, 2001));
}

#[test]
fn r02_max_notional() {
    let bound = |w: &mut World, max: i128| {
        w.limits.firm.max_order_notional = max;
    };
    passed(Code::R02, |w| bound(w, 10_000 * i128::from(S)));
    refused(Code::R02, |w| bound(w, 10_000 * i128::from(S) - 1));
    let of_strategy = |w: &mut World, max: i128| {
        w.limits
            .strategies
            .get_mut(&1)
            .expect("one")
            .max_order_notional = max;
    };
    passed(Code::R02, |w| of_strategy(w, 10_000 * i128::from(S)));
    refused(Code::R02, |w| of_strategy(w, 10_000 * i128::from(S) - 1));
    // A market order counts at the collar's far end: 105 times 100.
    let market = |w: &mut World, max: i128| {
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0);
        bound(w, max);
    };
    passed(Code::R02, |w| market(w, 10_500 * i128::from(S)));
    refused(Code::R02, |w| market(w, 10_500 * i128::from(S) - 1));
}

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
    let nan = common::LIMITS.replace("reference_price = 100.0", "reference_price = nan");
    refused(Code::R03, |w| {
        w.limits = cws_risk::limits::Limits::parse(&nan).expect("nan is a price that nobody knows")
    });
}

#[test]
fn r04_share_of_adv() {
    // 10 % of 1,000,000; 100 are the order's own.
    let ours = |w: &mut World, traded: i64| {
        w.traded(Side::Buy, traded - 50_000, PRICE);
        w.traded(Side::Sell, 50_000, PRICE);
        w.limits.strategies.get_mut(&1).expect("one").max_position = i64::MAX;
    };
    passed(Code::R04, |w| ours(w, 99_900));
    refused(Code::R04, |w| ours(w, 99_901));
}

#[test]
fn r05_position_of_the_strategy() {
    passed(Code::R05, |w| w.traded(Side::Buy, 4900, PRICE));
    refused(Code::R05, |w| w.traded(Side::Buy, 4901, PRICE));
    let with_open = |w: &mut World, open| {
        w.traded(Side::Buy, 4000, PRICE);
        w.open(1, Side::Buy, open, PRICE);
    };
    passed(Code::R05, |w| with_open(w, 900));
    refused(Code::R05, |w| with_open(w, 901));
    // Above the bound, the way back is open.
    passed(Code::R05, |w| {
        w.traded(Side::Buy, 9000, PRICE);
        w.sell(Side::Sell, 100);
    });
    refused(Code::R05, |w| w.traded(Side::Buy, 9000, PRICE));
}

#[test]
fn r06_gross_and_net() {
    let gross = |w: &mut World, max: i128| w.limits.firm.max_gross_notional = max * i128::from(S);
    passed(Code::R06, |w| gross(w, 10_000));
    refused(Code::R06, |w| gross(w, 9_999));
    let net = |w: &mut World, max: i128| w.limits.firm.max_net_notional = max * i128::from(S);
    passed(Code::R06, |w| net(w, 10_000));
    refused(Code::R06, |w| net(w, 9_999));
    passed(Code::R06, |w| {
        w.traded(Side::Buy, 500, PRICE);
        gross(w, 1);
        net(w, 1);
        w.sell(Side::Sell, 100);
    });
}

#[test]
fn r07_open_orders_worst_case() {
    let open = |w: &mut World, max: i128| {
        w.open(1, Side::Buy, 200, PRICE);
        w.limits.firm.max_open_notional = max * i128::from(S);
    };
    passed(Code::R07, |w| open(w, 30_000));
    refused(Code::R07, |w| open(w, 29_999));
    // The other side is no worse than what is open already.
    passed(Code::R07, |w| {
        open(w, 1);
        w.sell(Side::SellShort, 100);
    });
}

#[test]
fn r08_daily_loss() {
    // 100 shares fall by 100 each: 10,000.
    let lose = |w: &mut World, price: i64| {
        w.traded(Side::Buy, 100, 200 * S as i64);
        w.book.exposure.set_mark(1, price, 3);
    };
    passed(Code::R08, |w| lose(w, PRICE + 1));
    refused(Code::R08, |w| lose(w, PRICE));
    let firm = |w: &mut World, price: i64| {
        w.limits.strategies.get_mut(&1).expect("one").max_daily_loss = i128::MAX;
        w.limits.firm.max_daily_loss = 10_000 * i128::from(S);
        lose(w, price);
    };
    passed(Code::R08, |w| firm(w, PRICE + 1));
    refused(Code::R08, |w| firm(w, PRICE));
}

#[test]
fn r09_message_rate() {
    let tokens = |w: &mut World, burst: u32| {
        let mut bucket = Bucket::full(burst, NOW.mono_ns);
        for _ in 0..99 {
            bucket.take(100, 100, NOW.mono_ns);
        }
        w.book.meters.strategies.insert(1, bucket);
    };
    passed(Code::R09, |w| tokens(w, 100));
    refused(Code::R09, |w| tokens(w, 99));
    passed(Code::R09, |w| {
        tokens(w, 99);
        w.now.mono_ns += S / 100;
    });
    refused(Code::R09, |w| {
        w.book.meters.firm = Some(Bucket::full(0, NOW.mono_ns))
    });
    passed(Code::R09, |w| w.book.orders_today = 999_999);
    refused(Code::R09, |w| w.book.orders_today = 1_000_000);
}

#[test]
fn r10_cancel_ratio() {
    // 3 are free, 2 for each order: 5 after one.
    let cancels = |w: &mut World, count: u32| {
        w.book.meters.count_order(1, NOW.mono_ns);
        (0..count).for_each(|_| w.book.meters.count_cancel(1, NOW.mono_ns));
    };
    passed(Code::R10, |w| cancels(w, 5));
    refused(Code::R10, |w| cancels(w, 6));
    passed(Code::R10, |w| {
        cancels(w, 6);
        w.now.mono_ns += 60 * S;
    });
    let replacing = |w: &mut World, count: u32| {
        w.open(1, Side::Buy, 50, PRICE);
        w.order.replaces = id(1).bits();
        cancels(w, count);
    };
    passed(Code::R10, |w| replacing(w, 4));
    refused(Code::R10, |w| replacing(w, 5));
}

#[test]
fn r12_repeated_executions() {
    let executed = |w: &mut World, count: u32, ago: u64| {
        let order = w.order;
        (0..count).for_each(|_| w.book.meters.executed(&order, NOW.mono_ns - ago));
    };
    passed(Code::R12, |w| executed(w, 99, 0));
    refused(Code::R12, |w| executed(w, 100, 0));
    refused(Code::R12, |w| executed(w, 100, S));
    passed(Code::R12, |w| executed(w, 100, S + 1));
}

#[test]
fn an_order_that_is_sound_passes_all() {
    let world = World::new();
    assert_eq!(world.verdict(), None);
    assert_eq!(world.now, Now { ..NOW });
    assert_eq!(world.order, order(1000, Side::Buy, 100, PRICE));
}
