//! R06, R07, R08, R20: what the firm has at stake.

use super::{Ask, bounded};

/// R06: gross and net notional of all positions, with this order traded.
pub(super) fn gross_and_net(ask: &Ask<'_>) -> bool {
    let [before, after] = ask.totals;
    let firm = &ask.limits.firm;
    bounded(after.gross, before.gross, firm.max_gross_notional)
        && bounded(after.net, before.net, firm.max_net_notional)
}

/// R07: notional of all positions with every open order, and this one, filled on its worse side.
pub(super) fn open_worst_case(ask: &Ask<'_>) -> bool {
    let [before, after] = ask.totals;
    after.worst <= before.worst || after.worst <= ask.limits.firm.max_open_notional
}

/// R08: loss since the day began, realised and not, of the strategy and of the firm.
pub(super) fn daily_loss(ask: &Ask<'_>) -> bool {
    let exposure = &ask.book.exposure;
    let made = exposure
        .strategy_pnl
        .get(&ask.order.strategy)
        .copied()
        .unwrap_or(0);
    let strategy = ask.strategy.is_none_or(|s| -made < s.max_daily_loss);
    strategy && -exposure.firm_pnl < ask.limits.firm.max_daily_loss
}

/// R20: capital, less what was lost today, covers the margin of the worst case.
pub(super) fn capital(ask: &Ask<'_>) -> bool {
    let exposure = &ask.book.exposure;
    let firm = &ask.limits.firm;
    let covered = (firm.capital + exposure.firm_pnl.min(0)).max(0) * 10_000;
    let margin = |worst: i128| worst.saturating_mul(i128::from(firm.margin_bps));
    let [before, after] = ask.totals;
    after.worst <= before.worst || margin(after.worst) <= covered
}
