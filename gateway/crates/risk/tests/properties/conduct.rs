//! R09, R10, R12 and R18 against a second statement of their rules: how a strategy behaves.

use crate::common::{NOW, PRICE, S};
use cws_abi::Side;
use cws_risk::book::Bucket;
use cws_risk::checks::Code;
use proptest::prelude::*;

use crate::judge::{agrees, world};

#[test]
fn r09() {
    // Rate, burst and messages so far, of the strategy and of the firm alike.
    let taken = || (1..20_u32, 1..100_u32, 0..30_u32);
    agrees(
        Code::R09,
        (taken(), taken(), 0..500_u64, 0..20_u32, 1..20_u32),
        |(strategy, firm, later_ms, today, most)| {
            let mut w = world(Side::Buy, 1, PRICE);
            let bucket = |(burst, rate, taken): (u32, u32, u32)| {
                let mut bucket = Bucket::full(burst, NOW.mono_ns);
                (0..taken).for_each(|_| bucket.take(rate, burst, NOW.mono_ns));
                bucket
            };
            let row = w.limits.strategies.get_mut(&1).expect("one");
            (row.message_burst, row.messages_per_s) = (strategy.0, strategy.1);
            let limits = &mut w.limits.firm;
            (limits.message_burst, limits.messages_per_s) = (firm.0, firm.1);
            limits.max_orders_a_day = most;
            w.book.meters.strategies.insert(1, bucket(strategy));
            w.book.meters.firm = Some(bucket(firm));
            w.book.orders_today = today;
            w.now.mono_ns += later_ms * 1_000_000;
            let has_token = |(burst, rate, taken): (u32, u32, u32)| {
                u64::from(burst.saturating_sub(taken)) * 1000 + later_ms * u64::from(rate) >= 1000
            };
            (w, has_token(strategy) && has_token(firm) && today < most)
        },
    );
}

#[test]
fn r10() {
    agrees(
        Code::R10,
        (0..5_u32, 0..20_u32, 0..5_u32, 0..4_u32),
        |(orders, cancels, free, ratio)| {
            let mut w = world(Side::Buy, 1, PRICE);
            let strategy = w.limits.strategies.get_mut(&1).expect("one");
            (strategy.free_cancels, strategy.max_cancel_ratio) = (free, ratio);
            (0..orders).for_each(|_| w.book.meters.count_order(1, NOW.mono_ns));
            (0..cancels).for_each(|_| w.book.meters.count_cancel(1, NOW.mono_ns));
            (w, cancels <= free + orders * ratio)
        },
    );
}

#[test]
fn r12() {
    agrees(
        Code::R12,
        (
            prop::collection::vec(0..2_000_u64, 0..20),
            1..20_u32,
            1..2_000_u32,
        ),
        |(ages_ms, max, window_ms)| {
            let mut w = world(Side::Buy, 1, PRICE);
            let mut ages = ages_ms.clone();
            ages.sort_unstable_by(|a, b| b.cmp(a));
            let order = w.order;
            ages.iter().for_each(|age| {
                w.book
                    .meters
                    .executed(&order, NOW.mono_ns - age * 1_000_000)
            });
            let strategy = w.limits.strategies.get_mut(&1).expect("one");
            (
                strategy.max_repeated_executions,
                strategy.repeated_window_ms,
            ) = (max, window_ms);
            let within = ages
                .iter()
                .filter(|age| **age <= u64::from(window_ms))
                .count();
            (w, within < max as usize)
        },
    );
}

#[test]
fn r18() {
    agrees(
        Code::R18,
        (
            90..110_i64,
            prop::collection::vec((90..110_i64, any::<bool>()), 0..5),
            any::<bool>(),
        ),
        |(mine, theirs, buys)| {
            let side = if buys { Side::Buy } else { Side::SellShort };
            let mut w = world(side, 1, mine * S as i64);
            for (at, (price, buy)) in theirs.iter().enumerate() {
                let side = if *buy { Side::Buy } else { Side::SellShort };
                w.open(1 + at as u64, side, 1, price * S as i64);
            }
            let crosses = theirs.iter().any(|(price, buy)| {
                *buy != buys && if buys { mine >= *price } else { mine <= *price }
            });
            (w, !crosses)
        },
    );
}
