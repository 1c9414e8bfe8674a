//! Packet sent -> order received: bare UDP, the bare chain of three processes, and the product, block by block in one
//! run while the others stand still. Prints JSON.

use std::io;
use std::net::{SocketAddrV4, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cws_bench::bare;
use cws_bench::children::Children;
use cws_bench::desk::{Desk, GROUP_A, Loops, Ports};
use cws_bench::drive::{BareChain, Chain, EchoChain, accept_within, drive};
use cws_bench::machine::{conditions, cores, free_udp_port, scratch};
use cws_bench::pacing::Pacing;
use cws_bench::product::ProductChain;
use cws_book::random::Random;
use cws_process::{pinning, stop};
use serde_json::{Value, json};

const BLOCKS: u64 = 100;
const BLOCK_PACKETS: u64 = 500;
const INTERVAL_NS: u64 = 500_000;
const SPREAD_NS: u64 = 250_000;
/// Of the ways' order in each round.
const SEED: u64 = 1;
/// From the end of a standstill to the first packet: heartbeats are old then, and risk refuses until it has heard new ones.
const SETTLE: Duration = Duration::from_millis(100);

fn main() -> io::Result<()> {
    stop::listen()?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bare-first", port, folder] => bare::first_hop(number(port)?, Path::new(folder)),
        ["bare-second", port, folder] => bare::second_hop(number(port)?, Path::new(folder)),
        ["echo", port] => bare::echo(number(port)?),
        ["--json"] | [] => measure().map(|found| println!("{found:#}")),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "say nothing, or --json",
        )),
    }
}

fn number(word: &str) -> io::Result<u16> {
    word.parse()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, format!("{word} is no port")))
}

/// A way to be measured: its processes, its driver, what was found.
struct Way {
    children: Children,
    chain: Box<dyn Chain>,
    pacing: Pacing,
    lost: u64,
    /// 99th percentiles of its blocks.
    tails_us: Vec<f64>,
}

impl Way {
    /// The median of the blocks' 99th percentiles: what stops the whole machine for milliseconds spoils a few blocks of
    /// each way, and the tail of all packets together.
    fn typical_tail_us(&self) -> f64 {
        let mut tails_us = self.tails_us.clone();
        tails_us.sort_by(f64::total_cmp);
        tails_us[tails_us.len() / 2]
    }
}

fn measure() -> io::Result<Value> {
    let folder = scratch("wire")?;
    let mut ways = [
        echo()?,
        bare_chain(&folder)?,
        product(&folder.join("product"))?,
    ];
    // After the children were started, which would inherit it.
    pinning::pin(bare::places()[0])?;
    for way in &ways {
        way.children.pause();
    }
    let mut random = Random::new(SEED);
    for block in 0..BLOCKS {
        if block % 10 == 0 {
            eprintln!("wire: block {block} of {BLOCKS} ...");
        }
        // Always in one order, what stops the machine once a second would meet the same way for many rounds.
        let mut order = [0, 1, 2];
        (1..order.len()).for_each(|last| order.swap(last, random.below(last as u64 + 1) as usize));
        for place in order {
            let way = &mut ways[place];
            way.children.resume();
            std::thread::sleep(SETTLE);
            way.lost += drive(
                way.chain.as_mut(),
                block * BLOCK_PACKETS,
                BLOCK_PACKETS,
                &mut way.pacing,
            )?;
            way.tails_us.push(way.pacing.block_quantile_us(0.99));
            way.children.pause();
        }
    }
    let [echo, chain, product] = &ways;
    let found = json!({
        "name": "wire", "packets": BLOCKS * BLOCK_PACKETS, "interval_ns": INTERVAL_NS, "cores": cores(),
        "p50_ratio": ratio(product, chain, 0.5), "p99_ratio": ratio(product, chain, 0.99),
        "p50_us": product.pacing.quantile_us(0.5), "p99_us": product.pacing.quantile_us(0.99),
        "p999_us": product.pacing.quantile_us(0.999),
        "block_p99_us": product.typical_tail_us(), "chain_block_p99_us": chain.typical_tail_us(),
        "chain_p50_us": chain.pacing.quantile_us(0.5), "chain_p99_us": chain.pacing.quantile_us(0.99),
        "bare_udp_p50_us": echo.pacing.quantile_us(0.5), "bare_udp_p99_us": echo.pacing.quantile_us(0.99),
        "goal": {"p50_ratio": 1.25, "p99_ratio": 1.5, "p999_us": if cores() >= 4 { json!(200) } else { Value::Null }},
        "lost": {"product": product.lost, "chain": chain.lost, "bare_udp": echo.lost}, "awake_us": bare::AWAKE_US, "places": bare::places(), "machine": conditions(),
    });
    drop(ways);
    std::fs::remove_dir_all(&folder)?;
    Ok(found)
}

fn ratio(product: &Way, chain: &Way, quantile: f64) -> f64 {
    let found = product.pacing.quantile_us(quantile) / chain.pacing.quantile_us(quantile);
    (found * 1e3).round() / 1e3
}

fn echo() -> io::Result<Way> {
    let (mut children, port) = (Children::new(), free_udp_port()?);
    children.start(this().args(["echo", &port.to_string()]))?;
    std::thread::sleep(Duration::from_millis(200));
    Ok(way(children, Box::new(EchoChain::open(port)?)))
}

fn bare_chain(folder: &Path) -> io::Result<Way> {
    let (mut children, udp) = (Children::new(), free_udp_port()?);
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let tcp = listener.local_addr()?.port();
    let place = folder.display().to_string();
    children.start(this().args(["bare-first", &udp.to_string(), &place]))?;
    std::thread::sleep(Duration::from_millis(200));
    children.start(this().args(["bare-second", &tcp.to_string(), &place]))?;
    let chain = BareChain::accept(udp, &listener)?;
    Ok(way(children, Box::new(chain)))
}

/// Risk and gateway as they are; this process is their exchange.
fn product(folder: &Path) -> io::Result<Way> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let feed_a = free_udp_port()?;
    let ports = Ports {
        feed_a,
        feed_b: free_udp_port()?,
        request: free_udp_port()?,
        orders: listener.local_addr()?.port(),
        drop_copy: None,
    };
    let [_, hot_core, risk_core] = bare::places();
    let loops = Loops {
        awake_us: bare::AWAKE_US,
        hot_core,
        risk_core,
    };
    let mut desk = Desk::prepare(folder, ports, loops)?;
    desk.start("risk")?;
    let orders = accept_within(&listener, Duration::from_secs(10))?;
    let group = SocketAddrV4::new(GROUP_A.parse().expect("an address"), feed_a);
    let mut chain = ProductChain::log_in(orders, group)?;
    desk.start("gateway")?;
    desk.until("gateway", |status| status["risk"]["announced"] == true)?;
    chain.open_market()?;
    desk.peg(1)?;
    chain.wait_for_first_order()?;
    Ok(way(desk.children, Box::new(chain)))
}

fn way(children: Children, chain: Box<dyn Chain>) -> Way {
    Way {
        children,
        chain,
        pacing: Pacing::new(INTERVAL_NS).spread(SPREAD_NS),
        lost: 0,
        tails_us: Vec::new(),
    }
}

fn this() -> Command {
    Command::new("/proc/self/exe")
}
