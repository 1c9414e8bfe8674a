//! R09, R10, R12 and R18 on both sides of their bounds: how a strategy behaves.

use crate::common::{NOW, PRICE, S, World, id};
use cws_abi::{Side, Terms};
use cws_risk::book::Bucket;
use cws_risk::checks::Code;

use crate::{passed, refused};

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
