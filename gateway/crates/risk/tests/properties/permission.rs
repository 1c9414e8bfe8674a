//! R14, R15, R16, R22 and R23 against a second statement of their rules: is it allowed, here and now.

use crate::common::{NOW, PRICE};
use cws_abi::Side;
use cws_risk::checks::Code;
use cws_risk::limits::{Phase, Restricted};
use cws_risk::status::SessionState;
use proptest::prelude::*;

use crate::judge::{agrees, around, side, world};

#[test]
fn r14() {
    agrees(Code::R14, (side(), 0..4_usize), |(side, rule)| {
        let mut w = world(side, 1, PRICE);
        let rules = [
            Restricted::No,
            Restricted::Buy,
            Restricted::Sell,
            Restricted::All,
        ];
        w.limits.symbols.get_mut(&1).expect("one").restricted = rules[rule];
        let forbidden =
            rule == 3 || rule == 1 && side == Side::Buy || rule == 2 && side != Side::Buy;
        (w, !forbidden)
    });
}

#[test]
fn r15() {
    agrees(
        Code::R15,
        (side(), 0..200_i64, 1..100_i64, 1..200_i64, 0..300_i64),
        |(side, held, open, quantity, located)| {
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
            (w, allowed)
        },
    );
}

#[test]
fn r16() {
    agrees(
        Code::R16,
        (any::<u8>(), around(50_000_000), around(5)),
        |(bits, beat_age, left)| {
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
            (w, sound)
        },
    );
}

#[test]
fn r22() {
    agrees(
        Code::R22,
        (
            0..3_usize,
            0..3_usize,
            prop::collection::vec(0..3_usize, 0..3),
        ),
        |(symbol, strategy, firm)| {
            let names = ["USD", "JPY", "HKD"];
            let mut w = world(Side::Buy, 1, PRICE);
            w.limits.symbols.get_mut(&1).expect("one").currency = names[symbol].into();
            w.limits.strategies.get_mut(&1).expect("one").currency = names[strategy].into();
            w.limits.firm.currencies = firm.iter().map(|at| names[*at].into()).collect();
            (w, symbol == strategy && firm.contains(&symbol))
        },
    );
}

#[test]
fn r23() {
    agrees(
        Code::R23,
        (0..3_usize, prop::collection::vec(0..3_usize, 0..3)),
        |(now, allowed)| {
            let phases = [Phase::Before, Phase::Open, Phase::After];
            let mut w = world(Side::Buy, 1, PRICE);
            w.status.phase = phases[now];
            w.limits.strategies.get_mut(&1).expect("one").phases =
                allowed.iter().map(|at| phases[*at]).collect();
            (w, allowed.contains(&now))
        },
    );
}
