//! The synthetic flow: its rate, its prices, its bounds.

mod support;

use cws_abi::Side;
use cws_venue::{Config, FlowConfig, Mode};
use support::{Receiver, at, config, open};

#[test]
fn it_comes_at_its_rate_and_stays_around_its_mean() {
    let mut venue = open(config(|config| {
        config.mode = Mode::Free;
        config.symbols[0].rate_per_s = 900;
        config.symbols[1].rate_per_s = 100;
    }));
    let mut receiver = Receiver::default();
    let mut of_first = 0;
    for ms in 0..20_000 {
        venue.tick(at(ms));
        receiver.read(&mut venue);
        if ms % 100 == 0 {
            for (symbol, mean) in [(1, 190_000_000_000_i64), (2, 410_000_000_000)] {
                let (Some(bid), Some(ask)) = venue.engine().best(symbol) else {
                    panic!("an empty side at {ms} ms")
                };
                assert!(
                    bid < ask && (bid - mean).abs() < 1_000_000_000,
                    "{bid} {ask}"
                );
            }
        }
    }
    let steps = receiver
        .datagrams
        .iter()
        .filter(|datagram| datagram.feed == 0)
        .count();
    // Some steps find nothing to trade with and are heard by nobody.
    assert!((17_000..20_500).contains(&steps), "{steps}");
    for message in receiver.messages.values() {
        of_first += usize::from(message[1..3] == [0, 1]);
    }
    let share = of_first as f64 / receiver.messages.len() as f64;
    assert!((0.85..0.95).contains(&share), "{share}");
    let letters: Vec<u8> = receiver
        .messages
        .values()
        .map(|message| message[0])
        .collect();
    assert!(b"AEXDU".iter().all(|letter| letters.contains(letter)));
    assert_eq!(venue.engine().check(), Ok(()));
}

#[test]
fn its_book_is_bounded() {
    let mut venue = open(config(|config| {
        config.mode = Mode::Free;
        config.symbols.truncate(1);
        config.symbols[0].rate_per_s = 5_000;
        let flow = serde_json::json!({"kind": "synthetic", "live_orders_max": 50});
        config.flow = serde_json::from_value(flow).expect("a flow");
    }));
    for ms in 0..2_000 {
        venue.tick(at(ms));
        venue.feeds.out.clear();
        assert!(venue.engine().open_orders() <= 50);
    }
    let levels = [Side::Buy, Side::Sell].map(|side| venue.engine().levels(1, side).count());
    assert!(levels.iter().all(|count| *count > 2), "{levels:?}");
}

#[test]
fn settings_that_no_venue_can_run_by_are_refused() {
    let sound = || config(|_| ());
    assert!(sound().validate().is_ok());
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 9] = [
        ("heartbeats in ns overflow", |c| {
            c.orders.heartbeat_ms = u64::MAX
        }),
        ("heartbeats without end", |c| c.market_data.heartbeat_ms = 0),
        ("nobody may stay", |c| c.orders.silence_ms = 0),
        ("no wire says it", |c| {
            c.symbols[0].price = 200_000_000_000_000
        }),
        ("more than one a nanosecond", |c| {
            c.symbols[0].rate_per_s = u64::MAX
        }),
        ("no chance", |c| c.flow = synthetic(20, 2_000, f64::NAN)),
        ("memory without end", |c| {
            c.flow = synthetic(1 << 40, 2_000, 0.05)
        }),
        ("no order lives", |c| c.flow = synthetic(20, 0, 0.05)),
        ("a day of centuries", |c| c.duration_s = u64::MAX),
    ];
    for (why, change) in changes {
        let mut config = sound();
        change(&mut config);
        let refused = config.validate().expect_err(why);
        assert_eq!(refused.code, "CWS-VENUE-001", "{why}");
    }
}

fn synthetic(opening_orders: u64, live_orders_max: usize, move_chance: f64) -> FlowConfig {
    FlowConfig::Synthetic {
        opening_orders,
        live_orders_max,
        move_chance,
    }
}
