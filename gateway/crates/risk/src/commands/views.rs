//! What `risk.sock` shows: nothing here changes anything.

use cws_abi::ExecKind;
use serde_json::{Value, json};

use super::region;
use crate::Now;
use crate::book::{OpenOrder, OrderState};
use crate::core::Core;
use crate::signing::hex;

/// Rows of one answer.
const ROWS_MAX: usize = 100_000;

pub(super) fn status(core: &Core, now: Now) -> Value {
    let (state, why) = core.state(now);
    let refused: serde_json::Map<String, Value> = core
        .counters
        .refused
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, count)| **count > 0)
        .map(|(number, count)| (format!("R{number:02}"), json!(count)))
        .collect();
    let mut killed: Vec<&String> = core.status.killed_strategies.iter().collect();
    killed.sort();
    let limits = core.limits.as_ref().map(|signed| {
        json!({
            "version": signed.limits.version,
            "valid_until_ns": signed.limits.valid_until_ns,
            "hash": hex(&signed.hash),
        })
    });
    let in_state = |state| {
        core.book
            .orders
            .values()
            .filter(|o| o.state == state)
            .count()
    };
    let counters = &core.counters;
    json!({
        "state": state.name(), "why": why, "region": region(core), "epoch": core.book.epoch,
        "session": {"name": core.session(), "state": format!("{:?}", core.status.session), "venue_seq": core.venue_seq()},
        "phase": format!("{:?}", core.status.phase).to_lowercase(),
        "limits": limits, "limits_refused": counters.limits_refused,
        "killed": {"firm": core.status.killed_firm, "venue": core.status.killed_venue, "strategies": killed},
        "beat_age_ns": now.mono_ns.checked_sub(core.status.beat_ns).filter(|_| core.status.beat_ns != 0),
        "gateway_build": core.status.gateway_build,
        "intents": counters.intents, "approved": counters.approved, "refused": refused,
        "cancels_sent": counters.cancels_sent, "messages": counters.messages, "fills": counters.fills,
        "unknown": in_state(OrderState::Unknown), "open_orders": in_state(OrderState::Live) + in_state(OrderState::Sent),
        "unknown_ever": counters.unknown, "not_at_venue": counters.resolved_not_at_venue,
        "executions": core.execution_seq(), "strangers": core.book.strangers,
        "unreadable": counters.unreadable,
        "drop_copy": {"trades": core.drop_copy.trades, "open": core.drop_copy.open, "seq": core.drop_copy.seq,
                      "up": core.drop_copy.is_up},
        "firm_pnl": money(core.book.exposure.firm_pnl),
        "gross_notional": money(core.book.exposure.totals.gross),
        "worst_notional": money(core.book.exposure.totals.worst),
    })
}

/// 1e-9 of the currency as a number of JSON: whole, or text where 64 bits do not hold it.
fn money(nanos: i128) -> Value {
    i64::try_from(nanos).map_or_else(|_| json!(nanos.to_string()), |nanos| json!(nanos))
}

pub(super) fn positions(core: &Core) -> Value {
    let mut rows: Vec<_> = core.book.exposure.holdings.iter().collect();
    rows.sort_by_key(|(key, _)| **key);
    let rows: Vec<Value> = rows.into_iter().take(ROWS_MAX).map(|((strategy, symbol), holding)| json!({
        "strategy_no": strategy, "symbol_no": symbol, "symbol": symbol_name(core, *symbol),
        "strategy": core.limits.as_ref().and_then(|s| s.limits.strategies.get(strategy)).map(|row| &row.name),
        "position": holding.position, "open_buy": holding.open_buy, "open_sell": holding.open_sell,
        "pnl": money(holding.pnl),
    })).collect();
    json!({"positions": rows, "firm_pnl": money(core.book.exposure.firm_pnl)})
}

fn symbol_name(core: &Core, symbol: u16) -> Option<&String> {
    let symbols = core.limits.as_ref().map(|signed| &signed.limits.symbols);
    symbols
        .and_then(|symbols| symbols.get(&symbol))
        .map(|row| &row.name)
}

pub(super) fn open_orders(core: &Core) -> Value {
    let ids = core.book.open_ids(|_| true);
    let rows: Vec<Value> = ids
        .iter()
        .take(ROWS_MAX)
        .map(|id| order_row(core, &core.book.orders[id]))
        .collect();
    json!({"count": ids.len(), "open_orders": rows})
}

fn order_row(core: &Core, open: &OpenOrder) -> Value {
    let order = &open.order;
    let token = order.id.token();
    let parent = core
        .book
        .parents
        .get(&order.parent_id)
        .map(|parent| &parent.order);
    json!({
        "order_id": order.id.bits(), "token": String::from_utf8_lossy(&token).trim_end(),
        "parent_id": order.parent_id, "strategy_no": order.strategy, "symbol_no": order.symbol,
        "symbol": symbol_name(core, order.symbol), "side": format!("{:?}", order.side),
        "price": order.price, "quantity": order.quantity, "cum_qty": open.cum, "leaves_qty": open.leaves,
        "state": format!("{:?}", open.state).to_uppercase(), "cancel_wanted": open.cancel_wanted,
        "patch": parent.map(|p| &p.patch), "data_version": parent.map(|p| &p.data_version),
        "ledger_id": parent.map(|p| &p.ledger_id),
    })
}

pub(super) fn drop_copy(core: &Core) -> Value {
    let [ours, theirs] = core.drop_copy.differences();
    let rows = |side: Vec<(u64, u64, i64, i64)>| -> Vec<Value> {
        side.into_iter().take(ROWS_MAX)
            .map(|(order_id, exec_id, last_qty, price)| {
                json!({"order_id": order_id, "exec_id": exec_id, "last_qty": last_qty, "price": price,
                       "kind": ExecKind::Filled as u8})
            })
            .collect()
    };
    json!({
        "trades": core.drop_copy.trades, "seq": core.drop_copy.seq, "strangers": core.drop_copy.strangers,
        "only_order_session": rows(ours), "only_drop_copy": rows(theirs),
    })
}
