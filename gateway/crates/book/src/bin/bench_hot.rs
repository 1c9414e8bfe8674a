//! `cws-bench-hot [--packets N] [--symbols N] [--live N] [--parents N] [--json]`: one packet in memory to an intent in the
//! ring (arbitrate, decode, book, trigger, pre-check, intent), in process, against one random load in the same run.
//!
//! A packet holds one message, so nothing can be fetched ahead of its need. `p50_ns` and `p99_ns` are over the packets
//! that made an intent; `packet_*` over all. Each packet is timed by itself with rdtscp between fences; what reading the
//! clock costs is in every time and given as `clock_ns`. Outside of the timed piece: making packets, answering intents.

use std::path::PathBuf;
use std::process::ExitCode;

use cws_abi::{Consumer, ExecKind, Execution, IntentKind, OrderIntent, Side, Terms};
use cws_book::arguments::Arguments;
use cws_book::flow::{Flow, FlowConfig};
use cws_book::hot::{Control, Hot, open};
use cws_book::hot_abi::{Activity, HotConfig, HotParent, Style};
use cws_book::load::{Tsc, machine, random_load_ns};
use cws_book::rules::Limits;
use cws_wire::mold::PacketBuilder;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

const SESSION: [u8; 10] = *b"BENCH00001";
const GIB: usize = 1 << 30;

fn main() -> ExitCode {
    let names = ["--packets", "--symbols", "--live", "--parents"];
    let Some(arguments) = Arguments::read(&names) else {
        eprintln!(
            "usage: cws-bench-hot [--packets N] [--symbols N] [--live N] [--parents N] [--json]"
        );
        return ExitCode::from(2);
    };
    let setting = Setting {
        packets: arguments.number("--packets", 1_000_000),
        parents: arguments.number("--parents", 1_000),
        flow: FlowConfig {
            seed: 7,
            symbols: arguments.number("--symbols", 8_000) as u16,
            live: arguments.number("--live", 200_000) as usize,
            hostile_one_in: 0,
        },
    };
    arguments.print(&measure(&setting));
    ExitCode::SUCCESS
}

struct Setting {
    packets: u64,
    parents: u64,
    flow: FlowConfig,
}

struct Bench {
    hot: Hot,
    control: Control,
    ring: Consumer<OrderIntent>,
    flow: Flow,
    sequence: u64,
    now_ns: u64,
    folder: PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn measure(setting: &Setting) -> Value {
    let tsc = Tsc::calibrate();
    let loads = |huge| (random_load_ns(GIB, huge, 1) + random_load_ns(GIB, huge, 2)) / 2.0;
    let (before, before_huge) = (loads(false), loads(true));
    let mut bench = Bench::start(setting);
    let (acting, all) = bench.run(setting.packets);
    let (load, huge) = (
        (before + loads(false)) / 2.0,
        (before_huge + loads(true)) / 2.0,
    );
    let at = |histogram: &Histogram<u64>, q| tsc.ns(histogram.value_at_quantile(q));
    let (p50, p99) = (at(&acting, 0.5), at(&acting, 0.99));
    let stats = bench.control.stats();
    json!({
        "p50_ns": p50,
        "p99_ns": p99,
        "random_load_ns": load,
        "p50_ratio": p50 / load,
        "p99_ratio": p99 / load,
        "p999_ns": at(&acting, 0.999),
        "random_load_huge_pages_ns": huge,
        "p50_ratio_huge_pages": p50 / huge,
        "p99_ratio_huge_pages": p99 / huge,
        "packet_p50_ns": at(&all, 0.5),
        "packet_p99_ns": at(&all, 0.99),
        "clock_ns": tsc.reading_ns(),
        "clock": "rdtscp, calibrated on the monotonic clock",
        "random_load": "dependent loads through 1 GiB, 4 KiB pages; median of batches; before and after",
        "packets": all.len(),
        "packets_with_intent": acting.len(),
        "intents": stats.intents,
        "messages_a_packet": 1,
        "symbols": setting.flow.symbols,
        "live_orders": setting.flow.live,
        "parents": setting.parents,
        "refused": stats.by_refusal.iter().sum::<u64>() + stats.book.refused(),
        "machine": machine(),
    })
}

impl Bench {
    /// Opens the market, fills the book to its working size, sets the parents.
    fn start(setting: &Setting) -> Self {
        let folder = std::env::temp_dir().join(format!("cws-bench-hot-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder of our own");
        let config = HotConfig {
            session: SESSION,
            rate_per_s: 1_000_000_000,
            burst: 1_000_000,
            collar_ppm: 1_000_000,
            parents: setting.parents as u16,
            book: Limits::new(1 << 20, 512, u32::from(setting.flow.symbols)),
            ..HotConfig::default()
        };
        let (hot, mut control) = open(&config, &folder, 1 << 12).expect("a ring and memory");
        let cursor = folder.join("intents.cursor");
        let ring = Consumer::open(&folder.join("intents.ring"), &cursor).expect("a sound ring");
        assert!(control.attach(), "the cursor is there");
        let mut bench = Self {
            hot,
            control,
            ring,
            flow: Flow::new(setting.flow),
            sequence: 1,
            now_ns: 34_200_000_000_000,
            folder,
        };
        bench.fill(setting.flow.live as u64 * 6);
        for at in 0..setting.parents {
            let symbol = 1 + at * u64::from(setting.flow.symbols) / setting.parents;
            bench
                .control
                .set_parent(&parent(at, symbol))
                .expect("a sound parent");
        }
        bench
    }

    fn fill(&mut self, count: u64) {
        let opening = self.flow.opening();
        let mut message = Vec::new();
        let mut packet = PacketBuilder::new(SESSION, self.sequence);
        for at in 0..opening.len() as u64 + count {
            match opening.get(at as usize) {
                Some(first) => message.clone_from(first),
                None => self.flow.next(&mut message),
            }
            if !packet.push(&message) {
                self.sequence += u64::from(packet.count());
                self.hot.step(packet.finish(), self.now_ns);
                packet.reset(self.sequence);
                assert!(packet.push(&message), "an empty packet has room");
            }
        }
        self.sequence += u64::from(packet.count());
        self.hot.step(packet.finish(), self.now_ns);
    }

    /// Times of the packets that made an intent, and of all, in cycles.
    fn run(&mut self, count: u64) -> (Histogram<u64>, Histogram<u64>) {
        const CHUNK: u64 = 10_000;
        let histogram = || Histogram::<u64>::new_with_bounds(1, 1 << 40, 3).expect("in range");
        let (mut acting, mut all) = (histogram(), histogram());
        let mut message = Vec::new();
        let mut done = 0;
        // The parents' first orders are not timed: all come at once.
        self.step_packets(&mut message, CHUNK, |_, _| {});
        while done < count {
            self.step_packets(&mut message, CHUNK, |cycles, intents| {
                all.saturating_record(cycles);
                if intents > 0 {
                    acting.saturating_record(cycles);
                }
            });
            done += CHUNK;
        }
        (acting, all)
    }

    fn step_packets(&mut self, message: &mut Vec<u8>, count: u64, mut see: impl FnMut(u64, u32)) {
        let packets: Vec<Vec<u8>> = (0..count)
            .map(|at| {
                self.flow.next(message);
                let mut packet = PacketBuilder::new(SESSION, self.sequence + at);
                assert!(packet.push(message), "one message fits");
                packet.finish().to_vec()
            })
            .collect();
        self.sequence += count;
        for packet in &packets {
            self.now_ns += 1_000;
            let start = Tsc::now();
            let intents = self.hot.step(packet, self.now_ns);
            let cycles = Tsc::now() - start;
            see(cycles, intents);
            while let Some(intent) = self.ring.take().expect("sound") {
                self.ring.release();
                self.hot.execution(&answer(&intent));
            }
        }
    }
}

/// Every third a peg, a child of a schedule, a quote; for the whole day.
fn parent(at: u64, symbol: u64) -> HotParent {
    let style = [Style::Peg, Style::Child, Style::Quote][at as usize % 3];
    HotParent {
        parent_id: at + 1,
        quantity: 1_000_000,
        slice_quantity: 100,
        // Children start one after the other, so that their slices do not come all at once.
        start_ns: 34_100_000_000_000 + at * 7_000_000,
        end_ns: 86_000_000_000_000,
        tick: 10_000_000,
        half_spread: 10_000_000,
        requote: 10_000_000,
        symbol: symbol as u16,
        strategy: 1,
        style: style as u8,
        side: Side::Buy as u8,
        activity: Activity::Working as u8,
        ..HotParent::default()
    }
}

/// What takes is filled, what rests is accepted and stays.
fn answer(intent: &OrderIntent) -> Execution {
    let takes = intent.terms == Terms::LimitIoc as u8;
    let kind = match IntentKind::try_from(intent.kind).expect("our own") {
        IntentKind::New if takes => ExecKind::Filled,
        IntentKind::New => ExecKind::Accepted,
        IntentKind::Cancel => ExecKind::Canceled,
        IntentKind::Replace => ExecKind::Replaced,
    };
    let filled = if takes { intent.quantity } else { 0 };
    let gone = takes || kind == ExecKind::Canceled;
    Execution {
        order_id: intent.order_id,
        parent_id: intent.parent_id,
        orig_order_id: intent.orig_order_id,
        last_qty: filled,
        leaves_qty: if gone { 0 } else { intent.quantity },
        kind: kind as u8,
        side: intent.side,
        ..Execution::default()
    }
}
