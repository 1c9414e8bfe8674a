//! Every check on both sides of its bound, and its code from the whole chain.

mod common;

use common::{NOW, PRICE, S, World, id, order};
use cws_abi::{OrderId, Side, Terms};
use cws_risk::Now;
use cws_risk::book::Bucket;
use cws_risk::checks::{CHECKS, Code};
use cws_risk::limits::{Phase, Restricted, UNDEFINED};
use cws_risk::order::Order;
use cws_risk::status::SessionState;

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
fn r01_max_quantity() {
    passed(Code::R01, |w| w.order.quantity = 1000);
    refused(Code::R01, |w| w.order.quantity = 1001);
    let of_symbol = |w: &mut World, quantity| {
        w.limits
            .strategies
            .get_mut(&1)
            .expect("one")
            .max_order_quantity = 10_000;
        w.order.quantity = quantity;
    };
    passed(Code::R01, |w| of_symbol(w, 2000));
    refused(Code::R01, |w| of_symbol(w, 2001));
}

#[test]
fn r02_max_notional() {
    let bound = |w: &mut World, max: i128| {
        w.limits.firm.max_order_notional = max;
    };
    passed(Code::R02, |w| bound(w, 10_000 * i128::from(S)));
    refused(Code::R02, |w| bound(w, 10_000 * i128::from(S) - 1));
    let of_strategy = |w: &mut World, max: i128| {
        w.limits
            .strategies
            .get_mut(&1)
            .expect("one")
            .max_order_notional = max;
    };
    passed(Code::R02, |w| of_strategy(w, 10_000 * i128::from(S)));
    refused(Code::R02, |w| of_strategy(w, 10_000 * i128::from(S) - 1));
    // A market order counts at the collar's far end: 105 times 100.
    let market = |w: &mut World, max: i128| {
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0);
        bound(w, max);
    };
    passed(Code::R02, |w| market(w, 10_500 * i128::from(S)));
    refused(Code::R02, |w| market(w, 10_500 * i128::from(S) - 1));
}

#[test]
fn r03_price_collar() {
    passed(Code::R03, |w| w.order.price = 105 * S as i64);
    refused(Code::R03, |w| w.order.price = 105 * S as i64 + 10_000_000);
    passed(Code::R03, |w| w.order.price = 95 * S as i64);
    refused(Code::R03, |w| w.order.price = 95 * S as i64 - 10_000_000);
}

#[test]
fn r03_fails_closed_without_a_usable_reference() {
    for price in [UNDEFINED, 0, -1] {
        refused(Code::R03, |w| {
            w.limits.symbols.get_mut(&1).expect("one").reference_price = price
        });
    }
    let at =
        |ns: u64| move |w: &mut World| w.limits.symbols.get_mut(&1).expect("one").reference_ns = ns;
    passed(Code::R03, at(NOW.utc_ns - 60 * S));
    refused(Code::R03, at(NOW.utc_ns - 60 * S - 1));
    passed(Code::R03, at(NOW.utc_ns));
    refused(Code::R03, at(NOW.utc_ns + 1));
    refused(Code::R03, |w| {
        at(0)(w);
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0);
    });
    let nan = common::LIMITS.replace("reference_price = 100.0", "reference_price = nan");
    refused(Code::R03, |w| {
        w.limits = cws_risk::limits::Limits::parse(&nan).expect("nan is a price that nobody knows")
    });
}

#[test]
fn r04_share_of_adv() {
    // 10 % of 1,000,000; 100 are the order's own.
    let ours = |w: &mut World, traded: i64| {
        w.traded(Side::Buy, traded - 50_000, PRICE);
        w.traded(Side::Sell, 50_000, PRICE);
        w.limits.strategies.get_mut(&1).expect("one").max_position = i64::MAX;
    };
    passed(Code::R04, |w| ours(w, 99_900));
    refused(Code::R04, |w| ours(w, 99_901));
}

#[test]
fn r05_position_of_the_strategy() {
    passed(Code::R05, |w| w.traded(Side::Buy, 4900, PRICE));
    refused(Code::R05, |w| w.traded(Side::Buy, 4901, PRICE));
    let with_open = |w: &mut World, open| {
        w.traded(Side::Buy, 4000, PRICE);
        w.open(1, Side::Buy, open, PRICE);
    };
    passed(Code::R05, |w| with_open(w, 900));
    refused(Code::R05, |w| with_open(w, 901));
    // Above the bound, the way back is open.
    passed(Code::R05, |w| {
        w.traded(Side::Buy, 9000, PRICE);
        w.sell(Side::Sell, 100);
    });
    refused(Code::R05, |w| w.traded(Side::Buy, 9000, PRICE));
}

#[test]
fn r06_gross_and_net() {
    let gross = |w: &mut World, max: i128| w.limits.firm.max_gross_notional = max * i128::from(S);
    passed(Code::R06, |w| gross(w, 10_000));
    refused(Code::R06, |w| gross(w, 9_999));
    let net = |w: &mut World, max: i128| w.limits.firm.max_net_notional = max * i128::from(S);
    passed(Code::R06, |w| net(w, 10_000));
    refused(Code::R06, |w| net(w, 9_999));
    passed(Code::R06, |w| {
        w.traded(Side::Buy, 500, PRICE);
        gross(w, 1);
        net(w, 1);
        w.sell(Side::Sell, 100);
    });
}

#[test]
fn r07_open_orders_worst_case() {
    let open = |w: &mut World, max: i128| {
        w.open(1, Side::Buy, 200, PRICE);
        w.limits.firm.max_open_notional = max * i128::from(S);
    };
    passed(Code::R07, |w| open(w, 30_000));
    refused(Code::R07, |w| open(w, 29_999));
    // The other side is no worse than what is open already.
    passed(Code::R07, |w| {
        open(w, 1);
        w.sell(Side::SellShort, 100);
    });
}

#[test]
fn r08_daily_loss() {
    // 100 shares fall by 100 each: 10,000.
    let lose = |w: &mut World, price: i64| {
        w.traded(Side::Buy, 100, 200 * S as i64);
        w.book.exposure.set_mark(1, price, 3);
    };
    passed(Code::R08, |w| lose(w, PRICE + 1));
    refused(Code::R08, |w| lose(w, PRICE));
    let firm = |w: &mut World, price: i64| {
        w.limits.strategies.get_mut(&1).expect("one").max_daily_loss = i128::MAX;
        w.limits.firm.max_daily_loss = 10_000 * i128::from(S);
        lose(w, price);
    };
    passed(Code::R08, |w| firm(w, PRICE + 1));
    refused(Code::R08, |w| firm(w, PRICE));
}

#[test]
fn r09_message_rate() {
    let tokens = |w: &mut World, burst: u32| {
        let mut bucket = Bucket::full(burst, NOW.mono_ns);
        for _ in 0..99 {
            bucket.take(100, 100, NOW.mono_ns);
        }
        w.book.meters.strategies.insert(1, bucket);
    };
    passed(Code::R09, |w| tokens(w, 100));
    refused(Code::R09, |w| tokens(w, 99));
    passed(Code::R09, |w| {
        tokens(w, 99);
        w.now.mono_ns += S / 100;
    });
    refused(Code::R09, |w| {
        w.book.meters.firm = Some(Bucket::full(0, NOW.mono_ns))
    });
    passed(Code::R09, |w| w.book.orders_today = 999_999);
    refused(Code::R09, |w| w.book.orders_today = 1_000_000);
}

#[test]
fn r10_cancel_ratio() {
    // 3 are free, 2 for each order: 5 after one.
    let cancels = |w: &mut World, count: u32| {
        w.book.meters.count_order(1, NOW.mono_ns);
        (0..count).for_each(|_| w.book.meters.count_cancel(1, NOW.mono_ns));
    };
    passed(Code::R10, |w| cancels(w, 5));
    refused(Code::R10, |w| cancels(w, 6));
    passed(Code::R10, |w| {
        cancels(w, 6);
        w.now.mono_ns += 60 * S;
    });
    let replacing = |w: &mut World, count: u32| {
        w.open(1, Side::Buy, 50, PRICE);
        w.order.replaces = id(1).bits();
        cancels(w, count);
    };
    passed(Code::R10, |w| replacing(w, 4));
    refused(Code::R10, |w| replacing(w, 5));
}

#[test]
fn r11_duplicates() {
    let same = |w: &mut World, ago: u64| {
        let last = Order {
            id: id(5),
            ..w.order
        };
        w.book.meters.remember(&last, NOW.mono_ns - ago);
    };
    passed(Code::R11, |w| same(w, 10_000_000));
    refused(Code::R11, |w| same(w, 9_999_999));
    passed(Code::R11, |w| {
        same(w, 0);
        w.order.quantity += 1;
    });
    refused(Code::R11, |w| w.open(1000, Side::Buy, 100, PRICE));
    passed(Code::R11, |w| w.open(1001, Side::Buy, 100, PRICE));
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
fn r12_repeated_executions() {
    let executed = |w: &mut World, count: u32, ago: u64| {
        let order = w.order;
        (0..count).for_each(|_| w.book.meters.executed(&order, NOW.mono_ns - ago));
    };
    passed(Code::R12, |w| executed(w, 99, 0));
    refused(Code::R12, |w| executed(w, 100, 0));
    refused(Code::R12, |w| executed(w, 100, S));
    passed(Code::R12, |w| executed(w, 100, S + 1));
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
fn r14_restricted_list() {
    let restrict =
        |rule| move |w: &mut World| w.limits.symbols.get_mut(&1).expect("one").restricted = rule;
    passed(Code::R14, restrict(Restricted::Sell));
    refused(Code::R14, restrict(Restricted::Buy));
    refused(Code::R14, restrict(Restricted::All));
    refused(Code::R14, |w| drop(w.limits.symbols.remove(&1)));
    refused(Code::R14, |w| {
        w.traded(Side::Buy, 100, PRICE);
        w.sell(Side::Sell, 100);
        restrict(Restricted::Sell)(w);
    });
}

#[test]
fn r15_short_locate() {
    passed(Code::R15, |w| w.sell(Side::SellShort, 300));
    refused(Code::R15, |w| w.sell(Side::SellShort, 301));
    let used = |w: &mut World, open| {
        w.traded(Side::SellShort, 100, PRICE);
        w.open(1, Side::SellShort, open, PRICE);
        w.sell(Side::SellShort, 100);
    };
    passed(Code::R15, |w| used(w, 100));
    refused(Code::R15, |w| used(w, 101));
    let long = |w: &mut World, held| {
        w.traded(Side::Buy, held, PRICE);
        w.open(1, Side::Sell, 50, PRICE);
        w.sell(Side::Sell, 100);
    };
    passed(Code::R15, |w| long(w, 150));
    refused(Code::R15, |w| long(w, 149));
}

#[test]
fn r16_session_and_halt_state() {
    refused(Code::R16, |w| w.status.session = SessionState::Recovering);
    refused(Code::R16, |w| w.status.session = SessionState::Down);
    refused(Code::R16, |w| w.status.journal_failed = true);
    refused(Code::R16, |w| w.status.ring_failed = true);
    refused(Code::R16, |w| w.status.killed_firm = true);
    refused(Code::R16, |w| w.status.killed_venue = true);
    refused(Code::R16, |w| {
        assert!(w.status.killed_strategies.insert("one".into()))
    });
    passed(Code::R16, |w| {
        assert!(w.status.killed_strategies.insert("two".into()))
    });
    refused(Code::R16, |w| {
        w.limits.symbols.get_mut(&1).expect("one").halted = true
    });
    refused(Code::R16, |w| {
        assert!(w.status.halted_until.insert(1, NOW.mono_ns + 1).is_none())
    });
    passed(Code::R16, |w| {
        assert!(w.status.halted_until.insert(1, NOW.mono_ns).is_none())
    });
    let until = |ns| move |w: &mut World| w.limits.valid_until_ns = ns;
    passed(Code::R16, until(NOW.utc_ns + 1));
    refused(Code::R16, until(NOW.utc_ns));
}

#[test]
fn r16_fails_closed_without_a_heartbeat() {
    let beat = |ns| move |w: &mut World| w.status.beat_ns = ns;
    passed(Code::R16, beat(NOW.mono_ns - 50_000_000));
    refused(Code::R16, beat(NOW.mono_ns - 50_000_001));
    refused(Code::R16, beat(0));
    refused(Code::R16, beat(NOW.mono_ns + 1));
}

#[test]
fn r16_reducing_lets_only_reductions_pass() {
    refused(Code::R16, |w| w.status.reducing = true);
    let sell = |w: &mut World, open| {
        w.status.reducing = true;
        w.traded(Side::Buy, 150, PRICE);
        w.open(1, Side::Sell, open, PRICE);
        w.sell(Side::Sell, 100);
    };
    passed(Code::R16, |w| sell(w, 50));
    let mut world = World::new();
    sell(&mut world, 51);
    assert!(!world.passes(Code::R16));
}

#[test]
fn r17_tick_lot_nan_overflow() {
    let tick = 10_000_000;
    passed(Code::R17, |w| w.order.price = PRICE + tick);
    refused(Code::R17, |w| w.order.price = PRICE + tick - 1);
    refused(Code::R17, |w| w.order.quantity = 0);
    refused(Code::R17, |w| w.order.quantity = -1);
    refused(Code::R17, |w| w.order.quantity = i64::MIN);
    refused(Code::R17, |w| {
        (
            w.limits.symbols.get_mut(&1).expect("one").lot,
            w.order.quantity,
        ) = (100, 150)
    });
    passed(Code::R17, |w| {
        (
            w.limits.symbols.get_mut(&1).expect("one").lot,
            w.order.quantity,
        ) = (100, 200)
    });
    let only = |price, quantity| {
        let mut world = World::new();
        (world.order.price, world.order.quantity) = (price, quantity);
        world.passes(Code::R17)
    };
    for price in [UNDEFINED, i64::MIN, -tick, 0, 200_000_000_000_000] {
        assert!(!only(price, 100), "{price}");
    }
    assert!(only(199_999_990_000_000, 999_999));
    assert!(!only(199_999_990_000_000, 1_000_000));
    passed(Code::R17, |w| {
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0)
    });
    refused(Code::R17, |w| w.order.terms = Terms::MarketIoc);
}

#[test]
fn r18_self_match() {
    let resting = |side, price| move |w: &mut World| w.open(1, side, 10, price);
    refused(Code::R18, |w| {
        w.traded(Side::Buy, 10, PRICE);
        resting(Side::Sell, PRICE)(w);
    });
    passed(Code::R18, resting(Side::SellShort, PRICE + 1));
    passed(Code::R18, resting(Side::Buy, PRICE));
    refused(Code::R18, |w| {
        resting(Side::SellShort, PRICE + S as i64)(w);
        (w.order.terms, w.order.price) = (Terms::MarketIoc, 0);
    });
    let sale = |price| {
        move |w: &mut World| {
            w.sell(Side::SellShort, 100);
            resting(Side::Buy, price)(w);
        }
    };
    passed(Code::R18, sale(PRICE - 1));
    refused(Code::R18, sale(PRICE));
}

#[test]
fn r19_authorised_strategy_and_build() {
    refused(Code::R19, |w| {
        w.limits.strategies.get_mut(&1).expect("one").enabled = false
    });
    refused(Code::R19, |w| {
        w.book.parents.get_mut(&1).expect("registered").order.patch = "p2".into()
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

#[test]
fn r20_capital() {
    // The order's worst case is 10,000 at a margin of half.
    let capital = |capital: i128, lost: i64| {
        move |w: &mut World| {
            w.limits.firm.margin_bps = 5_000;
            w.limits.firm.capital = capital * i128::from(S);
            if lost > 0 {
                w.traded(Side::Buy, 1, PRICE + lost * S as i64);
                w.traded(Side::Sell, 1, PRICE);
            }
        }
    };
    passed(Code::R20, capital(5_000, 0));
    refused(Code::R20, capital(4_999, 0));
    passed(Code::R20, capital(5_010, 10));
    refused(Code::R20, capital(5_009, 10));
}

#[test]
fn r21_age_of_market_data() {
    let at = |ns| move |w: &mut World| w.order.ts_recv_ns = ns;
    passed(Code::R21, at(NOW.utc_ns - S));
    refused(Code::R21, at(NOW.utc_ns - S - 1));
    refused(Code::R21, at(0));
    passed(Code::R21, at(NOW.utc_ns + 1_000_000));
    refused(Code::R21, at(NOW.utc_ns + 1_000_001));
}

#[test]
fn r22_currency() {
    refused(Code::R22, |w| {
        w.limits.symbols.get_mut(&1).expect("one").currency = "JPY".into()
    });
    refused(Code::R22, |w| w.limits.firm.currencies = vec!["JPY".into()]);
    passed(Code::R22, |w| {
        w.limits.symbols.get_mut(&1).expect("one").currency = "JPY".into();
        w.limits.strategies.get_mut(&1).expect("one").currency = "JPY".into();
        w.limits.firm.currencies = vec!["JPY".into()];
    });
}

#[test]
fn r23_phase() {
    refused(Code::R23, |w| w.status.phase = Phase::Before);
    refused(Code::R23, |w| w.status.phase = Phase::After);
    passed(Code::R23, |w| {
        w.status.phase = Phase::Before;
        w.limits.strategies.get_mut(&1).expect("one").phases = vec![Phase::Before, Phase::Open];
    });
}

#[test]
fn an_order_that_is_sound_passes_all() {
    let world = World::new();
    assert_eq!(world.verdict(), None);
    assert_eq!(world.now, Now { ..NOW });
    assert_eq!(world.order, order(1000, Side::Buy, 100, PRICE));
}
