//! R01, R02, R04 and R05 on both sides of their bounds: how much.

use crate::common::{PRICE, S, World};
use cws_abi::{Side, Terms};
use cws_risk::checks::Code;

use crate::{passed, refused};

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
    // It ends at zero: no short position beyond the bound comes of a long one beyond it.
    let through_zero = |w: &mut World, sold| {
        w.limits.strategies.get_mut(&1).expect("one").max_position = 100;
        w.traded(Side::Buy, 150, PRICE);
        w.sell(Side::SellShort, sold);
    };
    passed(Code::R05, |w| through_zero(w, 250));
    refused(Code::R05, |w| through_zero(w, 251));
}

#[test]
fn a_unit_of_the_wire_may_be_a_part_of_the_instrument() {
    // A ten-thousandth of a coin at 100 a coin: 100 of them are 1.
    let parts = |w: &mut World, code: Code, max: i128| {
        w.limits.symbols.get_mut(&1).expect("AAPL").unit = 100_000;
        w.book.exposure.set_unit(1, 100_000);
        let firm = &mut w.limits.firm;
        *match code {
            Code::R02 => &mut firm.max_order_notional,
            Code::R06 => &mut firm.max_gross_notional,
            Code::R07 => &mut firm.max_open_notional,
            Code::R08 => &mut firm.max_daily_loss,
            _ => &mut firm.capital,
        } = max;
    };
    let dollar = i128::from(S);
    for code in [Code::R02, Code::R06, Code::R07, Code::R20] {
        passed(code, |w| parts(w, code, dollar));
        refused(code, |w| parts(w, code, dollar - 1));
    }
    let lost = |w: &mut World, max: i128| {
        w.traded(Side::Buy, 100, PRICE);
        w.book.exposure.set_mark(1, PRICE / 2, 3);
        parts(w, Code::R08, max);
    };
    passed(Code::R08, |w| lost(w, dollar / 2 + 1));
    refused(Code::R08, |w| lost(w, dollar / 2));
}
