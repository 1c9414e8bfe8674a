//! What positions are valued at, and when a day began: a restart finds the profit of the life before.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{PRICE, S, order, signed};
use cws_abi::Side;
use cws_journal::Entry;
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::settings::Settings;
use cws_risk::signing::SignedLimits;
use play::{Play, executed, records};

const DOLLAR: i64 = S as i64;
const DAY: u64 = 86_400 * S;

/// Limits of that moment, with a reference of that moment.
fn limits(play: &Play, version: u64, reference: i64) -> SignedLimits {
    let mut signed = signed();
    let limits = &mut signed.limits;
    (limits.version, limits.valid_until_ns) = (version, u64::MAX);
    let symbol = limits.symbols.get_mut(&1).expect("AAPL");
    (symbol.reference_price, symbol.reference_ns) = (reference, play.now.utc_ns);
    signed
}

/// The next life, as the shell starts it. Its records follow those of the life before.
fn restart(before: Play, signed: &SignedLimits) -> Play {
    let mut core = Core::new(Settings::default());
    core.take_limits(signed.clone());
    let mut fx = Effects::default();
    for record in records(&before.entries) {
        core.replay(&record, &mut fx).expect("its own journal");
    }
    let mut play = Play { core, ..before };
    play.later(S);
    play.act(|core, now, fx| {
        let start = Entry::Start {
            build_hash: [0; 32],
            version: "1".into(),
        };
        fx.entries.push((now.utc_ns, start));
        core.replayed(now, fx);
        core.set_limits(signed.clone(), now, fx);
    });
    play
}

fn made(play: &Play) -> i128 {
    play.core.book.exposure.firm_pnl / i128::from(S)
}

fn bought(price: i64) -> Play {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, price));
    play.say(&executed(1, 100, price, 1));
    play
}

#[test]
fn a_loss_of_weeks_ago_is_none_of_today_however_often_risk_starts() {
    let mut play = bought(PRICE);
    play.later(20 * DAY);
    let signed = limits(&play, 2, PRICE - 20 * DOLLAR);
    for _ in 0..3 {
        play = restart(play, &signed);
        assert_eq!(made(&play), 0);
        play.tick();
    }
    let told = |what: fn(&Entry) -> bool| play.entries.iter().filter(|(_, e)| what(e)).count();
    assert_eq!(told(|e| matches!(e, Entry::Day { .. })), 2);
    assert_eq!(
        told(|e| matches!(e, Entry::Mark { .. })),
        2,
        "one for the parent, one moved"
    );
}

#[test]
fn a_loss_of_today_stays_one_however_often_risk_starts() {
    let mut play = bought(PRICE - 4 * DOLLAR);
    play.later(20 * DAY);
    let signed = limits(&play, 2, PRICE);
    play = restart(play, &signed);
    play.later(S);
    let signed = limits(&play, 3, PRICE - 30 * DOLLAR);
    play.act(|core, now, fx| core.set_limits(signed.clone(), now, fx));
    for _ in 0..3 {
        assert_eq!(made(&play), -3_000);
        play = restart(play, &signed);
    }
}

/// The day began before its first reference was there: what the night lost, today lost.
#[test]
fn the_marks_of_midnight_are_where_the_day_begins() {
    let mut play = bought(PRICE);
    play.later(DAY);
    play.tick();
    let signed = limits(&play, 2, PRICE - 2 * DOLLAR);
    play.act(|core, now, fx| core.set_limits(signed.clone(), now, fx));
    for _ in 0..3 {
        assert_eq!(made(&play), -200);
        play = restart(play, &signed);
    }
}

/// A journal from before marks and days were told: days begin with their first records.
#[test]
fn an_older_journal_is_read_as_it_was() {
    let mut play = bought(PRICE);
    let today = play.core.book.day;
    play.later(DAY);
    play.tick();
    play.down();
    play.entries
        .retain(|(_, entry)| !matches!(entry, Entry::Mark { .. } | Entry::Day { .. }));
    let signed = limits(&play, 2, PRICE - 2 * DOLLAR);
    play = restart(play, &signed);
    assert_eq!((made(&play), play.core.book.day), (-200, today + 1));
    // The first start that tells of a day may come on a day that older records did not reach.
    play.later(DAY);
    let signed = limits(&play, 3, PRICE - 9 * DOLLAR);
    for _ in 0..3 {
        play = restart(play, &signed);
        assert_eq!((made(&play), play.core.book.day), (0, today + 2));
    }
}
