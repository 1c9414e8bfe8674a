//! Each check against a second statement of its rule, on random orders and worlds.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{NOW, PRICE, S, World, order};
use cws_abi::{OrderId, Side};
use cws_risk::book::Bucket;
use cws_risk::checks::Code;
use cws_risk::order::Order;
use proptest::prelude::*;

const TICK: i64 = 10_000_000;

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell), Just(Side::SellShort)]
}

fn world(side: Side, quantity: i64, price: i64) -> World {
    let mut world = World::new();
    let parent_id = side as u64;
    world.order = Order {
        parent_id,
        ..order(1000, side, quantity, price)
    };
    world
}

/// Near its bound more often than not.
fn around(bound: i64) -> impl Strategy<Value = i64> {
    prop_oneof![bound - 2..=bound + 2, 0..=2 * bound]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn r01(quantity in around(1000), strategy in around(1000), symbol in around(1000)) {
        let mut w = world(Side::Buy, quantity, PRICE);
        w.limits.strategies.get_mut(&1).expect("one").max_order_quantity = strategy;
        w.limits.symbols.get_mut(&1).expect("one").max_order_quantity = symbol;
        prop_assert_eq!(w.passes(Code::R01), quantity <= strategy.min(symbol));
    }

    #[test]
    fn r02(quantity in 1..10_000_i64, ticks in 1..20_000_i64, slack in -2..=2_i128) {
        let mut w = world(Side::Buy, quantity, ticks * TICK);
        let notional = i128::from(quantity) * i128::from(ticks * TICK);
        w.limits.firm.max_order_notional = notional + slack;
        w.limits.strategies.get_mut(&1).expect("one").max_order_notional = i128::MAX;
        prop_assert_eq!(w.passes(Code::R02), slack >= 0);
    }

    #[test]
    fn r03(price in around(PRICE), collar in 0..2_000_u32, age in around(60 * S as i64)) {
        let mut w = world(Side::Buy, 100, price.max(1));
        let symbol = w.limits.symbols.get_mut(&1).expect("one");
        (symbol.collar_bps, symbol.reference_ns) = (collar, NOW.utc_ns - age.max(0) as u64);
        let band = PRICE / 10_000 * i64::from(collar);
        let near = (PRICE - band..=PRICE + band).contains(&price.max(1));
        prop_assert_eq!(w.passes(Code::R03), near && age <= 60 * S as i64);
    }

    #[test]
    fn r04(traded in 0..200_i64, open in 1..200_i64, quantity in 1..200_i64, adv in around(400)) {
        let mut w = world(Side::Buy, quantity, PRICE);
        w.traded(Side::Buy, traded, PRICE);
        w.open(1, Side::Sell, open, PRICE);
        let symbol = w.limits.symbols.get_mut(&1).expect("one");
        (symbol.adv, symbol.max_adv_share_bps) = (adv, 10_000);
        prop_assert_eq!(w.passes(Code::R04), traded + open + quantity <= adv);
    }

    #[test]
    fn r05(side in side(), held in -300..300_i64, open in 1..200_i64, quantity in 1..200_i64, max in 0..500_i64) {
        let mut w = world(side, quantity, PRICE);
        let past = if held < 0 { Side::SellShort } else { Side::Buy };
        w.traded(past, held.abs(), PRICE);
        w.open(1, side, open, PRICE);
        w.limits.strategies.get_mut(&1).expect("one").max_position = max;
        let sign = if side == Side::Buy { 1 } else { -1 };
        let after = (held + sign * (open + quantity)).abs();
        prop_assert_eq!(w.passes(Code::R05), after <= max || after < held.abs());
    }

    #[test]
    fn r06(side in side(), held in -300..300_i64, quantity in 1..200_i64, gross in 0..600_i64, net in 0..600_i64) {
        let mut w = world(side, quantity, PRICE);
        let past = if held < 0 { Side::SellShort } else { Side::Buy };
        w.traded(past, held.abs(), PRICE);
        let money = |shares: i64| i128::from(shares) * i128::from(PRICE);
        (w.limits.firm.max_gross_notional, w.limits.firm.max_net_notional) = (money(gross), money(net));
        let sign = if side == Side::Buy { 1 } else { -1 };
        let after = (held + sign * quantity).abs();
        let bounded = |max: i64| after <= max || after < held.abs();
        prop_assert_eq!(w.passes(Code::R06), bounded(gross) && bounded(net));
    }

    #[test]
    fn r07(side in side(), buys in 1..300_i64, sells in 1..300_i64, quantity in 1..200_i64, max in 0..600_i64) {
        let mut w = world(side, quantity, PRICE);
        w.open(1, Side::Buy, buys, PRICE);
        w.open(2, Side::Sell, sells, PRICE);
        w.limits.firm.max_open_notional = i128::from(max) * i128::from(PRICE);
        let (b, s) = if side == Side::Buy { (buys + quantity, sells) } else { (buys, sells + quantity) };
        let (before, after) = (buys.max(sells), b.max(s));
        prop_assert_eq!(w.passes(Code::R07), after <= max || after == before);
    }

    #[test]
    fn r08(held in 1..100_i64, fall in 0..100_i64, max in 0..10_000_i64) {
        let mut w = world(Side::Buy, 1, PRICE);
        w.traded(Side::Buy, held, PRICE);
        w.book.exposure.set_mark(1, PRICE - fall * S as i64, 3);
        w.limits.strategies.get_mut(&1).expect("one").max_daily_loss = i128::from(max) * i128::from(S);
        prop_assert_eq!(w.passes(Code::R08), held * fall < max);
    }

    #[test]
    fn r09(burst in 1..20_u32, rate in 1..100_u32, taken in 0..30_u32, later_ms in 0..500_u64) {
        let mut w = world(Side::Buy, 1, PRICE);
        let strategy = w.limits.strategies.get_mut(&1).expect("one");
        (strategy.messages_per_s, strategy.message_burst) = (rate, burst);
        let mut bucket = Bucket::full(burst, NOW.mono_ns);
        (0..taken).for_each(|_| bucket.take(rate, burst, NOW.mono_ns));
        w.book.meters.strategies.insert(1, bucket);
        w.now.mono_ns += later_ms * 1_000_000;
        let thousandths = u64::from(burst.saturating_sub(taken)) * 1000 + later_ms * u64::from(rate);
        prop_assert_eq!(w.passes(Code::R09), thousandths >= 1000);
    }

    #[test]
    fn r10(orders in 0..5_u32, cancels in 0..20_u32, free in 0..5_u32, ratio in 0..4_u32) {
        let mut w = world(Side::Buy, 1, PRICE);
        let strategy = w.limits.strategies.get_mut(&1).expect("one");
        (strategy.free_cancels, strategy.max_cancel_ratio) = (free, ratio);
        (0..orders).for_each(|_| w.book.meters.count_order(1, NOW.mono_ns));
        (0..cancels).for_each(|_| w.book.meters.count_cancel(1, NOW.mono_ns));
        prop_assert_eq!(w.passes(Code::R10), cancels <= free + orders * ratio);
    }

    #[test]
    fn r11(region in b'A'..=b'C', epoch in 5..10_u16, counter in 1..4_u64, used in 1..4_u64) {
        let mut w = world(Side::Buy, 7, PRICE);
        w.book.place(order(used, Side::Buy, 1, PRICE), 1);
        w.order.id = OrderId::new(region, epoch, counter).expect("in range");
        let fresh = (epoch, counter) != (7, used);
        prop_assert_eq!(w.passes(Code::R11), region == b'A' && epoch >= 7 && fresh);
    }

    #[test]
    fn r12(ages_ms in prop::collection::vec(0..2_000_u64, 0..20), max in 1..20_u32, window_ms in 1..2_000_u32) {
        let mut w = world(Side::Buy, 1, PRICE);
        let mut ages = ages_ms.clone();
        ages.sort_unstable_by(|a, b| b.cmp(a));
        let order = w.order;
        ages.iter().for_each(|age| w.book.meters.executed(&order, NOW.mono_ns - age * 1_000_000));
        let strategy = w.limits.strategies.get_mut(&1).expect("one");
        (strategy.max_repeated_executions, strategy.repeated_window_ms) = (max, window_ms);
        let within = ages.iter().filter(|age| **age <= u64::from(window_ms)).count();
        prop_assert_eq!(w.passes(Code::R12), within < max as usize);
    }
}
