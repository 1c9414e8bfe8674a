//! The gateway's settings. An unknown key is refused.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use cws_abi::EPOCH_MAX;
use cws_book::hot_abi::HotConfig;
use cws_book::rules::Limits;
use cws_process::fault::Fault;
use serde::Deserialize;

use crate::desk::DeskLimits;

/// R16: session and halt state, kills among them.
pub const STATE_CHECK: u16 = 16;
/// As many messages a second as the hot loop can count.
const RATE_MAX: u64 = 1_000_000_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Rings, heartbeats, sockets, journal and capture lie in it.
    pub run_dir: PathBuf,
    pub mode: Mode,
    /// Capital letter of the order ids.
    pub region: char,
    /// The user that risk runs as; without it our own.
    pub risk_user: Option<u32>,
    pub market_data: MarketData,
    #[serde(default)]
    pub hot: HotSettings,
    #[serde(default)]
    pub limits: LimitsSettings,
    #[serde(default)]
    pub capture: CaptureSettings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The venue holds the clock: see gateway/README.md.
    Lockstep,
    /// Wall clock.
    Free,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketData {
    pub group_a: SocketAddrV4,
    pub group_b: SocketAddrV4,
    #[serde(default = "loopback")]
    pub interface: Ipv4Addr,
    /// Where missing packets are asked for (UDP).
    pub request: SocketAddrV4,
    /// UTC ns of the exchange's midnight; ITCH counts from it. 0: for each stamp, the newest UTC midnight that
    /// does not put it into the future (an hour beyond its receipt, for clocks apart); in lockstep, the one before the start.
    #[serde(default)]
    pub midnight_ns: u64,
    /// UDP receive buffer, bytes; the kernel may give less.
    #[serde(default = "receive_buffer_bytes")]
    pub receive_buffer_bytes: u32,
}

/// Of the hot thread.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HotSettings {
    /// Core to pin to; -1 for none.
    pub core: i64,
    /// Threads that spin on this machine.
    pub spinners: u32,
    /// How long the hot thread goes on yielding without work before it sleeps.
    pub awake_us: u32,
    pub symbols: u32,
    pub book_orders: u32,
    pub levels_per_side: u32,
    pub held_packets: u32,
    pub parents: u16,
    pub ring_capacity: u64,
    /// Its own check, before risk: shares of one order.
    pub max_quantity: i64,
    /// Its own check: how far beyond the touch a price may be, in millionths.
    pub collar_ppm: i64,
    pub rate_per_s: u64,
    pub burst: u64,
    pub gap_give_up_ms: u64,
    pub request_interval_us: u64,
    /// Tick of a parent that names none, 1e-9.
    pub tick: i64,
}

impl Default for HotSettings {
    fn default() -> Self {
        Self {
            core: -1,
            spinners: 3,
            awake_us: 0,
            symbols: 8_192,
            book_orders: 1 << 20,
            levels_per_side: 512,
            held_packets: 256,
            parents: 4_096,
            ring_capacity: 1 << 16,
            max_quantity: 999_999,
            collar_ppm: 50_000,
            rate_per_s: 10_000,
            burst: 1_000,
            gap_give_up_ms: 5_000,
            request_interval_us: 1_000,
            tick: 10_000_000,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSettings {
    pub orders_max: usize,
    pub parents_max: usize,
    /// Children refused in a row after which a parent ends.
    pub rejects_max: usize,
    pub journal_bytes_max: u64,
    pub journal_commit_ms: u64,
}

impl Default for LimitsSettings {
    fn default() -> Self {
        Self {
            orders_max: 1 << 20,
            parents_max: 1 << 16,
            rejects_max: 8,
            journal_bytes_max: 1 << 36,
            journal_commit_ms: 50,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaptureSettings {
    pub enabled: bool,
    /// Packets that wait for the disk; more are dropped and counted.
    pub queue_packets: usize,
    /// A file of this size is closed and the next one begun.
    pub file_bytes_max: u64,
    /// The capture stops at this many files.
    pub files_max: u32,
}

impl Default for CaptureSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            queue_packets: 1 << 14,
            file_bytes_max: 1 << 30,
            files_max: 256,
        }
    }
}

fn loopback() -> Ipv4Addr {
    Ipv4Addr::LOCALHOST
}

fn receive_buffer_bytes() -> u32 {
    8 << 20
}

impl Config {
    /// # Errors
    /// The first setting that is out of its range, by name.
    pub fn validate(&self) -> Result<(), Fault> {
        let (hot, limits) = (&self.hot, &self.limits);
        let checks = [
            (self.region.is_ascii_uppercase(), "region"),
            ((1..=65_535).contains(&hot.symbols), "hot.symbols"),
            ((1..=4_096).contains(&hot.held_packets), "hot.held_packets"),
            ((1..=4_096).contains(&hot.parents), "hot.parents"),
            (
                hot.ring_capacity.is_power_of_two() && (64..=1 << 24).contains(&hot.ring_capacity),
                "hot.ring_capacity",
            ),
            (hot.max_quantity > 0, "hot.max_quantity"),
            ((0..=1_000_000).contains(&hot.collar_ppm), "hot.collar_ppm"),
            ((1..=RATE_MAX).contains(&hot.rate_per_s), "hot.rate_per_s"),
            ((1..=RATE_MAX).contains(&hot.burst), "hot.burst"),
            (hot.gap_give_up_ms < 1 << 32, "hot.gap_give_up_ms"),
            (hot.request_interval_us < 1 << 32, "hot.request_interval_us"),
            (
                hot.tick > 0 && hot.tick % cws_wire::NANOS_PER_PRICE4 == 0,
                "hot.tick",
            ),
            (
                (1..=1 << 26).contains(&limits.orders_max),
                "limits.orders_max",
            ),
            (
                (1..=1 << 24).contains(&limits.parents_max),
                "limits.parents_max",
            ),
            (limits.rejects_max > 0, "limits.rejects_max"),
            (
                cws_journal::COMMIT_MS.contains(&limits.journal_commit_ms),
                "limits.journal_commit_ms",
            ),
            (
                (1..=1 << 20).contains(&self.capture.queue_packets),
                "capture.queue_packets",
            ),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, place)) => Err(Fault::new(
                "CWS-GATEWAY-001",
                "out of its range",
                *place,
                "correct the configuration; gateway/config/gateway.toml explains each",
            )),
        }
    }

    pub fn desk_limits(&self) -> DeskLimits {
        DeskLimits {
            orders_max: self.limits.orders_max,
            parents_max: self.limits.parents_max,
            rejects_max: self.limits.rejects_max,
            passing: match self.mode {
                Mode::Free => &[STATE_CHECK],
                // A pause would be of the wall clock, and risk was ready before the day began.
                Mode::Lockstep => &[],
            },
        }
    }

    /// Settings of the hot loop for one life of this process.
    pub fn hot_config(&self, epoch: u16, next_counter: u64, midnight_ns: u64) -> HotConfig {
        assert!(epoch <= EPOCH_MAX, "an epoch that an order id can say");
        let hot = &self.hot;
        // The wall clock must decide nothing in lockstep.
        let (rate_per_s, burst, gap_give_up_ms) = match self.mode {
            Mode::Lockstep => (RATE_MAX, RATE_MAX, 3_600_000),
            Mode::Free => (hot.rate_per_s, hot.burst, hot.gap_give_up_ms),
        };
        HotConfig {
            midnight_ns,
            gap_give_up_ns: gap_give_up_ms * 1_000_000,
            request_interval_ns: hot.request_interval_us * 1_000,
            next_counter,
            max_quantity: hot.max_quantity,
            collar_ppm: hot.collar_ppm,
            rate_per_s,
            burst,
            book: Limits::new(hot.book_orders, hot.levels_per_side, hot.symbols),
            held_packets: hot.held_packets,
            parents: hot.parents,
            epoch,
            region: self.region as u8,
            ..HotConfig::default()
        }
    }
}
