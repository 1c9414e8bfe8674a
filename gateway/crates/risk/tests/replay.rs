//! A life of random orders, answers and breaks, read again from its journal, ends where it ended; and the sums that the
//! book keeps are the sums of what it holds.

mod common;
#[path = "common/play.rs"]
mod play;

use std::collections::{BTreeMap, HashMap};

use common::{NOW, PRICE, id, intent, order};
use cws_abi::{IntentKind, OrderIntent, Side};
use cws_journal::{KillScope, Trigger};
use cws_risk::book::{Book, OrderState};
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::order::{Order, sign};
use cws_risk::settings::Settings;
use play::{Play, accepted, canceled, executed, records, rejected, replaced};
use proptest::prelude::*;

/// What happens next; numbers choose among orders that exist.
#[derive(Clone, Debug)]
enum Step {
    Place(bool, i64),
    Replace(u64, i64),
    Cancel(u64),
    /// Down to so many shares.
    Keep(u64, i64),
    Accept(u64),
    Trade(u64, u32),
    TradeAgain(u64),
    Cut(u64, u32),
    Reject(u64),
    Replaced(u64),
    Copy(u64),
    Down,
    Up,
    Kill,
    Rearm,
    /// New limits: so many dollars above the usual reference, and whether they are the next day's first word.
    Reference(i64, bool),
    Midnight,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 1..30_u64;
    prop_oneof![
        4 => (any::<bool>(), 1..300_i64).prop_map(|(buy, quantity)| Step::Place(buy, quantity)),
        1 => (which.clone(), 1..300_i64).prop_map(|(of, quantity)| Step::Replace(of, quantity)),
        1 => which.clone().prop_map(Step::Cancel),
        1 => (which.clone(), 1..100_i64).prop_map(|(of, keep)| Step::Keep(of, keep)),
        2 => which.clone().prop_map(Step::Accept),
        4 => (which.clone(), 1..100_u32).prop_map(|(of, shares)| Step::Trade(of, shares)),
        1 => which.clone().prop_map(Step::TradeAgain),
        1 => (which.clone(), 1..300_u32).prop_map(|(of, shares)| Step::Cut(of, shares)),
        1 => which.clone().prop_map(Step::Reject),
        1 => which.clone().prop_map(Step::Replaced),
        1 => which.prop_map(Step::Copy),
        1 => Just(Step::Down),
        1 => Just(Step::Up),
        1 => Just(Step::Kill),
        2 => Just(Step::Rearm),
        2 => (-2..3_i64, any::<bool>()).prop_map(|(up, first)| Step::Reference(up, first)),
        1 => Just(Step::Midnight),
    ]
}

fn act(play: &mut Play, step: &Step, next: &mut u64, trades: &mut Vec<Vec<u8>>) {
    let known = |play: &Play, of: u64| play.core.book.orders.get(&id(of).bits()).copied();
    play.later(20_000_000);
    match *step {
        Step::Place(buy, quantity) => {
            let (side, parent_id) = if buy {
                (Side::Buy, 1)
            } else {
                (Side::SellShort, 3)
            };
            // Apart, so that they do not match each other.
            let price = if buy { PRICE } else { PRICE + 10_000_000 };
            play.place(&Order {
                parent_id,
                ..order(*next, side, quantity, price)
            });
            *next += 1;
        }
        Step::Replace(of, quantity) => {
            if let Some(old) = known(play, of) {
                let new = Order {
                    id: id(*next),
                    replaces: id(of).bits(),
                    quantity,
                    ..old.order
                };
                play.place(&new);
                *next += 1;
            }
        }
        Step::Cancel(of) => {
            play.cancel(*next, of);
            *next += 1;
        }
        Step::Keep(of, keep) => {
            play.push(OrderIntent {
                orig_order_id: id(of).bits(),
                kind: IntentKind::Cancel as u8,
                quantity: keep,
                ..intent(0, &order(*next, Side::Buy, 1, PRICE))
            });
            *next += 1;
        }
        Step::Accept(of) => {
            if let Some(open) = known(play, of) {
                play.say(&accepted(of, open.order.quantity as u32, open.order.price));
            }
        }
        Step::Trade(of, shares) => {
            if let Some(open) = known(play, of).filter(|open| open.open()) {
                let shares = shares.min(open.leaves as u32);
                let trade = executed(of, shares, open.order.price, trades.len() as u64 + 1);
                play.say(&trade);
                trades.push(trade);
            }
        }
        Step::TradeAgain(at) => {
            if let Some(trade) = trades.get(at as usize).cloned() {
                play.say(&trade);
            }
        }
        Step::Cut(of, shares) => {
            if let Some(open) = known(play, of) {
                play.say(&canceled(of, shares.min(open.leaves as u32)));
            }
        }
        Step::Reject(of) => {
            if known(play, of).is_some_and(|open| open.state == OrderState::Sent) {
                play.say(&rejected(of, b'X'));
            }
        }
        Step::Replaced(of) => {
            if let Some(open) = known(play, of)
                && let Some(old) = (1..*next).find(|n| id(*n).bits() == open.order.replaces)
            {
                play.say(&replaced(of, old, open.leaves as u32, open.order.price));
            }
        }
        Step::Copy(at) => {
            if let Some(trade) = trades.get(at as usize).cloned() {
                let seq = play.core.drop_copy.seq + 1;
                play.drop_copy(seq, &trade);
            }
        }
        Step::Down => play.down(),
        Step::Up => play.up(),
        Step::Kill => play.act(|core, now, fx| {
            core.kill(
                KillScope::Strategy,
                "one",
                Trigger::Command,
                ("ops", "drill"),
                now,
                fx,
            );
        }),
        Step::Rearm => play.rearm_strategy(),
        Step::Reference(up, first) => {
            if first {
                overnight(play);
            }
            let mut signed = play.core.limits.clone().expect("set");
            let symbol = signed.limits.symbols.get_mut(&1).expect("AAPL");
            symbol.reference_price = PRICE + up * 1_000_000_000;
            symbol.reference_ns = play.now.utc_ns;
            play.act(|core, now, fx| core.set_limits(signed, now, fx));
        }
        Step::Midnight => overnight(play),
    }
    play.tick();
}

/// Once in a life: orders of the day before the last are forgotten, and the sums are found again by going through orders.
fn overnight(play: &mut Play) {
    let day = 86_400_000_000_000;
    if play.now.utc_ns / day == NOW.utc_ns / day {
        play.later(day);
    }
}

type Row = (Order, OrderState, [i64; 4], bool, u64, u64);

fn orders(book: &Book) -> BTreeMap<u64, Row> {
    let row = |open: &cws_risk::book::OpenOrder| {
        let sums = [open.cum, open.cum_before, open.leaves, open.counted];
        (
            open.order,
            open.state,
            sums,
            open.cancel_wanted,
            open.cancel_id,
            open.replaced_by,
        )
    };
    book.orders
        .iter()
        .map(|(id, open)| (*id, row(open)))
        .collect()
}

/// The sums of the book, found again by going through everything.
fn recount(book: &Book) {
    let mut open: HashMap<(u16, bool), i64> = HashMap::new();
    let mut held: HashMap<u16, i64> = HashMap::new();
    let mut parents: HashMap<u64, (i64, i64)> = HashMap::new();
    for o in book.orders.values() {
        *open
            .entry((o.order.symbol, o.order.side == Side::Buy))
            .or_default() += o.counted;
        *held.entry(o.order.symbol).or_default() += sign(o.order.side) * o.cum;
        let parent = parents.entry(o.order.parent_id).or_default();
        *parent = (parent.0 + o.cum, parent.1 + o.counted);
        assert!(
            o.counted >= 0 && o.leaves >= 0 && (o.open() || o.counted == 0),
            "{o:?}"
        );
    }
    let listed: Vec<u64> = book.open_ids(|_| true);
    let found = book.orders.iter().filter(|(_, o)| o.open());
    assert_eq!(listed, found.map(|(id, _)| *id).collect::<Vec<_>>());
    let mut totals = cws_risk::book::Totals::default();
    for (no, symbol) in &book.exposure.symbols {
        let sum = |buy| open.get(&(*no, buy)).copied().unwrap_or(0);
        assert_eq!((symbol.open_buy, symbol.open_sell), (sum(true), sum(false)));
        assert_eq!(symbol.position, held.get(no).copied().unwrap_or(0));
        let these = symbol.totals_with(0, 0, 0, symbol.mark);
        totals.gross += these.gross;
        totals.net += these.net;
        totals.worst += these.worst;
    }
    assert_eq!(book.exposure.totals, totals);
    for (no, parent) in &book.parents {
        assert_eq!(
            (parent.executed, parent.open),
            parents.get(no).copied().unwrap_or((0, 0))
        );
    }
    let pnl: i128 = book
        .exposure
        .holdings
        .values()
        .map(|holding| holding.pnl)
        .sum();
    assert_eq!(book.exposure.firm_pnl, pnl);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_replay_ends_where_the_life_before_it_ended(steps in prop::collection::vec(step(), 1..80)) {
        let mut play = Play::new();
        let limits = &mut play.core.limits.as_mut().expect("set").limits;
        (limits.valid_until_ns, limits.firm.max_reference_age_s) = (u64::MAX, u32::MAX);
        let before = play.executions.len();
        let (mut next, mut trades) = (1, Vec::new());
        for step in &steps {
            act(&mut play, step, &mut next, &mut trades);
            recount(&play.core.book);
        }
        let mut again = Core::new(Settings::default());
        again.take_limits(play.core.limits.clone().expect("set"));
        let mut fx = Effects::default();
        for record in records(&play.entries) {
            again.replay(&record, &mut fx).expect("its own journal");
        }
        let life = &play.core;
        prop_assert_eq!(orders(&again.book), orders(&life.book));
        prop_assert_eq!(&again.book.trades, &life.book.trades);
        prop_assert_eq!(&again.book.parents, &life.book.parents);
        let (found, left) = (&again.book.exposure, &life.book.exposure);
        prop_assert_eq!(&found.holdings, &left.holdings);
        prop_assert_eq!(&found.symbols, &left.symbols);
        prop_assert_eq!(&found.strategy_pnl, &left.strategy_pnl);
        prop_assert_eq!((found.firm_pnl, found.totals), (left.firm_pnl, left.totals));
        prop_assert_eq!((again.book.day, again.book.orders_today), (life.book.day, life.book.orders_today));
        prop_assert_eq!(again.book.epoch, life.book.epoch);
        prop_assert_eq!((again.execution_seq(), again.intent_seq(), again.venue_seq()),
            (life.execution_seq(), life.intent_seq(), life.venue_seq()));
        prop_assert_eq!(again.session(), life.session());
        prop_assert_eq!(&again.status.killed_strategies, &life.status.killed_strategies);
        prop_assert_eq!(again.status.phase, life.status.phase);
        prop_assert_eq!(again.drop_copy.differences(), life.drop_copy.differences());
        // The ring would be told the same, number for number (the first of them before the world was made).
        let told: Vec<_> = fx.executions.iter().skip(fx.executions.len() - (play.executions.len() - before)).collect();
        prop_assert_eq!(told, play.executions.iter().collect::<Vec<_>>());
        recount(&again.book);
    }
}
