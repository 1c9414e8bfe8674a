//! `gateway.sock`: one command, one answer.

use cws_process::fault::Fault;
use cws_process::line_socket::{Peer, ok};
use serde_json::{Value, json};

use super::gateway::Gateway;
use super::status;
use crate::config::Mode;
use crate::parents::parent_order;

pub fn answer(gateway: &mut Gateway, peer: Peer, request: &Value) -> Value {
    let word = request["cmd"].as_str().unwrap_or_default();
    let answer = match word {
        "status" => Ok(status::status(gateway)),
        "parent" => parent(gateway, request),
        "cancel_parent" => cancel(gateway, peer, request),
        "orders" => orders(gateway, request),
        "parents" => Ok(json!({"parents": status::parents(gateway)})),
        "begin" => begin(gateway),
        _ => Err(refuse(format!("no command {word:?}"), "cmd")),
    };
    answer.map_or_else(|fault| fault.to_json(), ok)
}

fn parent(gateway: &mut Gateway, request: &Value) -> Result<Value, Fault> {
    let order = parent_order(request)?;
    let id = order.parent_id;
    let fresh = gateway.hand_over(order)?;
    let state = gateway
        .desk
        .parents
        .get(id)
        .map(|parent| parent.state.name());
    Ok(json!({"parent_id": id, "known": !fresh, "state": state}))
}

fn cancel(gateway: &mut Gateway, peer: Peer, request: &Value) -> Result<Value, Fault> {
    let id = number(request, "parent_id")?;
    gateway.cancel(id, format!("uid {} pid {}", peer.uid, peer.pid))?;
    let state = gateway
        .desk
        .parents
        .get(id)
        .map(|parent| parent.state.name());
    Ok(json!({"parent_id": id, "state": state}))
}

/// All orders, or those of one parent (`"parent_id"`), or the open ones (`"open": true`); at most `"limit"`, newest last.
fn orders(gateway: &Gateway, request: &Value) -> Result<Value, Fault> {
    const LIMIT: u64 = 10_000;
    let parent = match request.get("parent_id") {
        None => None,
        Some(_) => Some(number(request, "parent_id")?),
    };
    let open = request["open"] == json!(true);
    let limit = request
        .get("limit")
        .map_or(Ok(LIMIT), |_| number(request, "limit"))?;
    let limit = usize::try_from(limit.min(LIMIT)).unwrap_or_default();
    let orders = status::orders(gateway, parent, open, limit);
    Ok(json!({"orders": orders, "total": gateway.desk.orders.len()}))
}

/// Lockstep: the parents are in, the day may begin.
fn begin(gateway: &mut Gateway) -> Result<Value, Fault> {
    if gateway.config.mode == Mode::Free {
        return Err(refuse(
            "a free-running gateway began by itself".into(),
            "cmd",
        ));
    }
    Ok(json!({"begun": gateway.begin()}))
}

fn number(request: &Value, name: &str) -> Result<u64, Fault> {
    request[name]
        .as_u64()
        .ok_or_else(|| refuse("expected a number".into(), name))
}

fn refuse(what: String, place: &str) -> Fault {
    Fault::new(
        "CWS-GATEWAY-010",
        what,
        place,
        "say status, parent, cancel_parent, orders, parents or begin, with the fields of gateway/README.md",
    )
}
