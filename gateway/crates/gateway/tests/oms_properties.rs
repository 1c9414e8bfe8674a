//! Random lives of orders: nothing panics, quantities are conserved, an obvious recount agrees, and the order in which
//! a sound venue's messages arrive does not matter in the end.

mod common;

use common::{Feed, broken, cancel, fill, id, new_order, replace, told};
use cws_abi::{ExecKind, Execution, OrderIntent};
use cws_gateway::oms::State;
use proptest::prelude::*;

const QUANTITY: i64 = 100;
const ORDERS: u64 = 3;

#[derive(Clone, Debug)]
enum Input {
    Intent(OrderIntent),
    Told(Execution),
}

fn any_execution() -> impl Strategy<Value = Execution> {
    (
        0_u8..14,
        1..=ORDERS + 2,
        0..=ORDERS + 1,
        0_u64..6,
        -1_i64..120,
        0_i64..120,
    )
        .prop_map(
            |(kind, order, orig, exec_id, last_qty, leaves_qty)| Execution {
                kind,
                orig_order_id: if orig == 0 { 0 } else { id(orig) },
                exec_id,
                last_qty,
                cum_qty: last_qty,
                leaves_qty,
                reason: if leaves_qty % 3 == 0 {
                    0x100 + u16::from(b'E')
                } else {
                    0
                },
                ..told(ExecKind::Accepted, order)
            },
        )
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        4 => any_execution().prop_map(Input::Told),
        3 => (1..=ORDERS, 0_u64..6, 0_i64..70).prop_map(|(o, e, q)| Input::Told(fill(o, e, q))),
        1 => (1..=ORDERS, 0_u64..6).prop_map(|(o, e)| Input::Told(broken(o, e))),
        1 => (10_u64..14, 1..=ORDERS).prop_map(|(o, t)| Input::Intent(cancel(o, t))),
        1 => (20_u64..24, 1..=ORDERS, 1_i64..150)
            .prop_map(|(o, t, q)| Input::Intent(replace(o, t, q))),
    ]
}

/// The obvious recount of one order: go through the list, keep every new trade.
fn recount(inputs: &[Input], counter: u64) -> (i64, i64) {
    let mut trades: Vec<(u64, i64)> = Vec::new();
    let mut taken_back: Vec<u64> = Vec::new();
    for input in inputs {
        let Input::Told(told) = input else { continue };
        let sound = told.last_qty >= 0 && told.cum_qty >= 0 && told.leaves_qty >= 0;
        if told.order_id != id(counter) || !sound {
            continue;
        }
        if told.kind == ExecKind::Broken as u8 {
            taken_back.push(told.exec_id);
        }
        let is_trade = told.kind == ExecKind::Filled as u8 && told.last_qty > 0 && told.exec_id > 0;
        let is_new = trades.iter().all(|(exec_id, _)| *exec_id != told.exec_id);
        if is_trade && is_new {
            trades.push((told.exec_id, told.last_qty));
        }
    }
    let sum = |back: bool| {
        let of = |(exec_id, _): &&(u64, i64)| taken_back.contains(exec_id) == back;
        trades.iter().filter(of).map(|(_, shares)| shares).sum()
    };
    (sum(false), sum(true))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_quantities_hold(inputs in prop::collection::vec(any_input(), 0..60)) {
        let mut feed = Feed::new();
        for counter in 1..=ORDERS {
            feed.intent(new_order(counter, QUANTITY));
        }
        for input in &inputs {
            match input {
                Input::Intent(intent) => feed.intent(*intent),
                Input::Told(told) => feed.tell(*told),
            };
            for order in feed.orders.iter() {
                prop_assert!(order.holds(), "{order:?}");
                prop_assert!(order.exposure() >= 0);
            }
        }
        for counter in 1..=ORDERS {
            let [cum, _, _, back] = feed.parts(counter);
            prop_assert_eq!((cum, back), recount(&inputs, counter));
        }
        let waiting = feed.orders.iter().filter(|order| order.awaits()).count();
        prop_assert_eq!(waiting, feed.orders.awaiting());
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        sizes in prop::collection::vec(1_i64..=30, 0..4),
        take_back in prop::option::of(0_usize..4),
        cancelled in any::<bool>(),
        shuffle in prop::collection::vec(any::<u64>(), 12),
    ) {
        let mut story = vec![told(ExecKind::Accepted, 1)];
        let total: i64 = sizes.iter().sum();
        for (place, size) in sizes.iter().enumerate() {
            story.push(fill(1, place as u64 + 1, *size));
        }
        if let Some(place) = take_back.filter(|place| *place < sizes.len()) {
            story.push(broken(1, place as u64 + 1));
        }
        // An order of just what traded is filled; a larger one is cancelled.
        let quantity = if cancelled || total == 0 { 200 } else { total };
        if quantity == 200 {
            story.push(told(ExecKind::Canceled, 1));
        }
        let mut places: Vec<usize> = (0..story.len()).collect();
        places.sort_by_key(|place| shuffle[*place]);
        let live = |messages: Vec<Execution>| {
            let mut feed = Feed::new();
            feed.intent(new_order(1, quantity));
            feed.intent(cancel(2, 1));
            let doubled: Vec<_> = messages.iter().chain(&messages).copied().collect();
            let notes: Vec<_> = doubled
                .into_iter()
                .filter_map(|message| feed.tell(message))
                .filter(|code| *code != "CWS-OMS-001") // A message told twice may come too late to be legal.
                .collect();
            (feed.state(1), feed.parts(1), notes)
        };
        let straight = live(story.clone());
        let shuffled = live(places.iter().map(|place| story[*place]).collect());
        prop_assert_eq!(&straight, &shuffled);
        prop_assert!(straight.0.is_final() && straight.0 != State::Rejected);
    }
}
