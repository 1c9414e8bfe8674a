//! `risk.sock`: one JSON object in, one out. Pure: files and peers are the caller's.

use cws_abi::ExecKind;
use cws_journal::{KillScope, ParentOrder, TEXT_MAX, Trigger};
use cws_process::fault::Fault;
use cws_process::line_socket::ok;
use serde_json::{Value, json};

use crate::Now;
use crate::book::{OpenOrder, OrderState};
use crate::core::Core;
use crate::effects::Effects;
use crate::signing::{SignedLimits, hex};

/// Rows of one answer.
pub const ROWS_MAX: usize = 100_000;

/// Who asks, and what the shell does for the core.
pub struct Asker<'a> {
    /// May register parents, change limits and re-arm; anybody who can connect may look and kill.
    pub operator: bool,
    /// BLAKE3 of the asking process's executable, where the kernel lets us see it.
    pub build: Option<String>,
    /// Reads limits and their signature; gets the path and the version in force.
    pub load_limits: &'a mut dyn FnMut(&str, Option<u64>) -> Result<SignedLimits, Fault>,
}

pub fn answer(
    core: &mut Core,
    request: &Value,
    asker: &mut Asker<'_>,
    now: Now,
    fx: &mut Effects,
) -> Value {
    let result = match text(request, "cmd") {
        Ok("status") => Ok(status(core, now)),
        Ok("positions") => Ok(positions(core)),
        Ok("open_orders") => Ok(open_orders(core)),
        Ok("drop_copy") => Ok(drop_copy(core)),
        Ok("kill") => kill(core, request, now, fx),
        Ok("gateway") => gateway(core, request, asker),
        Ok("epoch") => Ok(json!({"region": region(core), "epoch": core.next_epoch(now, fx)})),
        Ok(command @ ("parent" | "rearm" | "limits")) if !asker.operator => Err(Fault::new(
            "CWS-RISK-001",
            format!("{command} is for operators"),
            "risk.sock",
            "ask as a user of `operators` in risk's configuration",
        )),
        Ok("parent") => parent(core, request, now, fx),
        Ok("rearm") => rearm(core, request, now, fx),
        Ok("limits") => limits(core, request, asker, now, fx),
        Ok(other) => Err(malformed("cmd", &format!("{other:?} is no command"))),
        Err(fault) => Err(fault),
    };
    match result {
        Ok(fields) => ok(fields),
        Err(fault) => fault.to_json(),
    }
}

fn malformed(place: &str, what: &str) -> Fault {
    Fault::new(
        "CWS-RISK-002",
        what,
        place,
        "see gateway/docs/risk.md for the commands",
    )
}

fn text<'a>(request: &'a Value, key: &str) -> Result<&'a str, Fault> {
    let text = request.get(key).and_then(Value::as_str);
    text.filter(|text| text.len() <= TEXT_MAX)
        .ok_or_else(|| malformed(key, "a text is expected"))
}

fn whole<T: TryFrom<i128>>(request: &Value, key: &str) -> Result<T, Fault> {
    let value = request.get(key);
    let number = value.and_then(|v| v.as_i64().map(i128::from).or(v.as_u64().map(i128::from)));
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| malformed(key, "a whole number of its range is expected"))
}

fn region(core: &Core) -> String {
    char::from(core.settings.region).to_string()
}

fn status(core: &Core, now: Now) -> Value {
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
        "drop_copy": {"trades": core.drop_copy.trades, "open": core.drop_copy.open, "seq": core.drop_copy.seq},
        "firm_pnl": money(core.book.exposure.firm_pnl),
        "gross_notional": money(core.book.exposure.totals.gross),
        "worst_notional": money(core.book.exposure.totals.worst),
    })
}

/// 1e-9 of the currency as a number of JSON: whole, or text where 64 bits do not hold it.
fn money(nanos: i128) -> Value {
    i64::try_from(nanos).map_or_else(|_| json!(nanos.to_string()), |nanos| json!(nanos))
}

fn positions(core: &Core) -> Value {
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

fn open_orders(core: &Core) -> Value {
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

fn drop_copy(core: &Core) -> Value {
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

fn scope(request: &Value) -> Result<(KillScope, &str), Fault> {
    let name = request.get("name").and_then(Value::as_str).unwrap_or("");
    let scope = match text(request, "scope")? {
        "firm" => KillScope::Firm,
        "venue" => KillScope::Venue,
        "strategy" => KillScope::Strategy,
        _ => return Err(malformed("scope", "firm, venue or strategy is expected")),
    };
    Ok((scope, name))
}

/// Who and why: neither may be empty.
fn by(request: &Value) -> Result<(&str, &str), Fault> {
    let said = |key| {
        text(request, key)
            .ok()
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| {
                Fault::new(
                    "CWS-RISK-003",
                    format!("{key} is missing"),
                    key,
                    "say who acts, and for what reason",
                )
            })
    };
    Ok((said("who")?, said("reason")?))
}

fn unknown_name(name: &str) -> Fault {
    Fault::new(
        "CWS-RISK-004",
        format!("{name:?} is not known here"),
        "name",
        "name a strategy of the limits, or the venue",
    )
}

fn kill(core: &mut Core, request: &Value, now: Now, fx: &mut Effects) -> Result<Value, Fault> {
    let (scope, name) = scope(request)?;
    let by = by(request)?;
    let before = fx.outgoing.len();
    if let Some(refused) = core.kill(scope, name, Trigger::Command, by, now, fx) {
        return Err(unknown_name(&refused.name));
    }
    Ok(json!({"cancels": fx.outgoing.len() - before, "state": core.state(now).0.name()}))
}

fn rearm(core: &mut Core, request: &Value, now: Now, fx: &mut Effects) -> Result<Value, Fault> {
    let (scope, name) = scope(request)?;
    let by = by(request)?;
    if let Some(refused) = core.rearm(scope, name, by, now, fx) {
        return Err(unknown_name(&refused.name));
    }
    let (state, why) = core.state(now);
    Ok(json!({"state": state.name(), "why": why}))
}

fn limits(
    core: &mut Core,
    request: &Value,
    asker: &mut Asker<'_>,
    now: Now,
    fx: &mut Effects,
) -> Result<Value, Fault> {
    let path = text(request, "path")?;
    let in_force = core.limits.as_ref().map(|signed| signed.limits.version);
    match (asker.load_limits)(path, in_force) {
        Ok(signed) => {
            let version = signed.limits.version;
            core.set_limits(signed, now, fx);
            Ok(json!({"version": version}))
        }
        Err(fault) => {
            core.counters.limits_refused += 1;
            Err(fault)
        }
    }
}

fn gateway(core: &mut Core, request: &Value, asker: &Asker<'_>) -> Result<Value, Fault> {
    let said = text(request, "build_hash")?;
    if let Some(seen) = asker.build.as_deref().filter(|seen| *seen != said) {
        let what = format!("it says {said} and runs {seen}");
        return Err(Fault::new(
            "CWS-RISK-005",
            what,
            "build_hash",
            "start the gateway that was built",
        ));
    }
    core.status.gateway_build = said.into();
    Ok(json!({"verified": asker.build.is_some(), "region": region(core), "epoch": core.book.epoch}))
}

fn parent(core: &mut Core, request: &Value, now: Now, fx: &mut Effects) -> Result<Value, Fault> {
    let optional = |key: &str| {
        request
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    let symbol = text(request, "symbol")?;
    let symbols = core.limits.as_ref().map(|signed| &signed.limits.symbols);
    let symbol_no = symbols
        .and_then(|symbols| symbols.values().find(|row| row.name == symbol))
        .map(|row| row.locate)
        .ok_or_else(|| malformed("symbol", "the limits in force do not name it"))?;
    let order = ParentOrder {
        parent_id: whole(request, "parent_id")?,
        strategy_no: whole(request, "strategy_no")?,
        symbol_no,
        side: side(request)?,
        quantity: whole(request, "quantity")?,
        limit_price: whole(request, "limit_price").unwrap_or(0),
        slice_quantity: whole(request, "slice_quantity").unwrap_or(0),
        start_ns: whole(request, "start_ns").unwrap_or(0),
        end_ns: whole(request, "end_ns").unwrap_or(0),
        strategy: text(request, "strategy")?.into(),
        symbol: symbol.into(),
        style: optional("style"),
        patch: optional("patch"),
        data_version: optional("data_version"),
        ledger_id: optional("ledger_id"),
    };
    let parent_id = order.parent_id;
    core.register(order, now, fx)?;
    Ok(json!({"parent_id": parent_id}))
}

/// FIX tag 54 as a number or in words.
fn side(request: &Value) -> Result<u8, Fault> {
    match request.get("side") {
        Some(Value::String(word)) => match word.as_str() {
            "buy" => Ok(1),
            "sell" => Ok(2),
            "sell_short" => Ok(3),
            _ => Err(malformed("side", "buy, sell or sell_short is expected")),
        },
        _ => whole::<u8>(request, "side")
            .ok()
            .filter(|side| (1..=3).contains(side))
            .ok_or_else(|| malformed("side", "buy, sell or sell_short is expected")),
    }
}
