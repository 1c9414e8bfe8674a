//! The engine against an obvious one.

mod model;

use cws_abi::{Side, Terms};
use cws_matching::{Engine, NewOrder, Request, SelfMatch, Settings};
use model::{LIMITS, Obvious, SYMBOLS, TICK};
use proptest::prelude::*;

fn new_order() -> impl Strategy<Value = NewOrder> {
    let side = prop_oneof![
        3 => Just(Side::Buy), 2 => Just(Side::Sell), 1 => Just(Side::SellShort)
    ];
    let terms = prop_oneof![
        8 => Just(Terms::LimitDay),
        2 => Just(Terms::LimitIoc),
        2 => Just(Terms::PostOnly),
        1 => Just(Terms::MarketIoc),
    ];
    let price = prop_oneof![20 => (40_i64..55).prop_map(|p| p * TICK), 1 => -5_i64..1_100];
    let quantity = prop_oneof![20 => 1_i64..100, 1 => -2_i64..600];
    (0_u32..4, 0..SYMBOLS + 2, side, terms, price, quantity).prop_map(
        |(participant, symbol, side, terms, price, quantity)| NewOrder {
            participant,
            symbol,
            side,
            terms,
            price: if terms == Terms::MarketIoc { 0 } else { price },
            quantity,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        60 => new_order().prop_map(Request::New),
        15 => (0_u32..4, 1_u64..150, -1_i64..120).prop_map(|(participant, order, keep)|
            Request::Cancel { participant, order, keep: if keep < 60 { 0 } else { keep - 60 } }),
        20 => (0_u32..4, 1_u64..150, 40_i64..55, -1_i64..120).prop_map(
            |(participant, order, price, quantity)| Request::Replace {
                participant, order, price: price * TICK, quantity }),
        2 => (0..SYMBOLS + 2).prop_map(|symbol| Request::Halt { symbol }),
        4 => (0..SYMBOLS + 2).prop_map(|symbol| Request::Resume { symbol }),
    ]
}

fn engine(rule: SelfMatch) -> Engine {
    Engine::new(Settings {
        self_match: rule,
        limits: LIMITS,
        ticks: vec![TICK; usize::from(SYMBOLS)],
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    /// 80 days of up to 300 requests: the same events, invariants after each, one state hash.
    #[test]
    fn engine_and_obvious_engine_say_the_same(
        resting in any::<bool>(),
        requests in proptest::collection::vec(request(), 50..300),
    ) {
        let rule = if resting { SelfMatch::CancelResting } else { SelfMatch::CancelAggressor };
        let (mut fast, mut again) = (engine(rule), engine(rule));
        let mut obvious = Obvious::new(rule);
        let mut events = Vec::new();
        let day = [Request::StartOfDay].into_iter().chain(requests).chain([Request::EndOfDay]);
        for (now, request) in day.enumerate() {
            events.clear();
            obvious.events.clear();
            fast.apply(now as u64, request, &mut events);
            obvious.apply(request);
            prop_assert_eq!(&events, &obvious.events);
            prop_assert_eq!(fast.check(), Ok(()));
            again.apply(now as u64, request, &mut Vec::new());
        }
        prop_assert_eq!(fast.open_orders(), 0);
        prop_assert_eq!(fast.state_hash(), again.state_hash());
    }
}
