//! R01, R02, R04 and R05 against a second statement of their rules: how much.

use crate::common::PRICE;
use cws_abi::Side;
use cws_risk::checks::Code;

use crate::judge::{TICK, agrees, around, side, world};

#[test]
fn r01() {
    agrees(
        Code::R01,
        (around(1000), around(1000), around(1000)),
        |(quantity, strategy, symbol)| {
            let mut w = world(Side::Buy, quantity, PRICE);
            w.limits
                .strategies
                .get_mut(&1)
                .expect("one")
                .max_order_quantity = strategy;
            w.limits
                .symbols
                .get_mut(&1)
                .expect("one")
                .max_order_quantity = symbol;
            (w, quantity <= strategy.min(symbol))
        },
    );
}

#[test]
fn r02() {
    agrees(
        Code::R02,
        (1..10_000_i64, 1..20_000_i64, -2..=2_i128, -2..=2_i128),
        |(quantity, ticks, firm, strategy)| {
            let mut w = world(Side::Buy, quantity, ticks * TICK);
            let notional = i128::from(quantity) * i128::from(ticks * TICK);
            w.limits.firm.max_order_notional = notional + firm;
            let row = w.limits.strategies.get_mut(&1).expect("one");
            row.max_order_notional = notional + strategy;
            (w, firm >= 0 && strategy >= 0)
        },
    );
}

#[test]
fn r04() {
    agrees(
        Code::R04,
        (0..200_i64, 1..200_i64, 1..200_i64, around(400)),
        |(traded, open, quantity, adv)| {
            let mut w = world(Side::Buy, quantity, PRICE);
            w.traded(Side::Buy, traded, PRICE);
            w.open(1, Side::Sell, open, PRICE);
            let symbol = w.limits.symbols.get_mut(&1).expect("one");
            (symbol.adv, symbol.max_adv_share_bps) = (adv, 10_000);
            (w, traded + open + quantity <= adv)
        },
    );
}

#[test]
fn r05() {
    agrees(
        Code::R05,
        (side(), -300..300_i64, 1..200_i64, 1..200_i64, 0..500_i64),
        |(side, held, open, quantity, max)| {
            let mut w = world(side, quantity, PRICE);
            let past = if held < 0 { Side::SellShort } else { Side::Buy };
            w.traded(past, held.abs(), PRICE);
            w.open(1, side, open, PRICE);
            w.limits.strategies.get_mut(&1).expect("one").max_position = max;
            let sign = if side == Side::Buy { 1 } else { -1 };
            let after = held + sign * (open + quantity);
            let leads_back = after.abs() < held.abs() && after * held >= 0;
            (w, after.abs() <= max || leads_back)
        },
    );
}
