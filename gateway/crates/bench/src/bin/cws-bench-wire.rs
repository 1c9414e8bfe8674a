//! Packet sent -> order received: bare UDP, the bare chain of three processes, and the product, block by block in one
//! run while the others stand still. Prints JSON.

use std::io;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cws_bench::bare;
use cws_bench::children::Children;
use cws_bench::drive::{BareChain, Chain, EchoChain, drive};
use cws_bench::machine::conditions;
use cws_bench::pacing::Pacing;
use cws_process::stop;
use serde_json::{Value, json};

const BLOCKS: u64 = 10;
const BLOCK_PACKETS: u64 = 2_000;
const INTERVAL_NS: u64 = 500_000;

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
}

fn measure() -> io::Result<Value> {
    let folder = scratch()?;
    let mut ways = [echo()?, bare_chain(&folder)?];
    for way in &ways {
        way.children.pause();
    }
    for block in 0..BLOCKS {
        for way in &mut ways {
            way.children.resume();
            way.lost += drive(
                way.chain.as_mut(),
                block * BLOCK_PACKETS,
                BLOCK_PACKETS,
                &mut way.pacing,
            )?;
            way.children.pause();
        }
    }
    std::fs::remove_dir_all(&folder)?;
    let [echo, chain] = &ways;
    Ok(json!({
        "name": "wire", "packets": BLOCKS * BLOCK_PACKETS, "interval_ns": INTERVAL_NS,
        "bare_udp_p50_us": echo.pacing.quantile_us(0.5), "bare_udp_p99_us": echo.pacing.quantile_us(0.99),
        "chain_p50_us": chain.pacing.quantile_us(0.5), "chain_p99_us": chain.pacing.quantile_us(0.99),
        "lost": echo.lost + chain.lost, "machine": conditions(),
    }))
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

fn way(children: Children, chain: Box<dyn Chain>) -> Way {
    Way {
        children,
        chain,
        pacing: Pacing::new(INTERVAL_NS),
        lost: 0,
    }
}

fn this() -> Command {
    Command::new("/proc/self/exe")
}

fn free_udp_port() -> io::Result<u16> {
    Ok(UdpSocket::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn scratch() -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("cws-bench-wire-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
