//! Order in -> risk -> wire -> acknowledgement -> state, open-loop, against the bundled venue; then four times the rate,
//! where nothing may be dropped. Prints JSON.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use cws_abi::{ExecKind, Execution, OrderId, Terms, reason_text};
use cws_bench::desk::{Desk, Loops, PASSWORD, Ports, USER};
use cws_bench::machine::{conditions, free_tcp_port, free_udp_port, scratch};
use cws_bench::pacing::Pacing;
use cws_bench::pen::Pen;
use cws_gateway::oms::{Limits, Orders};
use cws_process::clock::monotonic_ns;
use cws_process::waiting::Waiting;
use serde_json::{Value, json};

const RATE_PER_S: u64 = 10_000;
const SECONDS: u64 = 4;
const WARM_UP: u64 = 5_000;
const MULTIPLE: u64 = 4;
const PATIENCE_NS: u64 = 5_000_000_000;
/// Far below the venue's prices: accepted, never traded, and its rest cancelled at once.
const PRICE: i64 = 50_000_000_000;

fn main() -> io::Result<()> {
    let folder = scratch("oms")?;
    let found = measure(&folder);
    std::fs::remove_dir_all(&folder).ok();
    println!("{:#}", found?);
    Ok(())
}

fn measure(folder: &Path) -> io::Result<Value> {
    let ports = Ports {
        feed_a: free_udp_port()?,
        feed_b: free_udp_port()?,
        request: free_udp_port()?,
        orders: free_tcp_port()?,
        drop_copy: None,
    };
    let mut desk = Desk::prepare(folder, ports, Loops::default())?;
    std::fs::write(folder.join("venue.toml"), venue(ports))?;
    desk.start("venue")?;
    desk.start("risk")?;
    desk.until("risk", |status| status["session"]["state"] == "Up")?;
    let mut pen = Pen::open(&mut desk)?;
    desk.register(1, 1 << 40)?;
    let mut orders = Orders::new(Limits {
        orders_max: 1 << 22,
    });
    // Risk looks for a gateway's ring every 50 ms: what waits for that first look says nothing of orders.
    let warm = block(&mut pen, &mut orders, RATE_PER_S, WARM_UP)?;
    let calm = block(&mut pen, &mut orders, RATE_PER_S, RATE_PER_S * SECONDS)?;
    let busy = block(
        &mut pen,
        &mut orders,
        MULTIPLE * RATE_PER_S,
        MULTIPLE * RATE_PER_S * SECONDS / 2,
    )?;
    Ok(json!({
        "name": "oms", "rate": RATE_PER_S, "orders": RATE_PER_S * SECONDS, "warm_up": WARM_UP,
        "p50_us": calm.pacing.quantile_us(0.5), "p99_us": calm.pacing.quantile_us(0.99),
        "p999_us": calm.pacing.quantile_us(0.999), "dropped": warm.dropped + calm.dropped + busy.dropped,
        "at_4x": {"rate": MULTIPLE * RATE_PER_S, "p50_us": busy.pacing.quantile_us(0.5),
                  "p99_us": busy.pacing.quantile_us(0.99), "dropped": busy.dropped},
        "refused": {"warm_up": warm.refused, "calm": calm.refused, "busy": busy.refused}, "goal": {"p99_us": 1200, "dropped": 0}, "machine": conditions(),
    }))
}

struct Block {
    pacing: Pacing,
    /// No room in the ring, or no answer.
    dropped: u64,
    refused: BTreeMap<String, u64>,
}

fn block(pen: &mut Pen, orders: &mut Orders, rate_per_s: u64, count: u64) -> io::Result<Block> {
    let mut found = Block {
        pacing: Pacing::new(1_000_000_000 / rate_per_s),
        dropped: 0,
        refused: BTreeMap::new(),
    };
    let first = pen.sent() + 1;
    found.pacing.restart(monotonic_ns(), first);
    let last_ns = monotonic_ns() + count * found.pacing.interval_ns() + PATIENCE_NS;
    let (mut answered, mut waiting) = (0, Waiting::new(3));
    while answered + found.dropped < count && monotonic_ns() < last_ns {
        pen.keep_alive();
        let mut worked = false;
        if found.pacing.sent() < count && found.pacing.due(monotonic_ns()).is_some() {
            match pen.order(Terms::LimitIoc, PRICE) {
                Ok(intent) => drop(orders.apply_intent(&intent)),
                Err(_) => found.dropped += 1,
            }
            worked = true;
        }
        while let Some(execution) = pen.take()? {
            orders.apply_execution(&execution);
            worked = true;
            if let Some(number) = concluded(&execution, &mut found.refused) {
                found.pacing.answered(number, monotonic_ns());
                answered += 1;
            }
        }
        if worked {
            waiting.worked()
        } else {
            waiting.idle()
        }
    }
    found.dropped = count - answered;
    Ok(found)
}

/// The number of the order that risk or the venue has just answered.
fn concluded(execution: &Execution, refused: &mut BTreeMap<String, u64>) -> Option<u64> {
    match ExecKind::try_from(execution.kind) {
        Ok(ExecKind::Accepted) => {}
        Ok(ExecKind::RejectedByRisk | ExecKind::RejectedByVenue) => {
            *refused.entry(reason_text(execution.reason)).or_default() += 1;
        }
        _ => return None,
    }
    OrderId::from_bits(execution.order_id).map(OrderId::counter)
}

fn venue(ports: Ports) -> String {
    format!(
        "run_dir = \".\"\nseed = 7\nmode = \"free\"\nsession = \"CWS0000001\"\nstart_ns = 0\n\n[market_data]\n\
         group_a = \"239.195.2.1:{}\"\ngroup_b = \"239.195.2.2:{}\"\nrequest = \"127.0.0.1:{}\"\n\n\
         [orders]\nlisten = \"127.0.0.1:{}\"\ndrop_copy = \"127.0.0.1:0\"\n\n\
         [[sessions]]\nuser = \"{USER}\"\npassword = \"{PASSWORD}\"\nfirm = \"CWSF\"\n\n\
         [[symbols]]\nname = \"ABC\"\nprice = 100_000_000_000\ntick = 10_000_000\nlot = 1\nrate_per_s = 1\n\n\
         [flow]\nkind = \"none\"\n",
        ports.feed_a, ports.feed_b, ports.request, ports.orders
    )
}
