//! `risk.sock`: one JSON object in, one out. Pure: files and peers are the caller's.

mod views;

use cws_journal::{KillScope, ParentOrder, TEXT_MAX, Trigger};
use cws_process::fault::Fault;
use cws_process::line_socket::ok;
use serde_json::{Value, json};

use crate::Now;
use crate::core::Core;
use crate::effects::Effects;
use crate::signing::SignedLimits;

/// What a parent may say; a field that is misspelt would be one that was forgotten.
const PARENT_FIELDS: [&str; 15] = [
    "cmd",
    "parent_id",
    "strategy",
    "strategy_no",
    "symbol",
    "side",
    "quantity",
    "limit_price",
    "slice_quantity",
    "start_ns",
    "end_ns",
    "style",
    "patch",
    "data_version",
    "ledger_id",
];

/// Reads limits and their signature: path, version in force.
pub type LoadLimits<'a> = &'a mut dyn FnMut(&str, Option<u64>) -> Result<SignedLimits, Fault>;

/// Who asks, and what the shell does for the core.
pub struct Asker<'a> {
    /// May register parents, change limits and re-arm; anybody who can connect may look and kill.
    pub operator: bool,
    /// Writes `intents.ring`, or is an operator: may say which build it is, and ask for an epoch.
    pub gateway: bool,
    /// BLAKE3 of the asking process's executable, where the kernel lets us see it.
    pub build: Option<String>,
    pub load_limits: LoadLimits<'a>,
}

pub fn answer(
    core: &mut Core,
    request: &Value,
    asker: &mut Asker<'_>,
    now: Now,
    fx: &mut Effects,
) -> Value {
    let result = match text(request, "cmd") {
        Ok("status") => Ok(views::status(core, now)),
        Ok("positions") => Ok(views::positions(core)),
        Ok("open_orders") => Ok(views::open_orders(core)),
        Ok("drop_copy") => Ok(views::drop_copy(core)),
        Ok("kill") => kill(core, request, now, fx),
        Ok(command @ ("parent" | "rearm" | "limits")) if !asker.operator => Err(Fault::new(
            "CWS-RISK-001",
            format!("{command} is for operators"),
            "risk.sock",
            "ask as a user of `operators` in risk's configuration",
        )),
        Ok(command @ ("gateway" | "epoch")) if !asker.gateway => Err(Fault::new(
            "CWS-RISK-015",
            format!("{command} is for the gateway"),
            "risk.sock",
            "ask as the user that owns intents.ring",
        )),
        Ok("gateway") => gateway(core, request, asker),
        Ok("epoch") => Ok(json!({"region": region(core), "epoch": core.next_epoch(now, fx)})),
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

/// A number that may be left out, and then is 0. One that is there and is none is refused: a limit price that cannot be
/// read is not the absence of a limit.
fn whole_or_zero<T: TryFrom<i128> + Default>(request: &Value, key: &str) -> Result<T, Fault> {
    match request.get(key) {
        None => Ok(T::default()),
        Some(_) => whole(request, key),
    }
}

fn text_or_empty<'a>(request: &'a Value, key: &str) -> Result<&'a str, Fault> {
    match request.get(key) {
        None => Ok(""),
        Some(_) => text(request, key),
    }
}

fn region(core: &Core) -> String {
    char::from(core.settings.region).to_string()
}

fn scope(request: &Value) -> Result<(KillScope, &str), Fault> {
    let name = text_or_empty(request, "name")?;
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
    let loaded = (asker.load_limits)(path, in_force);
    match loaded.and_then(|signed| core.admit_limits(&signed).map(|()| signed)) {
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
    let mut keys = request
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys());
    if let Some(key) = keys.find(|key| !PARENT_FIELDS.contains(&key.as_str())) {
        return Err(malformed(key, "a parent has no such field"));
    }
    let optional = |key: &str| text_or_empty(request, key).map(str::to_owned);
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
        limit_price: whole_or_zero(request, "limit_price")?,
        slice_quantity: whole_or_zero(request, "slice_quantity")?,
        start_ns: whole_or_zero(request, "start_ns")?,
        end_ns: whole_or_zero(request, "end_ns")?,
        strategy: text(request, "strategy")?.into(),
        symbol: symbol.into(),
        style: optional("style")?,
        patch: optional("patch")?,
        data_version: optional("data_version")?,
        ledger_id: optional("ledger_id")?,
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
