//! `kill` to the last order byte, and to the last cancel acknowledged, with orders resting and more on their way. Prints
//! JSON.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use cws_abi::Terms;
use cws_bench::desk::{Desk, Loops, Ports};
use cws_bench::drive::accept_within;
use cws_bench::exchange::Exchange;
use cws_bench::machine::{conditions, free_udp_port, scratch};
use cws_bench::pacing::Pacing;
use cws_bench::pen::Pen;
use cws_process::clock::monotonic_ns;
use cws_process::waiting::Waiting;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

const ROUNDS: usize = 100;
const RATE_PER_S: u64 = 5_000;
/// Orders resting when the kill comes, at least.
const RESTING: usize = 200;
/// The flow goes on for so long after a kill: a leak would show.
const AFTER_NS: u64 = 50_000_000;
const ROUND_NS: u64 = 10_000_000_000;
const TICK: i64 = 10_000_000;

fn main() -> io::Result<()> {
    let folder = scratch("kill")?;
    let found = measure(&folder);
    std::fs::remove_dir_all(&folder).ok();
    println!("{:#}", found?);
    Ok(())
}

struct Round {
    last_order_ns: u64,
    cancels_ns: u64,
}

fn measure(folder: &Path) -> io::Result<Value> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let ports = Ports {
        feed_a: free_udp_port()?,
        feed_b: free_udp_port()?,
        request: free_udp_port()?,
        orders: listener.local_addr()?.port(),
        drop_copy: None,
    };
    let mut desk = Desk::prepare(folder, ports, Loops::default())?;
    desk.start("risk")?;
    let mut exchange = Exchange::log_in(accept_within(&listener, Duration::from_secs(10))?)?;
    desk.until("risk", |status| status["session"]["state"] == "Up")?;
    let mut pen = Pen::open(&mut desk)?;
    desk.register(1, 1 << 40)?;
    let histogram =
        || Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).expect("fixed bounds are valid");
    let (mut last_order, mut cancels) = (histogram(), histogram());
    for _ in 0..ROUNDS {
        let found = round(&desk, &mut pen, &mut exchange)?;
        last_order.saturating_record(found.last_order_ns.max(1));
        cancels.saturating_record(found.cancels_ns.max(1));
        let rearm = json!({"cmd": "rearm", "scope": "firm", "name": "", "reason": "next round", "who": "bench"});
        let answer = desk.ask("risk", &rearm)?;
        if answer["ok"] != true {
            return Err(io::Error::other(format!("rearm: {answer}")));
        }
    }
    let ms =
        |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile) as f64 / 1e6;
    Ok(json!({
        "name": "kill", "rounds": ROUNDS, "rate": RATE_PER_S, "resting": RESTING,
        "last_order_p50_ms": ms(&last_order, 0.5), "last_order_p99_ms": ms(&last_order, 0.99),
        "cancels_ms": ms(&cancels, 1.0), "cancels_p50_ms": ms(&cancels, 0.5),
        "goal": {"last_order_p99_ms": 10, "cancels_ms": 1000}, "machine": conditions(),
    }))
}

/// Fill the book, kill, go on sending, wait until nothing rests.
fn round(desk: &Desk, pen: &mut Pen, exchange: &mut Exchange) -> io::Result<Round> {
    let mut line = UnixStream::connect(desk.folder.join("risk.sock"))?;
    line.set_nonblocking(true)?;
    let mut pacing = Pacing::new(1_000_000_000 / RATE_PER_S);
    pacing.restart(monotonic_ns(), 0);
    let (mut killed_ns, mut done_ns, mut waiting) = (0, 0, Waiting::new(2));
    let limit_ns = monotonic_ns() + ROUND_NS;
    loop {
        let now = monotonic_ns();
        if now > limit_ns {
            return Err(io::Error::other(format!(
                "{} orders rest {ROUND_NS} ns later",
                exchange.resting()
            )));
        }
        pen.keep_alive();
        if let Some(number) = pacing.due(now) {
            let price = 50_000_000_000 + (number % 1_000) as i64 * TICK;
            pen.order(Terms::LimitDay, price)
                .map_err(|_| io::Error::other("the ring is full"))?;
        }
        exchange.serve(&mut |_| {})?;
        while pen.take()?.is_some() {}
        if killed_ns == 0 && exchange.resting() >= RESTING {
            let kill = json!({"cmd": "kill", "scope": "firm", "name": "", "reason": "measured", "who": "bench"});
            killed_ns = monotonic_ns();
            line.write_all(format!("{kill}\n").as_bytes())?;
        }
        if killed_ns != 0 && done_ns == 0 && exchange.resting() == 0 {
            done_ns = monotonic_ns();
        }
        if done_ns != 0 && monotonic_ns() > killed_ns + AFTER_NS {
            expect_ok(&mut line)?;
            let last_order_ns = exchange.last_order_ns.saturating_sub(killed_ns);
            return Ok(Round {
                last_order_ns,
                cancels_ns: done_ns - killed_ns,
            });
        }
        waiting.idle();
        waiting.worked();
    }
}

fn expect_ok(line: &mut UnixStream) -> io::Result<()> {
    let mut answer = [0_u8; 4096];
    let len = line.read(&mut answer)?;
    let answer: Value = serde_json::from_slice(&answer[..len]).map_err(io::Error::other)?;
    if answer["ok"] == true {
        Ok(())
    } else {
        Err(io::Error::other(format!("kill: {answer}")))
    }
}
