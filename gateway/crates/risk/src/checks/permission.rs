//! R14, R15, R16, R22, R23: is it allowed, here and now?

use cws_abi::Side;

use super::Ask;
use crate::book::SymbolBook;
use crate::limits::Restricted;
use crate::status::State;

/// R14: symbols that may not be traded, wholly or on one side; and whatever the limits do not name.
pub(super) fn restricted(ask: &Ask<'_>) -> bool {
    let buys = ask.order.side == Side::Buy;
    ask.symbol.is_some_and(|symbol| match symbol.restricted {
        Restricted::No => true,
        Restricted::Buy => !buys,
        Restricted::Sell => buys,
        Restricted::All => false,
    })
}

/// R15: a short sale needs located shares; a sale that is not marked short needs the shares themselves.
pub(super) fn short_locate(ask: &Ask<'_>) -> bool {
    let Some(symbol) = ask.symbol else {
        return true;
    };
    let empty = SymbolBook::default();
    let book = ask.held.unwrap_or(&empty);
    let added = i128::from(ask.added);
    match ask.order.side {
        Side::Buy => true,
        Side::Sell => {
            let open_long = i128::from(book.open_sell) - i128::from(book.open_short);
            open_long + added <= i128::from(book.position.max(0))
        }
        Side::SellShort => {
            let used = i128::from(book.shorted) + i128::from(book.open_short);
            used + added <= i128::from(symbol.short_locate)
        }
    }
}

/// R16: ACTIVE, or REDUCING and it reduces; nobody killed the strategy; the symbol trades.
pub(super) fn state(ask: &Ask<'_>) -> bool {
    let valid_until_ns = Some(ask.limits.valid_until_ns);
    let allowed = match ask.status.state(valid_until_ns, ask.now) {
        State::Active => true,
        State::Reducing => reduces(ask),
        State::Halted => false,
    };
    let killed = ask
        .strategy
        .is_some_and(|s| ask.status.killed_strategies.contains(&s.name));
    let halted = ask.symbol.is_some_and(|symbol| symbol.halted)
        || ask.status.symbol_halted(ask.order.symbol, ask.now);
    allowed && !killed && !halted
}

/// All open orders of this side, and this one, only bring the firm's position nearer to zero.
fn reduces(ask: &Ask<'_>) -> bool {
    let Some(book) = ask.held else {
        return false;
    };
    let open = if ask.order.side == Side::Buy {
        book.open_buy
    } else {
        book.open_sell
    };
    let after = i128::from(open) + i128::from(ask.added);
    i128::from(book.position) * i128::from(ask.order.sign()) < 0
        && after <= i128::from(book.position).abs()
}

/// R22: the symbol's currency is the strategy's, and one that the firm trades.
pub(super) fn currency(ask: &Ask<'_>) -> bool {
    let (Some(symbol), Some(strategy)) = (ask.symbol, ask.strategy) else {
        return false;
    };
    symbol.currency == strategy.currency && ask.limits.firm.currencies.contains(&symbol.currency)
}

/// R23: the venue's phase is one in which the strategy may trade.
pub(super) fn phase(ask: &Ask<'_>) -> bool {
    ask.strategy
        .is_some_and(|strategy| strategy.phases.contains(&ask.status.phase))
}
