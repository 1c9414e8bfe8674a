//! R03, R17, R21: is the order one that can exist, at a price that makes sense, made from data of now?

use cws_abi::{Side, Terms};
use cws_wire::Price4;

use super::Ask;
use crate::limits::{PRICE_MAX, UNDEFINED};

/// OUCH 4.2: an order has fewer than 1,000,000 shares.
const QUANTITY_MAX: i64 = 999_999;
/// A stamp may be this far ahead of our clock: the two readings are not one.
const CLOCK_SLACK_NS: u64 = 1_000_000;

/// R03: distance from the signed reference. Fails closed where that is missing, stale or NaN, for market orders too: they
/// leave as limits at the collar's edge.
pub(super) fn price_collar(ask: &Ask<'_>) -> bool {
    let Some(symbol) = ask.symbol else {
        return true;
    };
    let Some(reference) = ask.reference else {
        return false;
    };
    if ask.order.price == 0 && ask.order.terms == Terms::MarketIoc {
        return true;
    }
    let reference = i128::from(reference);
    let away = (i128::from(ask.order.price) - reference).abs();
    away * 10_000 <= reference * i128::from(symbol.collar_bps)
}

/// R17: whole ticks and lots, no NaN, nothing that the wire or 64 bits cannot say.
pub(super) fn well_formed(ask: &Ask<'_>) -> bool {
    let Some(symbol) = ask.symbol else {
        return false;
    };
    let order = ask.order;
    let quantity_fits =
        (1..=QUANTITY_MAX).contains(&order.quantity) && order.quantity % symbol.lot == 0;
    let price_fits = if order.terms == Terms::MarketIoc {
        order.price == 0
    } else {
        order.price != UNDEFINED
            && (1..=PRICE_MAX).contains(&order.price)
            && order.price % symbol.tick == 0
            && Price4::from_nanos(order.price).is_ok()
    };
    let known_side = matches!(order.side, Side::Buy | Side::Sell | Side::SellShort);
    quantity_fits && price_fits && known_side
}

/// R21: age of the packet that caused the order; one from the future has no age.
pub(super) fn data_age(ask: &Ask<'_>) -> bool {
    let max_ns = u64::from(ask.limits.firm.max_market_data_age_ms) * 1_000_000;
    let latest = ask.now.utc_ns.saturating_add(CLOCK_SLACK_NS);
    ask.order.ts_recv_ns <= latest && ask.now.utc_ns.saturating_sub(ask.order.ts_recv_ns) <= max_ns
}
