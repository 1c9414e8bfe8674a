//! Settings that no venue can run by, apart from names: times, prices, rates, the flow's bounds.

use crate::config::{Config, FlowConfig, SymbolConfig};

/// OUCH 4.2: a price is at most $199,999.9900.
const PRICE_MAX: i64 = 199_999_990_000_000;
/// One a nanosecond.
const RATE_MAX: u64 = 1_000_000_000;
const OPENING_ORDERS_MAX: u64 = 1_000_000;
const DAY_S: u64 = 86_400;

/// The first thing that is out of its range, and where.
pub(crate) fn out_of_range(config: &Config) -> Option<(&'static str, &str)> {
    let heartbeats = [config.market_data.heartbeat_ms, config.orders.heartbeat_ms];
    if heartbeats.iter().any(|ms| !(1..=60_000).contains(ms)) {
        return Some(("1 to 60,000", "heartbeat_ms"));
    }
    if !(1..=DAY_S * 1_000).contains(&config.orders.silence_ms) {
        return Some(("1 to 86,400,000", "silence_ms"));
    }
    if config.duration_s > DAY_S {
        return Some(("a day has 86,400", "duration_s"));
    }
    if !flow_is_sound(&config.flow) {
        let what = "opening_orders: up to a million; live_orders_max: from 1; move_chance: 0 to 1";
        return Some((what, "flow"));
    }
    let odd = config.symbols.iter().find(|symbol| !trades(symbol));
    odd.map(|symbol| {
        let what =
            "tick: a multiple of 1e-4; price: one of it, up to 199,999.99; rate_per_s: up to 1e9";
        (what, symbol.name.as_str())
    })
}

fn flow_is_sound(flow: &FlowConfig) -> bool {
    match flow {
        FlowConfig::None | FlowConfig::Replay { .. } => true,
        FlowConfig::Synthetic {
            opening_orders,
            live_orders_max,
            move_chance,
        } => {
            *opening_orders <= OPENING_ORDERS_MAX
                && *live_orders_max > 0
                && (0.0..=1.0).contains(move_chance)
        }
    }
}

fn trades(symbol: &SymbolConfig) -> bool {
    symbol.tick > 0
        && symbol.tick % cws_wire::NANOS_PER_PRICE4 == 0
        && (1..=PRICE_MAX).contains(&symbol.price)
        && symbol.price % symbol.tick == 0
        && symbol.rate_per_s <= RATE_MAX
}
