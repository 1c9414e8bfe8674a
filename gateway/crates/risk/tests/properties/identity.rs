//! R11, R13 and R19 against a second statement of their rules: whose order it is.

use crate::common::{PRICE, order};
use cws_abi::{OrderId, Side};
use cws_risk::checks::Code;
use proptest::prelude::*;

use crate::judge::{agrees, around, world};

#[test]
fn r11() {
    agrees(
        Code::R11,
        (b'A'..=b'C', 5..10_u16, 1..4_u64, 1..4_u64),
        |(region, epoch, counter, used)| {
            let mut w = world(Side::Buy, 7, PRICE);
            w.book.place(order(used, Side::Buy, 1, PRICE), 1);
            w.order.id = OrderId::new(region, epoch, counter).expect("in range");
            let fresh = (epoch, counter) != (7, used);
            (w, region == b'A' && epoch >= 7 && fresh)
        },
    );
}

#[test]
fn r13() {
    agrees(
        Code::R13,
        (0..100_i64, 1..100_i64, 1..100_i64, around(150)),
        |(executed, open, quantity, total)| {
            let mut w = world(Side::Buy, quantity, PRICE);
            w.open(1, Side::Buy, open, PRICE);
            let parent = w.book.parents.get_mut(&1).expect("registered");
            (parent.executed, parent.order.quantity) = (executed, total);
            (w, executed + open + quantity <= total)
        },
    );
}

#[test]
fn r19() {
    agrees(
        Code::R19,
        (
            any::<bool>(),
            "[a-c]",
            "[a-c]",
            prop::collection::vec("[a-c]|any", 0..3),
            prop::collection::vec("[a-c]|any", 0..3),
        ),
        |(enabled, patch, build, patches, builds)| {
            let mut w = world(Side::Buy, 1, PRICE);
            w.book.parents.get_mut(&1).expect("registered").order.patch = patch.clone();
            w.status.gateway_build = build.clone();
            let listed = |list: &Vec<String>, hash: &String| {
                list.contains(hash) || list.contains(&"any".to_string())
            };
            let expected = enabled && listed(&patches, &patch) && listed(&builds, &build);
            let strategy = w.limits.strategies.get_mut(&1).expect("one");
            (strategy.enabled, strategy.patches) = (enabled, patches);
            w.limits.firm.gateway_builds = builds;
            (w, expected)
        },
    );
}
