//! R11, R13 and R19 against a second statement of their rules: whose order it is.

use crate::common::{NOW, PRICE, id, order};
use cws_abi::{OrderId, Side};
use cws_risk::checks::Code;
use proptest::prelude::*;

use crate::judge::{agrees, around, side, world};

#[test]
fn r11() {
    agrees(
        Code::R11,
        (b'A'..=b'C', 5..10_u16, 1..4_u64, 1..4_u64, 0..20_u64),
        |(region, epoch, counter, used, ago_ms)| {
            let mut w = world(Side::Buy, 7, PRICE);
            w.book.place(order(used, Side::Buy, 1, PRICE), 1);
            w.order.id = OrderId::new(region, epoch, counter).expect("in range");
            // The same order under another id; the window is 10 ms.
            w.book
                .meters
                .remember(&w.order, 10_000_000, NOW.mono_ns - ago_ms * 1_000_000);
            let fresh = (epoch, counter) > (7, used);
            (w, region == b'A' && epoch >= 7 && fresh && ago_ms >= 10)
        },
    );
}

#[test]
fn r11_of_a_replacement() {
    agrees(
        Code::R11,
        (0..3_u64, side(), 1..3_u16, any::<bool>(), any::<bool>()),
        |(replaces, side, symbol, unwanted, replaced)| {
            let mut w = world(Side::Buy, 7, PRICE);
            w.book.place(order(1, Side::Buy, 1, PRICE), 1);
            let old = w.book.orders.get_mut(&id(1).bits()).expect("placed");
            // Each of these one time in four: what is sound must not be rare.
            old.cancel_wanted = unwanted && symbol == 2;
            old.replaced_by = u64::from(replaced && symbol == 2);
            (w.order.replaces, w.order.side) = (id(1 + replaces / 2).bits(), side);
            let sound =
                replaces < 2 && side == Side::Buy && !(symbol == 2 && (unwanted || replaced));
            (w, sound)
        },
    );
}

#[test]
fn r13() {
    agrees(
        Code::R13,
        (
            0..100_i64,
            1..100_i64,
            1..100_i64,
            around(150),
            prop_oneof![Just(0), around(PRICE)],
            0..8_u8,
        ),
        |(executed, open, quantity, total, limit, other)| {
            let mut w = world(Side::Buy, quantity, PRICE);
            w.open(1, Side::Buy, open, PRICE);
            let parent = w.book.parents.get_mut(&1).expect("registered");
            (parent.executed, parent.order.quantity) = (executed, total);
            parent.order.limit_price = limit;
            match other {
                0 => parent.order.side = Side::Sell as u8,
                1 => parent.order.symbol_no = 2,
                2 => parent.order.strategy_no = 2,
                3 => w.order.parent_id = 77,
                _ => {}
            }
            let within = executed + open + quantity <= total && (limit == 0 || PRICE <= limit);
            (w, within && other > 3)
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
