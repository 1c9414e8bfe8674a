//! R01, R02, R04, R05: how much.

use cws_abi::Side;

use super::{Ask, bounded};
use crate::book::{Holding, SymbolBook, money};

/// R01: quantity of one order, by strategy and by symbol.
pub(super) fn max_quantity(ask: &Ask<'_>) -> bool {
    let strategy = ask
        .strategy
        .is_none_or(|s| ask.order.quantity <= s.max_order_quantity);
    strategy
        && ask
            .symbol
            .is_none_or(|s| ask.order.quantity <= s.max_order_quantity)
}

/// R02: notional of one order, by strategy and for the firm. A market order counts at the collar's far end; without a
/// reference R03 refuses it.
pub(super) fn max_notional(ask: &Ask<'_>) -> bool {
    let (Some(price), Some(symbol)) = (ask.price(), ask.symbol) else {
        return true;
    };
    let traded = i128::from(price) * i128::from(ask.order.quantity);
    let notional = money(traded, symbol.unit);
    let strategy = ask
        .strategy
        .is_none_or(|s| notional <= s.max_order_notional);
    strategy && notional <= ask.limits.firm.max_order_notional
}

/// R04: what we traded and what may still trade today, as a share of the average daily volume.
pub(super) fn share_of_adv(ask: &Ask<'_>) -> bool {
    let Some(symbol) = ask.symbol else {
        return true;
    };
    let empty = SymbolBook::default();
    let book = ask.held.unwrap_or(&empty);
    let ours = i128::from(book.volume)
        + i128::from(book.open_buy)
        + i128::from(book.open_sell)
        + i128::from(ask.added);
    ours * 10_000 <= i128::from(symbol.adv) * i128::from(symbol.max_adv_share_bps)
}

/// R05: shares of a symbol that one strategy may hold, with its open orders of this side filled.
pub(super) fn strategy_position(ask: &Ask<'_>) -> bool {
    let Some(strategy) = ask.strategy else {
        return true;
    };
    let empty = Holding::default();
    let key = (ask.order.strategy, ask.order.symbol);
    let holding = ask.book.exposure.holdings.get(&key).unwrap_or(&empty);
    let open = match ask.order.side {
        Side::Buy => holding.open_buy,
        Side::Sell | Side::SellShort => holding.open_sell,
    };
    let held = i128::from(holding.position);
    let added = i128::from(open) + i128::from(ask.added);
    let after = held + i128::from(ask.order.sign()) * added;
    bounded(after, held, i128::from(strategy.max_position))
}
