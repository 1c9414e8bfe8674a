//! `cws-bench-book [--messages N] [--symbols N] [--live N] [--json]`: ITCH messages to an L3 book, one core, the fast book
//! against the obvious one of this crate in the same run, with the same bytes.

use std::process::ExitCode;

use cws_book::arguments::Arguments;
use cws_book::fast::FastBook;
use cws_book::flow::{Flow, FlowConfig};
use cws_book::load::{machine, thread_ns};
use cws_book::reference::ReferenceBook;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(&["--messages", "--symbols", "--live"]) else {
        eprintln!("usage: cws-bench-book [--messages N] [--symbols N] [--live N] [--json]");
        return ExitCode::from(2);
    };
    let count = arguments.number("--messages", 4_000_000);
    let config = FlowConfig {
        seed: 1,
        symbols: arguments.number("--symbols", 8_000) as u16,
        live: arguments.number("--live", 1_000_000) as usize,
        hostile_one_in: 0,
    };
    arguments.print(&measure(config, count));
    ExitCode::SUCCESS
}

/// Fills both books to their working size, then times the same `count` messages in forty turns, one book after the other.
/// Time is the thread's own (CLOCK_THREAD_CPUTIME_ID).
fn measure(config: FlowConfig, count: u64) -> Value {
    const TURNS: u64 = 40;
    let mut flow = Flow::new(config);
    let limits = flow.roomy();
    let mut fast = FastBook::new(limits).expect("limits in range");
    let mut reference = ReferenceBook::new(limits);
    for _ in 0..16 {
        let filling = flow.blocks(config.live as u64 / 2);
        fast.apply_blocks(&filling);
        reference.apply_blocks(&filling);
    }
    let (mut fast_ns, mut reference_ns, mut bytes) = (0, 0, 0);
    for _ in 0..TURNS {
        let data = flow.blocks(count / TURNS);
        bytes += data.len();
        let start = thread_ns();
        fast.apply_blocks(&data);
        fast_ns += thread_ns() - start;
        let start = thread_ns();
        reference.apply_blocks(&data);
        reference_ns += thread_ns() - start;
    }
    assert_eq!(fast.counters(), reference.counters(), "the same counters");
    assert_eq!(fast.counters().refused(), 0, "a friendly flow");
    let messages = (count / TURNS * TURNS) as f64;
    json!({
        "fast_ns_per_message": fast_ns as f64 / messages,
        "reference_ns_per_message": reference_ns as f64 / messages,
        "ratio": reference_ns as f64 / fast_ns as f64,
        "reference": "Rust: BTreeMap of levels, VecDeque queues, HashMap of orders",
        "checksum_equal": fast.checksum() == reference.checksum(),
        "megabytes_per_s": bytes as f64 * 1e3 / fast_ns as f64,
        "clock": "CLOCK_THREAD_CPUTIME_ID",
        "messages": messages,
        "symbols": config.symbols,
        "live_orders": fast.live_orders(),
        "machine": machine(),
    })
}
