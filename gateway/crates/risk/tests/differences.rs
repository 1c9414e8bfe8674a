//! Trades that one of order session and drop copy tells otherwise, over a re-arm: a restart behind it changes nothing.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{PRICE, S, order, signed};
use cws_abi::Side;
use cws_journal::{Entry, KillScope};
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use play::{Play, executed, records};

fn tenths(play: &mut Play, count: usize) {
    for _ in 0..count {
        play.later(S / 10);
        play.tick();
    }
}

/// Killed by a trade that drop copy does not tell.
fn killed() -> Play {
    let mut play = Play::new();
    play.core.settings.drop_copy_settle_ns = S;
    play.act(|core, now, fx| core.drop_copy_up("COPY", false, now, fx));
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 40, PRICE, 1));
    tenths(&mut play, 11);
    assert!(play.core.status.killed_firm);
    play
}

fn rearm(play: &mut Play) {
    play.act(|core, now, fx| {
        core.rearm(KillScope::Firm, "", ("ops", "looked"), now, fx);
    });
    assert!(!play.core.status.killed_firm);
}

fn restart(before: Play) -> Play {
    let mut core = Core::new(before.core.settings.clone());
    core.take_limits(signed());
    let mut fx = Effects::default();
    for record in records(&before.entries) {
        core.replay(&record, &mut fx).expect("its own journal");
    }
    let mut play = Play { core, ..before };
    play.act(|core, now, fx| {
        core.replayed(now, fx);
        core.set_limits(signed(), now, fx);
    });
    play.up();
    play.act(|core, now, fx| core.drop_copy_up("COPY", false, now, fx));
    play
}

#[test]
fn a_difference_that_is_young_at_the_rearm_kills_when_it_is_old() {
    for restarts in 0..3 {
        let mut play = killed();
        play.say(&executed(1, 10, PRICE, 2));
        tenths(&mut play, 5);
        rearm(&mut play);
        for _ in 0..restarts {
            play = restart(play);
        }
        assert!(!play.core.status.killed_firm);
        tenths(&mut play, 12);
        assert!(play.core.status.killed_firm, "after {restarts} restarts");
        rearm(&mut play);
        play = restart(play);
        tenths(&mut play, 30);
        assert!(!play.core.status.killed_firm, "asked once about each");
    }
}

/// It kills nobody, for the firm is dead; it is shown, and seen by whoever re-arms.
#[test]
fn a_difference_that_grew_old_while_the_firm_was_killed_is_seen_at_the_rearm() {
    for restarts in 0..3 {
        let mut play = killed();
        play.say(&executed(1, 10, PRICE, 2));
        tenths(&mut play, 20);
        rearm(&mut play);
        for _ in 0..restarts {
            play = restart(play);
        }
        tenths(&mut play, 30);
        assert!(!play.core.status.killed_firm, "after {restarts} restarts");
        assert_eq!(play.core.drop_copy.open, 2, "and still shown");
    }
}

/// It has no record of what was asked: a re-arm ends all that it knew.
#[test]
fn an_older_journal_says_by_the_rearm_what_was_seen() {
    let mut play = killed();
    rearm(&mut play);
    play.entries
        .retain(|(_, entry)| !matches!(entry, Entry::Difference { .. } | Entry::Day { .. }));
    play = restart(play);
    tenths(&mut play, 30);
    assert!(!play.core.status.killed_firm);
}
