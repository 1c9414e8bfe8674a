//! R09, R10, R12, R18: how a strategy behaves.

use cws_abi::Terms;

use super::Ask;
use crate::book::Bucket;

/// R09: a token for the strategy, a token for the firm, and a place among the day's orders.
pub(super) fn message_rate(ask: &Ask<'_>) -> bool {
    let firm = &ask.limits.firm;
    let has_token = |bucket: Option<&Bucket>, rate, burst| {
        let full = Bucket::full(burst, ask.now.mono_ns);
        bucket
            .unwrap_or(&full)
            .has_one(rate, burst, ask.now.mono_ns)
    };
    let meters = &ask.book.meters;
    let strategy = ask.strategy.is_none_or(|s| {
        has_token(
            meters.strategies.get(&s.no),
            s.messages_per_s,
            s.message_burst,
        )
    });
    strategy
        && has_token(
            meters.firm.as_ref(),
            firm.messages_per_s,
            firm.message_burst,
        )
        && ask.book.orders_today < firm.max_orders_a_day
}

/// R10: cancels and replaces for each new order within a minute. Cancels themselves always pass; a strategy that cancels
/// too much can only cancel until the minute is over.
pub(super) fn cancel_ratio(ask: &Ask<'_>) -> bool {
    let Some(strategy) = ask.strategy else {
        return true;
    };
    let (orders, cancels) = ask.book.meters.minute(strategy.no, ask.now.mono_ns);
    let this = u64::from(ask.order.replaces != 0);
    let allowed =
        u64::from(strategy.free_cancels) + u64::from(orders) * u64::from(strategy.max_cancel_ratio);
    u64::from(cancels) + this <= allowed
}

/// R12: a strategy that trades the same way again and again stops until a person looked.
pub(super) fn repeated_executions(ask: &Ask<'_>) -> bool {
    let Some(strategy) = ask.strategy else {
        return true;
    };
    let window_ns = u64::from(strategy.repeated_window_ms) * 1_000_000;
    let max = strategy.max_repeated_executions;
    let meters = &ask.book.meters;
    !meters.repeated(ask.order, max, window_ns, ask.now.mono_ns)
}

/// R18: no order of ours on the other side that this one could trade with; a market order trades with any.
pub(super) fn self_match(ask: &Ask<'_>) -> bool {
    let order = ask.order;
    !ask.book
        .opposite_open(order.symbol, order.side)
        .any(|open| {
            let resting = &open.order;
            let either_market =
                order.terms == Terms::MarketIoc || resting.terms == Terms::MarketIoc;
            either_market || (order.price - resting.price).signum() * order.sign() >= 0
        })
}
