//! Trades and replacements in the orders in which a venue may tell them.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{PRICE, id, order, parent};
use cws_abi::{ExecKind, Execution, Side};
use cws_journal::{KillScope, Trigger};
use cws_risk::book::OrderState;
use cws_risk::order::Order;
use play::{Play, accepted, canceled, executed, replaced};

#[test]
fn a_trade_after_the_cancel_is_booked() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&accepted(1, 100, PRICE));
    // The venue cancels what is open there; a trade of 40 is still on its way.
    play.say(&canceled(1, 60));
    assert_eq!(play.core.book.orders[&id(1).bits()].leaves, 40);
    play.say(&executed(1, 40, PRICE, 7));
    let open = &play.core.book.orders[&id(1).bits()];
    assert_eq!(
        (open.state, open.cum, open.leaves),
        (OrderState::Done, 40, 0)
    );
    play.say(&executed(1, 5, PRICE, 8));
    assert_eq!(play.position(), 45, "even one that nobody expected");
}

#[test]
fn a_cancel_that_went_through_is_answered_once() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&accepted(1, 100, PRICE));
    play.cancel(2, 1);
    play.executions.clear();
    play.say(&canceled(1, 100));
    let told: Vec<u8> = play.executions.iter().map(|told| told.kind).collect();
    assert_eq!(told, [ExecKind::Canceled as u8], "and not refused as well");
}

#[test]
fn a_trade_before_the_acknowledgement_is_booked() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 30, PRICE, 7));
    play.say(&accepted(1, 100, PRICE));
    let open = &play.core.book.orders[&id(1).bits()];
    assert_eq!(
        (open.state, open.cum, open.leaves, open.counted),
        (OrderState::Live, 30, 70, 70)
    );
    assert_eq!(play.last().leaves_qty, 70);
}

#[test]
fn a_replacement_counts_once() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&accepted(1, 100, PRICE));
    play.say(&executed(1, 20, PRICE, 1));
    let larger = Order {
        replaces: id(1).bits(),
        ..order(2, Side::Buy, 150, PRICE - 10_000_000)
    };
    play.place(&larger);
    assert_eq!(
        play.core.book.exposure.symbols[&1].open_buy, 130,
        "80 rest, 50 more are asked for"
    );
    assert_eq!(play.core.book.parents[&1].open, 130);
    play.say(&replaced(2, 1, 130, PRICE - 10_000_000));
    assert_eq!(play.core.book.exposure.symbols[&1].open_buy, 130);
    assert_eq!(play.core.book.orders[&id(1).bits()].state, OrderState::Done);
    play.say(&executed(2, 130, PRICE, 2));
    assert_eq!(
        (
            play.position(),
            play.core.book.parents[&1].executed,
            play.core.book.parents[&1].open
        ),
        (150, 150, 0)
    );
}

#[test]
fn a_trade_of_a_replacement_that_overtakes_its_word_is_taken_off_once() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&accepted(1, 100, PRICE));
    let better = Order {
        replaces: id(1).bits(),
        ..order(2, Side::Buy, 100, PRICE + 10_000_000)
    };
    play.place(&better);
    play.say(&executed(2, 30, PRICE, 7));
    play.say(&replaced(2, 1, 100, PRICE + 10_000_000));
    let open = play.core.book.orders[&id(2).bits()];
    assert_eq!((open.cum, open.leaves, open.counted), (30, 70, 70));
    assert_eq!(play.last().leaves_qty, 70);
    play.say(&executed(2, 70, PRICE, 8));
    assert_eq!(play.position(), 100);
    assert!(
        !play.core.status.killed_firm,
        "no more traded than was left"
    );
}

#[test]
fn a_chain_of_replacements_stays_within_its_parent() {
    let mut play = Play::new();
    play.act(|core, now, fx| {
        core.register(parent(9, Side::Buy, 100), now, fx)
            .expect("sound")
    });
    let of_parent = |counter, replaces, quantity| Order {
        parent_id: 9,
        replaces,
        ..order(counter, Side::Buy, quantity, PRICE)
    };
    play.place(&of_parent(1, 0, 100));
    play.say(&accepted(1, 100, PRICE));
    play.say(&executed(1, 50, PRICE, 1));
    // The size of a replacement counts what the order that it names has traded: 50 are left of these 100.
    play.place(&of_parent(2, id(1).bits(), 100));
    play.say(&replaced(2, 1, 50, PRICE));
    // That one has traded nothing: the venue would open all 100, and 50 of the parent are gone.
    play.place(&of_parent(3, id(2).bits(), 100));
    assert_eq!(
        (play.last().order_id, play.last().kind, play.last().reason),
        (id(3).bits(), ExecKind::RejectedByRisk as u8, 13)
    );
}

#[test]
fn an_order_that_was_accepted_dead_is_over() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    let mut dead = accepted(1, 100, PRICE);
    let order_state = dead.len() - 2;
    dead[order_state] = b'D';
    play.say(&dead);
    let open = play.core.book.orders[&id(1).bits()];
    assert_eq!((open.state, open.leaves), (OrderState::Done, 0));
    assert_eq!(
        (play.last().kind, play.last().leaves_qty),
        (ExecKind::Canceled as u8, 0)
    );
    assert_eq!(play.core.book.parents[&1].open, 0);
    play.place(&order(2, Side::Buy, 100, PRICE - 10_000_000));
    play.say(&accepted(2, 100, PRICE - 10_000_000));
    play.place(&Order {
        replaces: id(2).bits(),
        ..order(3, Side::Buy, 120, PRICE - 10_000_000)
    });
    let mut dead = replaced(3, 2, 120, PRICE - 10_000_000);
    let order_state = dead.len() - 16;
    dead[order_state] = b'D';
    play.say(&dead);
    assert_eq!(play.last().leaves_qty, 0);
    for counter in [2, 3] {
        let open = play.core.book.orders[&id(counter).bits()];
        assert_eq!((open.state, open.leaves), (OrderState::Done, 0));
    }
    assert_eq!(play.core.book.parents[&1].open, 0);
}

#[test]
fn a_replacement_of_what_has_traded_away_is_concluded() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.place(&Order {
        replaces: id(1).bits(),
        ..order(2, Side::Buy, 120, PRICE)
    });
    play.say(&executed(1, 100, PRICE, 1));
    let last = play.last();
    assert_eq!(
        (last.order_id, last.kind),
        (id(2).bits(), ExecKind::RejectedByVenue as u8)
    );
    assert_eq!(play.core.book.exposure.symbols[&1].open_buy, 0);
}

#[test]
fn what_was_told_before_changes_nothing() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 30, PRICE, 7));
    let filled = play.last();
    let told = play.executions.len();
    let seq = play.venue_seq;
    play.act(|core, now, fx| core.message(seq, &executed(1, 10, PRICE, 8), now, fx));
    assert_eq!(play.executions.len(), told, "a number that was seen");
    play.core.book.apply(&Execution { seq: 99, ..filled }, 1);
    assert_eq!(play.position(), 30, "a trade that was booked");
}

#[test]
fn a_cut_does_not_take_back_that_a_kill_wants_the_rest_gone() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&accepted(1, 100, PRICE));
    play.act(|core, now, fx| {
        core.kill(
            KillScope::Firm,
            "",
            Trigger::Command,
            ("ops", "drill"),
            now,
            fx,
        );
    });
    assert_eq!(play.sent_cancels(), [id(1)]);
    // The venue cuts a part (self-match prevention, a cut on its way); then the line breaks before it reads our cancel.
    play.say(&canceled(1, 40));
    play.down();
    play.up();
    assert_eq!(play.sent_cancels(), [id(1), id(1)], "asked for again");
}

#[test]
fn an_order_that_the_venue_has_after_all_counts_and_is_cancelled() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.down();
    play.up();
    assert_eq!(play.last().kind, ExecKind::NotAtVenue as u8);
    assert_eq!(play.core.book.exposure.symbols[&1].open_buy, 0);
    play.say(&accepted(1, 100, PRICE));
    let open = play.core.book.orders[&id(1).bits()];
    assert_eq!(
        (open.state, open.leaves, open.counted),
        (OrderState::Live, 100, 100)
    );
    assert_eq!(play.core.book.parents[&1].open, 100);
    assert_eq!(play.sent_cancels(), [id(1)]);
    play.say(&canceled(1, 100));
    play.say(&accepted(1, 100, PRICE));
    assert_eq!(
        play.core.book.exposure.symbols[&1].open_buy, 0,
        "one that ended is no news"
    );
    assert_eq!(play.sent_cancels(), [id(1)]);
}

#[test]
fn a_replacement_that_the_venue_has_after_all_takes_the_place_and_is_cancelled() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&accepted(1, 100, PRICE));
    play.place(&Order {
        replaces: id(1).bits(),
        ..order(2, Side::Buy, 120, PRICE)
    });
    play.down();
    play.up();
    play.say(&replaced(2, 1, 120, PRICE));
    assert_eq!(play.core.book.exposure.symbols[&1].open_buy, 120);
    assert_eq!(play.core.book.orders[&id(1).bits()].state, OrderState::Done);
    assert_eq!(play.sent_cancels(), [id(2)]);
}
