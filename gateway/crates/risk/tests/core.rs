//! The core without a process: what it does about trades, losses, silence and restarts.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{NOW, PRICE, S, id, order};
use cws_abi::{ExecKind, Execution, Side};
use cws_journal::Entry;
use cws_risk::book::OrderState;
use cws_risk::order::Order;
use cws_risk::status::{SessionState, State};
use play::{Play, executed, rejected};

fn limits(play: &mut Play) -> &mut cws_risk::limits::Limits {
    &mut play.core.limits.as_mut().expect("set").limits
}

#[test]
fn a_runaway_strategy_is_stopped_within_its_bucket_and_killed() {
    let mut play = Play::new();
    limits(&mut play)
        .strategies
        .get_mut(&1)
        .expect("one")
        .rate_kills_at = 500;
    for counter in 1..=1000 {
        let price = PRICE - (counter % 400) as i64 * 10_000_000;
        play.place(&order(counter, Side::Buy, 1 + counter as i64 / 400, price));
    }
    assert_eq!(play.sent_orders().len(), 100, "the burst and no more");
    assert!(play.core.status.killed_strategies.contains("one"));
    assert_eq!(play.sent_cancels().len(), 100);
    assert_eq!(play.core.counters.refused[9], 900);
}

#[test]
fn repeated_executions_kill_the_strategy() {
    let mut play = Play::new();
    limits(&mut play)
        .strategies
        .get_mut(&1)
        .expect("one")
        .max_repeated_executions = 3;
    play.place(&order(1, Side::Buy, 100, PRICE));
    for trade in 1..=3 {
        play.say(&executed(1, 1, PRICE, trade));
    }
    assert!(play.core.status.killed_strategies.is_empty());
    play.say(&executed(1, 1, PRICE, 4));
    assert!(play.core.status.killed_strategies.contains("one"));
    assert_eq!(play.sent_cancels(), [id(1)]);
    play.rearm_strategy();
    play.place(&order(2, Side::Buy, 10, PRICE));
    assert_eq!(play.sent_orders().len(), 2, "a person looked: it may go on");
}

#[test]
fn a_loss_reduces_first_and_kills_then() {
    let mut play = Play::new();
    let all = limits(&mut play);
    all.firm.reduce_at_loss = 499 * i128::from(S);
    all.firm.max_daily_loss = 1_000 * i128::from(S);
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 100, PRICE, 1));
    let fall = |play: &mut Play, counter: u64, price: i64| {
        let sale = Order {
            parent_id: 2,
            ..order(counter, Side::Sell, 1, price)
        };
        play.place(&sale);
        play.say(&executed(counter, 1, price, 10 + counter));
    };
    fall(&mut play, 2, 96 * S as i64);
    assert_eq!(play.state(), State::Active);
    fall(&mut play, 3, 95 * S as i64);
    assert_eq!(play.state(), State::Reducing);
    play.place(&order(4, Side::Buy, 1, 95 * S as i64));
    assert_eq!(play.last().reason, 16, "only what reduces");
    limits(&mut play)
        .symbols
        .get_mut(&1)
        .expect("one")
        .collar_bps = 5_000;
    fall(&mut play, 5, 89 * S as i64);
    assert_eq!(play.state(), State::Halted);
    assert!(play.core.status.killed_firm);
}

#[test]
fn a_cancel_that_came_too_late_is_concluded() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.cancel(2, 1);
    assert_eq!(play.sent_cancels(), [id(1)]);
    play.say(&executed(1, 100, PRICE, 1));
    let last = play.last();
    let expected = (id(2).bits(), id(1).bits(), ExecKind::CancelRejected as u8);
    assert_eq!((last.order_id, last.orig_order_id, last.kind), expected);
    play.cancel(3, 99);
    assert_eq!(
        (play.last().kind, play.last().reason),
        (ExecKind::CancelRejected as u8, 11)
    );
}

#[test]
fn cancels_pass_in_every_state() {
    let halts: [fn(&mut Play); 4] = [
        |play| play.core.status.killed_firm = true,
        |play| limits(play).valid_until_ns = 0,
        |play| play.core.status.journal_failed = true,
        |play| play.core.status.beat_ns = 0,
    ];
    for halt in halts {
        let mut play = Play::new();
        play.place(&order(1, Side::Buy, 100, PRICE));
        halt(&mut play);
        assert_eq!(play.state(), State::Halted);
        play.cancel(2, 1);
        assert_eq!(play.sent_cancels(), [id(1)]);
    }
}

#[test]
fn a_cancel_without_a_session_leaves_after_the_login() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.down();
    play.cancel(2, 1);
    assert!(play.sent_cancels().is_empty());
    play.up();
    assert_eq!(play.sent_cancels(), [id(1)]);
}

#[test]
fn a_halted_symbol_is_left_alone_for_a_while() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&rejected(1, b'H'));
    play.place(&order(2, Side::Buy, 101, PRICE));
    assert_eq!(play.last().reason, 16);
    play.later(S);
    play.place(&order(3, Side::Buy, 102, PRICE));
    assert_eq!(play.sent_orders().len(), 2);
}

#[test]
fn a_stranger_s_trade_kills_the_firm() {
    let mut play = Play::new();
    play.say(&executed(77, 100, PRICE, 1));
    assert!(play.core.status.killed_firm);
}

#[test]
fn an_answer_that_is_overdue_breaks_the_session() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.later(2 * S);
    play.tick();
    assert_eq!(play.core.status.session, SessionState::Up);
    play.later(20_000_000);
    play.tick();
    assert!(play.relogin);
    assert_eq!(
        play.core.book.orders[&id(1).bits()].state,
        OrderState::Unknown
    );
}

#[test]
fn a_jump_in_the_ring_is_tampering() {
    let mut play = Play::new();
    play.intent_seq += 1;
    play.place(&order(1, Side::Buy, 100, PRICE));
    assert!(play.core.status.ring_failed && play.sent_orders().is_empty());
}

#[test]
fn drop_copy_agrees_trade_by_trade() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 40, PRICE, 1));
    play.say(&executed(1, 60, PRICE, 2));
    play.drop_copy(1, &executed(1, 40, PRICE, 1));
    play.drop_copy(2, &executed(1, 60, PRICE - 100_000, 2));
    play.drop_copy(2, &executed(1, 60, PRICE, 2));
    let [ours, theirs] = play.core.drop_copy.differences();
    assert_eq!(ours, [(id(1).bits(), 2, 60, PRICE)]);
    assert_eq!(theirs, [(id(1).bits(), 2, 60, PRICE - 100_000)]);
    play.drop_copy(3, &executed(1, 60, PRICE, 2));
    assert_eq!(play.core.drop_copy.differences()[0], [], "told at last");
}

fn last_drop_copy(play: &Play) -> Execution {
    let told = play
        .entries
        .iter()
        .rev()
        .find_map(|(_, entry)| match entry {
            Entry::DropCopy(told) => Some(*told),
            _ => None,
        });
    told.expect("journaled")
}

#[test]
fn drop_copy_says_whose_order_it_was() {
    let mut play = Play::new();
    play.place(&Order {
        parent_id: 3,
        ..order(1, Side::SellShort, 100, PRICE)
    });
    play.drop_copy(1, &executed(1, 40, PRICE, 1));
    let told = last_drop_copy(&play);
    assert_eq!(
        (told.side, told.parent_id, told.symbol, told.strategy),
        (Side::SellShort as u8, 3, 1, 1)
    );
    assert_eq!(told.kind, ExecKind::Filled as u8);
    assert_eq!((told.last_qty, told.exec_id, told.venue_seq), (40, 1, 1));
}

#[test]
fn stamps_of_the_venue_are_utc() {
    const DAY: u64 = 86_400 * S;
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 40, PRICE, 1));
    // The message says 3.
    assert_eq!(play.last().ts_event_ns - 3, NOW.utc_ns / DAY * DAY);
    play.core.settings.midnight_ns = 5 * DAY;
    play.say(&executed(1, 60, PRICE, 2));
    assert_eq!(play.last().ts_event_ns, 5 * DAY + 3);
    play.drop_copy(1, &executed(1, 40, PRICE, 1));
    assert_eq!(last_drop_copy(&play).ts_event_ns, 5 * DAY + 3);
}

#[test]
fn a_new_day_starts_its_sums_again() {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE));
    play.say(&executed(1, 100, 101 * S as i64, 1));
    play.core.book.exposure.set_mark(1, PRICE, NOW.utc_ns + S);
    assert_eq!(play.core.book.exposure.firm_pnl, -100 * i128::from(S));
    play.later(86_400 * S);
    play.tick();
    let book = &play.core.book;
    assert_eq!(
        (
            book.exposure.firm_pnl,
            book.exposure.symbols[&1].volume,
            book.orders_today
        ),
        (0, 0, 0)
    );
    assert_eq!(play.position(), 100);
    play.core
        .book
        .exposure
        .set_mark(1, 99 * S as i64, NOW.utc_ns + 90_000 * S);
    assert_eq!(
        play.core.book.exposure.firm_pnl,
        -100 * i128::from(S),
        "only what today lost"
    );
}
