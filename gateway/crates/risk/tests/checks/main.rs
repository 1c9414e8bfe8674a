//! Every check on both sides of its bound, and its code from the whole chain; one file a source file of `src/checks/`.

#[path = "../common/mod.rs"]
mod common;

mod account;
mod conduct;
mod identity;
mod market;
mod permission;
mod size;

use common::{NOW, PRICE, World, order};
use cws_abi::Side;
use cws_risk::Now;
use cws_risk::checks::{CHECKS, Code};

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
fn an_order_that_is_sound_passes_all() {
    let world = World::new();
    assert_eq!(world.verdict(), None);
    assert_eq!(world.now, Now { ..NOW });
    assert_eq!(world.order, order(1000, Side::Buy, 100, PRICE));
}
