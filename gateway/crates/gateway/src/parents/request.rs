//! A parent order as it comes over a socket.

use cws_abi::Side;
use cws_book::hot_abi::Style;
use cws_journal::ParentOrder;
use cws_process::fault::Fault;
use serde::Deserialize;
use serde_json::Value;

/// Longest text that is taken, bytes; the journal takes 1024.
const TEXT_MAX: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[allow(dead_code)] // Matched before; named here so that no other key is let through.
    cmd: String,
    parent_id: u64,
    strategy: String,
    strategy_no: u16,
    symbol: String,
    side: Value,
    quantity: i64,
    limit_price: i64,
    style: String,
    slice_quantity: i64,
    start_ns: u64,
    end_ns: u64,
    #[serde(default)]
    patch: String,
    #[serde(default)]
    data_version: String,
    #[serde(default)]
    ledger_id: String,
}

/// Checks the fields of `{"cmd":"parent", ...}`. `symbol_no` stays 0: whoever knows the market fills it in.
///
/// # Errors
/// `CWS-PARENT-006`, naming the field.
pub fn parent_order(request: &Value) -> Result<ParentOrder, Fault> {
    let asked: Request = serde_json::from_value(request.clone())
        .map_err(|error| refuse(error.to_string(), "request"))?;
    let side = side(&asked.side).ok_or_else(|| refuse("buy, sell or sell_short", "side"))?;
    let checks = [
        (asked.parent_id != 0, "parent_id", "not 0"),
        (asked.quantity > 0, "quantity", "above 0"),
        (
            asked.limit_price >= 0,
            "limit_price",
            "0 for market, or above",
        ),
        (asked.slice_quantity > 0, "slice_quantity", "above 0"),
        (
            asked.end_ns == 0 || asked.end_ns > asked.start_ns,
            "end_ns",
            "0 for none, or after start_ns",
        ),
        (!asked.symbol.is_empty(), "symbol", "not empty"),
        (!asked.strategy.is_empty(), "strategy", "not empty"),
    ];
    for (holds, field, expected) in checks {
        if !holds {
            return Err(refuse(format!("expected {expected}"), field));
        }
    }
    let manner = crate::style::manner(&asked.style)?;
    if manner.style == Style::Quote && asked.limit_price != 0 {
        return Err(refuse(
            "expected 0: a quote has two prices of its own",
            "limit_price",
        ));
    }
    let texts = [
        &asked.strategy,
        &asked.symbol,
        &asked.patch,
        &asked.data_version,
        &asked.ledger_id,
    ];
    if texts.iter().any(|text| text.len() > TEXT_MAX) {
        return Err(refuse(
            format!("a text of more than {TEXT_MAX} bytes"),
            "request",
        ));
    }
    Ok(ParentOrder {
        parent_id: asked.parent_id,
        strategy_no: asked.strategy_no,
        symbol_no: 0,
        side: side as u8,
        quantity: asked.quantity,
        limit_price: asked.limit_price,
        slice_quantity: asked.slice_quantity,
        start_ns: asked.start_ns,
        end_ns: asked.end_ns,
        strategy: asked.strategy,
        symbol: asked.symbol,
        style: asked.style,
        patch: asked.patch,
        data_version: asked.data_version,
        ledger_id: asked.ledger_id,
    })
}

/// A word, or the number of FIX tag 54.
fn side(given: &Value) -> Option<Side> {
    if let Some(number) = given.as_u64() {
        return u8::try_from(number)
            .ok()
            .and_then(|byte| Side::try_from(byte).ok());
    }
    match given.as_str()? {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        "sell_short" => Some(Side::SellShort),
        _ => None,
    }
}

fn refuse(what: impl Into<String>, place: &str) -> Fault {
    Fault::new(
        "CWS-PARENT-006",
        what,
        place,
        "see the fields of a parent in gateway/README.md",
    )
}
