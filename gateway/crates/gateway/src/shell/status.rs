//! What the gateway says about itself.

use cws_abi::{OrderId, Side, reason_text};
use cws_book::hot_abi::{HotStats, latency_bucket_ns};
use cws_process::clock;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::gateway::Gateway;
use crate::oms::Order;
use crate::parents::Parent;

/// Longest latency that a histogram tells apart, ns.
pub const LATENCY_MAX_NS: u64 = 60_000_000_000;

pub fn status(gateway: &Gateway) -> Value {
    let stats = gateway.control.stats();
    let (utc_ns, mono_ns) = (clock::utc_ns(), clock::monotonic_ns());
    let age = |then_ns: u64, now_ns: u64| (then_ns != 0).then(|| now_ns.saturating_sub(then_ns));
    let risk_beat_ns = gateway.risk_beat.as_ref().map_or(0, |beat| beat.last_ns());
    let lockstep = &gateway.lockstep;
    json!({
        "process": "cws-gateway",
        "build_hash": gateway.build_hash,
        "pid": std::process::id(),
        "region": gateway.config.region,
        "epoch": gateway.epoch,
        "mode": match gateway.config.mode {
            crate::config::Mode::Lockstep => "lockstep",
            crate::config::Mode::Free => "free",
        },
        "started_ns": gateway.started_ns,
        "clock_source": super::capture::CLOCK_SOURCE,
        "md_age_ns": age(gateway.last_packet_ns, utc_ns),
        "event_ns": stats.event_ns,
        "symbols": gateway.directory.len(),
        "hot": hot(&stats),
        "oms": counters(gateway),
        "risk": {
            "beat_age_ns": age(risk_beat_ns, mono_ns),
            "announced": gateway.risk_link.announced,
            "state": gateway.risk_link.state(),
            "refusals": gateway.reasons.iter()
                .map(|(reason, count)| (reason_text(*reason), json!(count)))
                .collect::<Map<_, _>>(),
            "pause": {"on": gateway.pauses.any_on(), "times": gateway.pauses.times()},
            "kill": {"seen": gateway.held_since_ns.is_some(), "since_ns": gateway.held_since_ns},
        },
        "latency": {
            "tick_to_intent_ns": percentiles(&tick_to_intent(&stats)),
            "tick_to_ack_ns": percentiles(&gateway.to_ack),
        },
        "capture": {
            "enabled": gateway.config.capture.enabled,
            "written": gateway.capture.written(),
            "dropped": gateway.capture.dropped() + stats.tap_dropped,
            "failed": gateway.capture.has_failed(),
        },
        "journal": {
            "records": gateway.journal.head().seq,
            "synced": gateway.journal.synced_seq(),
            "fault": gateway.journal_fault,
        },
        "lockstep": {"begun": lockstep.begun, "acked": lockstep.acked, "finished": lockstep.finished},
        "notes": gateway.desk.notes().map(|note| json!({
            "code": note.code, "order_id": id_text(note.order_id), "what": note.what,
        })).collect::<Vec<_>>(),
        "noted": gateway.desk.noted(),
    })
}

fn hot(stats: &HotStats) -> Value {
    json!({
        "packets": stats.packets, "duplicates": stats.duplicates, "malformed": stats.malformed,
        "jumped": stats.jumped, "foreign": stats.foreign, "held": stats.held, "held_dropped": stats.held_dropped, "gaps": stats.gaps,
        "requests": stats.requests, "messages": stats.messages, "next_sequence": stats.next_sequence,
        "broken": stats.broken != 0, "ended": stats.ended != 0, "intents": stats.intents,
        "executions": stats.executions, "unknown_executions": stats.unknown_executions,
        "stopped_parents": stats.stopped_parents, "by_refusal": stats.by_refusal,
    })
}

fn counters(gateway: &Gateway) -> Value {
    let orders = &gateway.desk.orders;
    let mut told: Map<String, Value> = orders
        .counters()
        .pairs()
        .into_iter()
        .map(|(name, count)| (name.to_owned(), json!(count)))
        .collect();
    told.insert("orders".into(), json!(orders.len()));
    told.insert("awaiting".into(), json!(orders.awaiting()));
    told.insert("open_parents".into(), json!(gateway.desk.parents.open()));
    told.insert("without_a_slot".into(), json!(gateway.no_slot.len()));
    told.insert("missed_intents".into(), json!(gateway.intents.missed));
    told.insert("venue_seq".into(), json!(orders.venue_seq()));
    told.insert("execution_seq".into(), json!(orders.execution_seq()));
    Value::Object(told)
}

/// The hot loop counts in buckets of its own; each bucket's lower end stands for it.
fn tick_to_intent(stats: &HotStats) -> Histogram<u64> {
    let mut histogram = histogram();
    for (bucket, count) in stats.latency.iter().enumerate() {
        if *count > 0 {
            let lower_ns = latency_bucket_ns(bucket).clamp(1, LATENCY_MAX_NS);
            histogram
                .record_n(lower_ns, *count)
                .expect("inside the histogram's range");
        }
    }
    histogram
}

/// Three digits over a minute.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3).expect("bounds that hdrhistogram takes")
}

fn percentiles(histogram: &Histogram<u64>) -> Value {
    let at = |quantile| histogram.value_at_quantile(quantile);
    json!({
        "count": histogram.len(), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999),
        "max": histogram.max(),
    })
}

pub fn parents(gateway: &Gateway) -> Vec<Value> {
    gateway.desk.parents.iter().map(parent).collect()
}

fn parent(parent: &Parent) -> Value {
    let order = &parent.order;
    json!({
        "parent_id": order.parent_id, "state": parent.state.name(), "strategy": order.strategy,
        "strategy_no": order.strategy_no, "symbol": order.symbol, "side": side_text(order.side),
        "quantity": order.quantity, "limit_price": order.limit_price, "style": order.style,
        "slice_quantity": order.slice_quantity, "start_ns": order.start_ns, "end_ns": order.end_ns,
        "patch": order.patch, "data_version": order.data_version, "ledger_id": order.ledger_id,
        "cum": parent.cum(), "open": parent.exposure(), "leaves": (order.quantity - parent.cum()).max(0),
        "bought": parent.bought.cum, "sold": parent.sold.cum,
        "average_price": parent.average_price(), "children": parent.children, "rejects": parent.rejects(),
        "reason": reason_text(parent.reason),
    })
}

pub fn orders(gateway: &Gateway, parent: Option<u64>, open: bool, limit: usize) -> Vec<Value> {
    let wanted = |order: &&Order| {
        parent.is_none_or(|id| order.parent_id == id) && (!open || order.is_live())
    };
    let mut newest: Vec<Value> = gateway
        .desk
        .orders
        .iter()
        .rev()
        .filter(wanted)
        .take(limit)
        .map(order)
        .collect();
    newest.reverse();
    newest
}

fn order(order: &Order) -> Value {
    json!({
        "order_id": id_text(order.id), "parent_id": order.parent_id, "state": format!("{:?}", order.state),
        "ord_status": order.state.ord_status().to_string(), "symbol_no": order.symbol,
        "strategy_no": order.strategy, "side": side_text(order.side as u8), "price": order.price,
        "quantity": order.quantity, "cum": order.cum, "leaves": order.leaves, "canceled": order.canceled,
        "broken": order.broken, "over": order.over, "replaces": id_text(order.replaces), "replaced_by": id_text(order.replaced_by),
        "reason": reason_text(order.reason), "fills": order.fills.len(),
    })
}

fn side_text(side: u8) -> &'static str {
    match Side::try_from(side) {
        Ok(Side::Buy) => "buy",
        Ok(Side::Sell) => "sell",
        Ok(Side::SellShort) => "sell_short",
        Err(_) => "unknown",
    }
}

/// The token that the venue sees; empty for none.
fn id_text(bits: u64) -> String {
    OrderId::from_bits(bits).map_or_else(String::new, |id| {
        String::from_utf8_lossy(&id.token()).trim_end().to_owned()
    })
}
