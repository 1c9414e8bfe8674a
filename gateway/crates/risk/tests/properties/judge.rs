//! A check against a second statement of its rule, on random orders and worlds.

use std::cell::Cell;

use cws_abi::Side;
use cws_risk::checks::Code;
use cws_risk::order::Order;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::common::{World, order};

pub const TICK: i64 = 10_000_000;
const CASES: u32 = 256;

/// In every case the check says what the second statement says; and both answers occur, so that neither can hold for
/// want of cases.
pub fn agrees<S: Strategy>(code: Code, cases: S, state: impl Fn(S::Value) -> (World, bool)) {
    let [passed, refused] = [const { Cell::new(0) }; 2];
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(CASES)
    };
    let ran = TestRunner::new(config).run(&cases, |case| {
        let (world, expected) = state(case);
        let count = if expected { &passed } else { &refused };
        count.set(count.get() + 1);
        prop_assert_eq!(world.passes(code), expected);
        Ok(())
    });
    ran.unwrap_or_else(|failed| panic!("{code}: {failed}"));
    let (passed, refused) = (passed.get(), refused.get());
    assert!(
        passed > 0 && refused > 0,
        "{code}: {passed} pass, {refused} do not"
    );
}

pub fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell), Just(Side::SellShort)]
}

pub fn world(side: Side, quantity: i64, price: i64) -> World {
    let mut world = World::new();
    let parent_id = side as u64;
    world.order = Order {
        parent_id,
        ..order(1000, side, quantity, price)
    };
    world
}

/// Near its bound more often than not.
pub fn around(bound: i64) -> impl Strategy<Value = i64> {
    prop_oneof![bound - 2..=bound + 2, 0..=2 * bound]
}
