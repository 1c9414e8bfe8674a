//! R06, R07, R08 and R20 against a second statement of their rules: what the firm has at stake.

use crate::common::{PRICE, S};
use cws_abi::Side;
use cws_risk::checks::Code;

use crate::judge::{agrees, side, world};

#[test]
fn r06() {
    agrees(
        Code::R06,
        (side(), -300..300_i64, 1..200_i64, 0..600_i64, 0..600_i64),
        |(side, held, quantity, gross, net)| {
            let mut w = world(side, quantity, PRICE);
            let past = if held < 0 { Side::SellShort } else { Side::Buy };
            w.traded(past, held.abs(), PRICE);
            let money = |shares: i64| i128::from(shares) * i128::from(PRICE);
            (
                w.limits.firm.max_gross_notional,
                w.limits.firm.max_net_notional,
            ) = (money(gross), money(net));
            let sign = if side == Side::Buy { 1 } else { -1 };
            let after = held + sign * quantity;
            let nearer = after.abs() < held.abs();
            let gross_kept = after.abs() <= gross || nearer;
            let net_kept = after.abs() <= net || nearer && after * held >= 0;
            (w, gross_kept && net_kept)
        },
    );
}

#[test]
fn r07() {
    agrees(
        Code::R07,
        (side(), 1..300_i64, 1..300_i64, 1..200_i64, 0..600_i64),
        |(side, buys, sells, quantity, max)| {
            let mut w = world(side, quantity, PRICE);
            w.open(1, Side::Buy, buys, PRICE);
            w.open(2, Side::Sell, sells, PRICE);
            w.limits.firm.max_open_notional = i128::from(max) * i128::from(PRICE);
            let (b, s) = if side == Side::Buy {
                (buys + quantity, sells)
            } else {
                (buys, sells + quantity)
            };
            let (before, after) = (buys.max(sells), b.max(s));
            (w, after <= max || after == before)
        },
    );
}

#[test]
fn r08() {
    agrees(
        Code::R08,
        (1..100_i64, 0..100_i64, 0..10_000_i64, 0..10_000_i64),
        |(held, fall, strategy, firm)| {
            let mut w = world(Side::Buy, 1, PRICE);
            w.traded(Side::Buy, held, PRICE);
            w.book.exposure.set_mark(1, PRICE - fall * S as i64, 3);
            let money = |loss: i64| i128::from(loss) * i128::from(S);
            let row = w.limits.strategies.get_mut(&1).expect("one");
            row.max_daily_loss = money(strategy);
            w.limits.firm.max_daily_loss = money(firm);
            (w, held * fall < strategy.min(firm))
        },
    );
}

#[test]
fn r20() {
    agrees(
        Code::R20,
        (1..1_000_i64, 0..20_000_u32, 0..200_000_i64),
        |(quantity, margin, capital)| {
            let mut w = world(Side::Buy, quantity, PRICE);
            (w.limits.firm.margin_bps, w.limits.firm.capital) =
                (margin, i128::from(capital) * i128::from(S));
            let needed = i128::from(quantity) * 100 * i128::from(margin);
            (w, needed <= i128::from(capital) * 10_000)
        },
    );
}
