//! R13 to R23 against a second statement of their rules, on random orders and worlds.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{NOW, PRICE, S, World, id, order};
use cws_abi::Side;
use cws_risk::checks::Code;
use cws_risk::limits::{Phase, Restricted};
use cws_risk::order::Order;
use cws_risk::status::SessionState;
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
    fn r13(executed in 0..100_i64, open in 1..100_i64, quantity in 1..100_i64, total in around(150)) {
        let mut w = world(Side::Buy, quantity, PRICE);
        w.open(1, Side::Buy, open, PRICE);
        let parent = w.book.parents.get_mut(&1).expect("registered");
        (parent.executed, parent.order.quantity) = (executed, total);
        prop_assert_eq!(w.passes(Code::R13), executed + open + quantity <= total);
    }

    #[test]
    fn r14(side in side(), rule in 0..4_usize) {
        let mut w = world(side, 1, PRICE);
        let rules = [Restricted::No, Restricted::Buy, Restricted::Sell, Restricted::All];
        w.limits.symbols.get_mut(&1).expect("one").restricted = rules[rule];
        let forbidden = rule == 3 || rule == 1 && side == Side::Buy || rule == 2 && side != Side::Buy;
        prop_assert_eq!(w.passes(Code::R14), !forbidden);
    }

    #[test]
    fn r15(side in side(), held in 0..200_i64, open in 1..100_i64, quantity in 1..200_i64, located in 0..300_i64) {
        let mut w = world(side, quantity, PRICE);
        w.traded(Side::Buy, held, PRICE);
        if side != Side::Buy {
            w.open(1, side, open, PRICE);
        }
        w.limits.symbols.get_mut(&1).expect("one").short_locate = located;
        let allowed = match side {
            Side::Buy => true,
            Side::Sell => open + quantity <= held,
            Side::SellShort => open + quantity <= located,
        };
        prop_assert_eq!(w.passes(Code::R15), allowed);
    }

    #[test]
    fn r16(bits in any::<u8>(), beat_age in around(50_000_000), left in around(5)) {
        let mut w = world(Side::Buy, 1, PRICE);
        let bit = |n: u8| bits & bits.rotate_left(3) & (1 << n) != 0;
        w.status.journal_failed = bit(0);
        w.status.ring_failed = bit(1);
        w.status.killed_firm = bit(2);
        w.status.killed_venue = bit(3);
        if bit(4) {
            w.status.session = SessionState::Recovering;
        }
        if bit(5) {
            w.status.killed_strategies.insert("one".into());
        }
        w.status.beat_ns = NOW.mono_ns - beat_age.max(0) as u64;
        w.limits.valid_until_ns = NOW.utc_ns + left.max(0) as u64;
        let sound = !(0..6).any(bit) && beat_age <= 50_000_000 && left > 0;
        prop_assert_eq!(w.passes(Code::R16), sound);
    }

    #[test]
    fn r17(quantity in any::<i64>(), small in -5..500_i64, price in any::<i64>(), ticks in -5..30_000_000_i64, lot in 1..5_i64, pick in 0..4_u8) {
        let quantity = if pick & 1 == 0 { small } else { quantity };
        let price = if pick & 2 == 0 { ticks.saturating_mul(TICK / 2) } else { price };
        let mut w = world(Side::Buy, quantity, price);
        w.limits.symbols.get_mut(&1).expect("one").lot = lot;
        let sound = quantity > 0 && quantity < 1_000_000 && quantity % lot == 0
            && price > 0 && price <= 199_999_990_000_000 && price % TICK == 0;
        prop_assert_eq!(w.passes(Code::R17), sound);
        // Whatever the numbers, no check panics.
        w.verdict();
    }

    #[test]
    fn r18(mine in 90..110_i64, theirs in prop::collection::vec((90..110_i64, any::<bool>()), 0..5), buys in any::<bool>()) {
        let side = if buys { Side::Buy } else { Side::SellShort };
        let mut w = world(side, 1, mine * S as i64);
        for (at, (price, buy)) in theirs.iter().enumerate() {
            let side = if *buy { Side::Buy } else { Side::SellShort };
            w.open(1 + at as u64, side, 1, price * S as i64);
        }
        let crosses = theirs.iter().any(|(price, buy)| {
            *buy != buys && if buys { mine >= *price } else { mine <= *price }
        });
        prop_assert_eq!(w.passes(Code::R18), !crosses);
    }

    #[test]
    fn r19(enabled in any::<bool>(), patch in "[a-c]", build in "[a-c]", patches in prop::collection::vec("[a-c]|any", 0..3), builds in prop::collection::vec("[a-c]|any", 0..3)) {
        let mut w = world(Side::Buy, 1, PRICE);
        w.book.parents.get_mut(&1).expect("registered").order.patch = patch.clone();
        w.status.gateway_build = build.clone();
        let listed = |list: &Vec<String>, hash: &String| list.contains(hash) || list.contains(&"any".to_string());
        let expected = enabled && listed(&patches, &patch) && listed(&builds, &build);
        let strategy = w.limits.strategies.get_mut(&1).expect("one");
        (strategy.enabled, strategy.patches) = (enabled, patches);
        w.limits.firm.gateway_builds = builds;
        prop_assert_eq!(w.passes(Code::R19), expected);
    }

    #[test]
    fn r20(quantity in 1..1_000_i64, margin in 0..20_000_u32, capital in 0..200_000_i64) {
        let mut w = world(Side::Buy, quantity, PRICE);
        (w.limits.firm.margin_bps, w.limits.firm.capital) = (margin, i128::from(capital) * i128::from(S));
        let needed = i128::from(quantity) * 100 * i128::from(margin);
        prop_assert_eq!(w.passes(Code::R20), needed <= i128::from(capital) * 10_000);
    }

    #[test]
    fn r21(age_us in -3_000..2_000_000_i64) {
        let mut w = world(Side::Buy, 1, PRICE);
        w.order.ts_recv_ns = NOW.utc_ns.saturating_add_signed(-age_us * 1_000);
        prop_assert_eq!(w.passes(Code::R21), (-1_000..=1_000_000).contains(&age_us));
    }

    #[test]
    fn r22(symbol in 0..3_usize, strategy in 0..3_usize, firm in prop::collection::vec(0..3_usize, 0..3)) {
        let names = ["USD", "JPY", "HKD"];
        let mut w = world(Side::Buy, 1, PRICE);
        w.limits.symbols.get_mut(&1).expect("one").currency = names[symbol].into();
        w.limits.strategies.get_mut(&1).expect("one").currency = names[strategy].into();
        w.limits.firm.currencies = firm.iter().map(|at| names[*at].into()).collect();
        prop_assert_eq!(w.passes(Code::R22), symbol == strategy && firm.contains(&symbol));
    }

    #[test]
    fn r23(now in 0..3_usize, allowed in prop::collection::vec(0..3_usize, 0..3)) {
        let phases = [Phase::Before, Phase::Open, Phase::After];
        let mut w = world(Side::Buy, 1, PRICE);
        w.status.phase = phases[now];
        w.limits.strategies.get_mut(&1).expect("one").phases = allowed.iter().map(|at| phases[*at]).collect();
        prop_assert_eq!(w.passes(Code::R23), allowed.contains(&now));
    }

    #[test]
    fn no_intent_panics_and_nothing_leaves_unapproved(bytes in prop::collection::vec(any::<u64>(), 12), kind in 0..5_u8) {
        let mut play = play::Play::new();
        let base = common::intent(0, &order(1, Side::Buy, 100, PRICE));
        play.push(cws_abi::OrderIntent {
            order_id: if bytes[0] % 2 == 0 { id(1).bits() } else { bytes[1] },
            parent_id: bytes[2] % 4,
            orig_order_id: bytes[3] % 2 * bytes[4],
            price: if bytes[5] % 2 == 0 { base.price } else { bytes[6] as i64 },
            quantity: if bytes[7] % 2 == 0 { base.quantity } else { bytes[8] as i64 },
            symbol: (bytes[9] % 3) as u16,
            strategy: (bytes[10] % 3) as u16,
            kind,
            side: (bytes[11] % 5) as u8,
            terms: (bytes[11] / 8 % 6) as u8,
            ..base
        });
        let orders = play.sent_orders().len() as u64;
        prop_assert_eq!(orders, play.core.counters.approved);
        prop_assert_eq!(play.executions.len() as u64, 1 - orders);
    }
}
