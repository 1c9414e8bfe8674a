//! R11, R13, R19: whose order it is.

use super::Ask;

/// "any" in a list of hashes allows each.
const ANY: &str = "any";
/// An id may be this many epochs ahead of the last one seen: a gateway that restarts counts on, one that lies must not
/// burn all epochs at once.
pub const EPOCHS_AHEAD_MAX: u16 = 64;

/// R11: an id that is not above all that were used, or is of another region or an older epoch; a replacement of what is not open, is being
/// replaced or is something else; the same order again within the window.
pub(super) fn duplicate(ask: &Ask<'_>) -> bool {
    let (order, book) = (ask.order, ask.book);
    let fenced = order.id.region() == ask.region
        && order.id.epoch() >= book.epoch
        && (book.epoch == 0 || order.id.epoch() - book.epoch <= EPOCHS_AHEAD_MAX);
    if !fenced || !book.is_new(order.id) {
        return false;
    }
    if order.replaces != 0 {
        return ask.replaced.is_some_and(|old| {
            let same = (
                old.order.symbol,
                old.order.side,
                old.order.strategy,
                old.order.parent_id,
            ) == (order.symbol, order.side, order.strategy, order.parent_id);
            old.open() && old.replaced_by == 0 && !old.cancel_wanted && same
        });
    }
    let until = book.meters.same_until(order);
    until.is_none_or(|until_ns| ask.now.mono_ns >= until_ns)
}

/// R13: what the parent's children traded and may still trade, counted here, stays within the parent; of a quote, which
/// works both sides, its position either way.
pub(super) fn within_parent(ask: &Ask<'_>) -> bool {
    let Some(parent) = ask.parent else {
        return false;
    };
    let (order, of) = (ask.order, &parent.order);
    let same = of.symbol_no == order.symbol
        && of.strategy_no == order.strategy
        && (of.side == order.side as u8 || parent.is_quote());
    let sum = parent.used(order.side) + i128::from(ask.added);
    let limit_kept = of.limit_price == 0
        || (order.price != 0
            && i128::from(order.sign()) * (i128::from(order.price) - i128::from(of.limit_price))
                <= 0);
    same && limit_kept && sum <= i128::from(of.quantity)
}

/// R19: the strategy is in the signed limits and enabled, by the name that its parent says, which kills go by; the parent's
/// patch and the gateway's build are on its lists.
pub(super) fn authorised(ask: &Ask<'_>) -> bool {
    let listed = |list: &[String], hash: &str| {
        list.iter()
            .any(|entry| entry == ANY || (entry == hash && !hash.is_empty()))
    };
    let Some(strategy) = ask.strategy else {
        return false;
    };
    let patch = ask.parent.map_or("", |parent| &parent.order.patch);
    let named = ask
        .parent
        .is_some_and(|parent| parent.order.strategy == strategy.name);
    strategy.enabled
        && named
        && listed(&strategy.patches, patch)
        && listed(&ask.limits.firm.gateway_builds, &ask.status.gateway_build)
}
