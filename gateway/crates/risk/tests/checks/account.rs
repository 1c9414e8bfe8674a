//! R06, R07, R08 and R20 on both sides of their bounds: what the firm has at stake.

use crate::common::{PRICE, S, World};
use cws_abi::Side;
use cws_risk::checks::Code;

use crate::{passed, refused};

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
    // The way back is open whatever price it asks: what is held is not worth more for it.
    passed(Code::R06, |w| {
        w.traded(Side::Buy, 500, PRICE);
        gross(w, 1);
        net(w, 1);
        w.sell(Side::Sell, 1);
        w.order.price = PRICE + PRICE / 50;
    });
    // It ends at zero: no short position beyond the bound comes of a long one beyond it.
    let through_zero = |w: &mut World, sold| {
        w.traded(Side::Buy, 500, PRICE);
        net(w, 10_000);
        w.sell(Side::SellShort, sold);
    };
    passed(Code::R06, |w| through_zero(w, 600));
    refused(Code::R06, |w| through_zero(w, 601));
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
    passed(Code::R07, |w| {
        w.traded(Side::Buy, 500, PRICE);
        w.limits.firm.max_open_notional = 1;
        w.sell(Side::Sell, 100);
        w.order.price = PRICE + PRICE / 50;
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
