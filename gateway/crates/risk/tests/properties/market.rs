//! R03, R17 and R21 against a second statement of their rules: an order that can exist, at a price that makes sense, made from data of now.

use crate::common::{NOW, PRICE, S};
use cws_abi::Side;
use cws_risk::checks::Code;
use proptest::prelude::*;

use crate::judge::{TICK, agrees, around, world};

#[test]
fn r03() {
    agrees(
        Code::R03,
        (around(PRICE), 0..2_000_u32, around(60 * S as i64)),
        |(price, collar, age)| {
            let mut w = world(Side::Buy, 100, price.max(1));
            let symbol = w.limits.symbols.get_mut(&1).expect("one");
            (symbol.collar_bps, symbol.reference_ns) = (collar, NOW.utc_ns - age.max(0) as u64);
            let band = PRICE / 10_000 * i64::from(collar);
            let near = (PRICE - band..=PRICE + band).contains(&price.max(1));
            (w, near && age <= 60 * S as i64)
        },
    );
}

#[test]
fn r17() {
    agrees(
        Code::R17,
        (
            any::<i64>(),
            -5..500_i64,
            any::<i64>(),
            -5..30_000_000_i64,
            1..5_i64,
            0..4_u8,
        ),
        |(quantity, small, price, ticks, lot, pick)| {
            let quantity = if pick & 1 == 0 { small } else { quantity };
            let price = if pick & 2 == 0 {
                ticks.saturating_mul(TICK / 2)
            } else {
                price
            };
            let mut w = world(Side::Buy, quantity, price);
            w.limits.symbols.get_mut(&1).expect("one").lot = lot;
            let sound = quantity > 0
                && quantity < 1_000_000
                && quantity % lot == 0
                && price > 0
                && price <= 199_999_990_000_000
                && price % TICK == 0;
            // Whatever the numbers, no check panics.
            w.verdict();
            (w, sound)
        },
    );
}

#[test]
fn r21() {
    agrees(Code::R21, -3_000..2_000_000_i64, |age_us| {
        let mut w = world(Side::Buy, 1, PRICE);
        w.order.ts_recv_ns = NOW.utc_ns.saturating_add_signed(-age_us * 1_000);
        (w, (-1_000..=1_000_000).contains(&age_us))
    });
}
