//! One test a rule that venues differ in.

use cws_abi::{Side, Terms};
use cws_matching::{
    CancelReason, Engine, Event, Limits, NewOrder, RejectReason, Request, SelfMatch, Settings,
};

fn open(rule: SelfMatch) -> Engine {
    let mut engine = Engine::new(Settings {
        self_match: rule,
        limits: Limits::default(),
        ticks: vec![1],
    });
    engine.apply(0, Request::StartOfDay, &mut Vec::new());
    engine
}

fn ask(engine: &mut Engine, request: Request) -> Vec<Event> {
    let mut events = Vec::new();
    engine.apply(1, request, &mut events);
    engine.check().expect("invariants hold");
    events
}

fn order(participant: u32, side: Side, terms: Terms, price: i64, quantity: i64) -> Request {
    Request::New(NewOrder {
        participant,
        symbol: 1,
        side,
        terms,
        price,
        quantity,
    })
}

fn day(participant: u32, side: Side, price: i64, quantity: i64) -> Request {
    order(participant, side, Terms::LimitDay, price, quantity)
}

fn rejected(events: &[Event]) -> Option<RejectReason> {
    events.iter().find_map(|event| match event {
        Event::Rejected(rejected) => Some(rejected.reason),
        _ => None,
    })
}

fn canceled(events: &[Event]) -> Vec<(u64, i64, CancelReason)> {
    let found = events.iter().filter_map(|event| match event {
        Event::Canceled(canceled) => Some((canceled.order, canceled.quantity, canceled.reason)),
        _ => None,
    });
    found.collect()
}

fn trades(events: &[Event]) -> Vec<(u64, i64, i64)> {
    let found = events.iter().filter_map(|event| match event {
        Event::Executed(executed) => Some((executed.resting, executed.price, executed.quantity)),
        _ => None,
    });
    found.collect()
}

#[test]
fn better_price_first_then_first_come_at_the_resting_price() {
    let mut engine = open(SelfMatch::CancelAggressor);
    for (price, quantity) in [(11, 5), (10, 5), (10, 5)] {
        ask(&mut engine, day(1, Side::Sell, price, quantity));
    }
    let events = ask(&mut engine, day(2, Side::Buy, 12, 12));
    assert_eq!(trades(&events), [(2, 10, 5), (3, 10, 5), (1, 11, 2)]);
}

#[test]
fn a_replacement_keeps_its_place_only_when_it_shrinks_at_its_price() {
    for (price, quantity, first) in [(10, 4, 1), (10, 5, 1), (10, 6, 2), (11, 4, 2)] {
        let mut engine = open(SelfMatch::CancelAggressor);
        ask(&mut engine, day(1, Side::Sell, 10, 5));
        ask(&mut engine, day(1, Side::Sell, 10, 5));
        let replace = Request::Replace {
            participant: 1,
            order: 1,
            price,
            quantity,
        };
        ask(&mut engine, replace);
        let events = ask(&mut engine, day(2, Side::Buy, 10, 1));
        assert_eq!(trades(&events)[0].0, first, "{price} x {quantity}");
    }
}

#[test]
fn sizes_of_cancel_and_replace_count_what_was_traded() {
    let mut engine = open(SelfMatch::CancelAggressor);
    ask(&mut engine, day(1, Side::Sell, 10, 100));
    ask(&mut engine, day(2, Side::Buy, 10, 40));
    let keep = |keep| Request::Cancel {
        participant: 1,
        order: 1,
        keep,
    };
    assert_eq!(
        canceled(&ask(&mut engine, keep(90))),
        [(1, 10, CancelReason::User)]
    );
    assert_eq!(
        canceled(&ask(&mut engine, keep(70))),
        [(1, 20, CancelReason::User)]
    );
    assert_eq!(engine.order(1).expect("open").open, 30);
    let replace = |quantity| Request::Replace {
        participant: 1,
        order: 1,
        price: 10,
        quantity,
    };
    ask(&mut engine, replace(60));
    assert_eq!(engine.order(1).expect("open").open, 20);
    // The replacement has traded nothing, so 5 is a size of its own.
    ask(&mut engine, replace(5));
    assert_eq!(engine.order(1).expect("open").open, 5);
    assert_eq!(
        canceled(&ask(&mut engine, replace(0))),
        [(1, 5, CancelReason::User)]
    );
    assert!(ask(&mut engine, keep(0)).is_empty());
}

#[test]
fn post_only_is_refused_where_it_would_trade() {
    let mut engine = open(SelfMatch::CancelAggressor);
    ask(&mut engine, day(1, Side::Sell, 10, 5));
    let events = ask(&mut engine, order(2, Side::Buy, Terms::PostOnly, 10, 5));
    assert_eq!(rejected(&events), Some(RejectReason::InvalidPrice));
    let events = ask(&mut engine, order(2, Side::Buy, Terms::PostOnly, 9, 5));
    assert!(matches!(events[..], [Event::Accepted(_), Event::Rested(_)]));
}

#[test]
fn self_match_cancels_whom_the_setting_names() {
    let mut engine = open(SelfMatch::CancelAggressor);
    ask(&mut engine, day(1, Side::Sell, 10, 5));
    let events = ask(&mut engine, day(1, Side::Buy, 10, 7));
    assert_eq!(canceled(&events), [(2, 7, CancelReason::SelfMatch)]);

    let mut engine = open(SelfMatch::CancelResting);
    ask(&mut engine, day(1, Side::Sell, 10, 5));
    ask(&mut engine, day(2, Side::Sell, 10, 5));
    let events = ask(&mut engine, day(1, Side::Buy, 10, 7));
    assert_eq!(canceled(&events), [(1, 5, CancelReason::SelfMatch)]);
    assert_eq!(trades(&events), [(2, 10, 5)]);
    assert_eq!(engine.best(1), (Some(10), None));
}

#[test]
fn a_market_order_takes_what_there_is_and_never_rests() {
    let mut engine = open(SelfMatch::CancelAggressor);
    ask(&mut engine, day(1, Side::Sell, 10, 5));
    ask(&mut engine, day(1, Side::Sell, 90, 5));
    let events = ask(&mut engine, order(2, Side::Buy, Terms::MarketIoc, 0, 12));
    assert_eq!(trades(&events), [(1, 10, 5), (2, 90, 5)]);
    assert_eq!(canceled(&events), [(3, 2, CancelReason::ImmediateOrCancel)]);
}

#[test]
fn while_halted_orders_are_refused_and_cancels_pass() {
    let mut engine = open(SelfMatch::CancelAggressor);
    ask(&mut engine, day(1, Side::Sell, 10, 5));
    ask(&mut engine, Request::Halt { symbol: 1 });
    let events = ask(&mut engine, day(1, Side::Sell, 10, 5));
    assert_eq!(rejected(&events), Some(RejectReason::Halted));
    let replace = Request::Replace {
        participant: 1,
        order: 1,
        price: 11,
        quantity: 5,
    };
    assert_eq!(
        rejected(&ask(&mut engine, replace)),
        Some(RejectReason::Halted)
    );
    let cancel = Request::Cancel {
        participant: 1,
        order: 1,
        keep: 0,
    };
    assert_eq!(canceled(&ask(&mut engine, cancel)).len(), 1);
    ask(&mut engine, Request::Resume { symbol: 1 });
    assert_eq!(rejected(&ask(&mut engine, day(1, Side::Sell, 10, 5))), None);
}

#[test]
fn nobody_cancels_or_replaces_another_ones_order() {
    let mut engine = open(SelfMatch::CancelAggressor);
    ask(&mut engine, day(1, Side::Sell, 10, 5));
    let cancel = Request::Cancel {
        participant: 2,
        order: 1,
        keep: 0,
    };
    let replace = Request::Replace {
        participant: 2,
        order: 1,
        price: 10,
        quantity: 1,
    };
    assert!(ask(&mut engine, cancel).is_empty());
    assert!(ask(&mut engine, replace).is_empty());
    assert_eq!(engine.order(1).expect("untouched").open, 5);
}
