//! R11, R13 and R19 on both sides of their bounds: whose order it is.

use crate::common::{NOW, PRICE, S, World, id, order};
use cws_abi::{OrderId, Side};
use cws_risk::checks::Code;
use cws_risk::order::Order;

use crate::{passed, refused};

#[test]
fn r11_duplicates() {
    let same = |w: &mut World, ago: u64| {
        let last = Order {
            id: id(5),
            ..w.order
        };
        w.book.meters.remember(&last, 10_000_000, NOW.mono_ns - ago);
    };
    passed(Code::R11, |w| same(w, 10_000_000));
    refused(Code::R11, |w| same(w, 9_999_999));
    passed(Code::R11, |w| {
        same(w, 0);
        w.order.quantity += 1;
    });
    refused(Code::R11, |w| w.open(1000, Side::Buy, 100, PRICE));
    passed(Code::R11, |w| w.open(999, Side::Buy, 100, PRICE));
    refused(Code::R11, |w| w.open(1001, Side::Buy, 100, PRICE));
}

#[test]
fn r11_fences_older_epochs_and_other_regions() {
    let with = |region, epoch| {
        move |w: &mut World| {
            w.book.epoch = 7;
            w.order.id = OrderId::new(region, epoch, 1).expect("in range");
        }
    };
    passed(Code::R11, with(b'A', 7));
    passed(Code::R11, with(b'A', 8));
    refused(Code::R11, with(b'A', 6));
    refused(Code::R11, with(b'B', 7));
    passed(Code::R11, with(b'A', 7 + 64));
    refused(Code::R11, with(b'A', 7 + 65));
    passed(Code::R11, |w| {
        w.order.id = OrderId::new(b'A', 40_000, 1).expect("the first epoch is any")
    });
}

#[test]
fn r11_replaces_only_what_is_open_and_ours() {
    let replace = |w: &mut World| {
        w.open(1, Side::Buy, 50, PRICE);
        w.order.replaces = id(1).bits();
    };
    passed(Code::R11, replace);
    refused(Code::R11, |w| w.order.replaces = id(1).bits());
    refused(Code::R11, |w| {
        replace(w);
        w.book
            .orders
            .get_mut(&id(1).bits())
            .expect("open")
            .replaced_by = 9;
    });
    refused(Code::R11, |w| {
        replace(w);
        w.book
            .orders
            .get_mut(&id(1).bits())
            .expect("open")
            .cancel_wanted = true;
    });
    refused(Code::R11, |w| {
        w.open(1, Side::SellShort, 50, 101 * S as i64);
        w.order.replaces = id(1).bits();
    });
}

#[test]
fn r13_child_within_its_parent() {
    let quantity = |w: &mut World, quantity| {
        let parent = w.book.parents.get_mut(&1).expect("registered");
        parent.order.quantity = quantity;
        parent.executed = 40;
        w.open(1, Side::Buy, 60, PRICE);
    };
    passed(Code::R13, |w| quantity(w, 200));
    refused(Code::R13, |w| quantity(w, 199));
    refused(Code::R13, |w| w.order.parent_id = 0);
    refused(Code::R13, |w| w.order.parent_id = 2);
    let limit = |w: &mut World, limit| {
        w.book
            .parents
            .get_mut(&1)
            .expect("registered")
            .order
            .limit_price = limit;
    };
    passed(Code::R13, |w| limit(w, PRICE));
    refused(Code::R13, |w| limit(w, PRICE - 1));
    let quote = |w: &mut World, style: &str, bought, sold| {
        let parent = w.book.parents.get_mut(&1).expect("registered");
        (parent.order.quantity, parent.order.style) = (100, style.into());
        (parent.executed, parent.sold) = (bought + sold, sold);
        w.order = Order {
            parent_id: 1,
            ..order(1000, Side::SellShort, 100, 101 * S as i64)
        };
    };
    // Of a quote the position counts, 100 either way: its orders of the other side use none of that.
    let style = "quote half_spread=10000000";
    passed(Code::R13, |w| quote(w, style, 500, 500));
    passed(Code::R13, |w| quote(w, style, 100, 0));
    refused(Code::R13, |w| quote(w, style, 500, 501));
    refused(Code::R13, |w| quote(w, "child", 0, 0));
    refused(Code::R13, |w| quote(w, "quoted", 0, 0));
    passed(Code::R13, |w| {
        quote(w, style, 0, 0);
        w.open(1, Side::Buy, 100, PRICE);
    });
    let both = |w: &mut World, shares| {
        quote(w, style, 0, 0);
        let parent_id = 1;
        let rests = order(1, Side::SellShort, shares, 101 * S as i64);
        w.book.place(Order { parent_id, ..rests }, 1);
        w.order.quantity = 60;
    };
    passed(Code::R13, |w| both(w, 40));
    refused(Code::R13, |w| both(w, 41));
    // A replacement is counted in place of what it replaces.
    passed(Code::R13, |w| {
        quantity(w, 140);
        w.order.replaces = id(1).bits();
        w.order.quantity = 100;
    });
    refused(Code::R13, |w| {
        quantity(w, 139);
        w.order.replaces = id(1).bits();
        w.order.quantity = 100;
    });
}

#[test]
fn r19_authorised_strategy_and_build() {
    refused(Code::R19, |w| {
        w.limits.strategies.get_mut(&1).expect("one").enabled = false
    });
    refused(Code::R19, |w| {
        w.book.parents.get_mut(&1).expect("registered").order.patch = "p2".into()
    });
    // A kill names the strategy, an order its number: whose they are must be one.
    refused(Code::R19, |w| {
        w.book
            .parents
            .get_mut(&1)
            .expect("registered")
            .order
            .strategy = "two".into()
    });
    refused(Code::R19, |w| w.status.gateway_build = "bb".into());
    refused(Code::R19, |w| w.status.gateway_build.clear());
    passed(Code::R19, |w| {
        w.status.gateway_build.clear();
        w.limits.firm.gateway_builds = vec!["any".into()];
    });
    refused(Code::R19, |w| {
        w.limits.strategies.remove(&1);
    });
}
