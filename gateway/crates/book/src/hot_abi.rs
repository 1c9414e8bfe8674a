//! What Rust hands to the hot loop and reads from it: mirrors `gateway/hot/hot_abi.hpp`.

use std::mem::{offset_of, size_of};

use crate::rules::{Counters, Limits};

/// Settings that hold for the life of the hot loop.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotConfig {
    /// UTC ns of the exchange's midnight: ITCH stamps count from it; 0: for each, the newest UTC midnight
    /// that does not put it into the future (an hour beyond its receipt, for clocks apart).
    pub midnight_ns: u64,
    /// MoldUDP64 sequence number that the book starts at, from 1.
    pub first_sequence: u64,
    /// A gap open for longer than this breaks the book for good: resting orders are pulled, nothing new is sent.
    pub gap_give_up_ns: u64,
    /// Between two requests for the same gap.
    pub request_interval_ns: u64,
    /// Counter of the first order id, from 1.
    pub next_counter: u64,
    /// Shares of one order.
    pub max_quantity: i64,
    /// How far beyond the touch a price may be, in millionths.
    pub collar_ppm: i64,
    /// New orders and replaces in a second, over all parents.
    pub rate_per_s: u64,
    /// Of them at once.
    pub burst: u64,
    pub book: Limits,
    /// Out-of-order packets kept, 1..=4096.
    pub held_packets: u32,
    /// Slots for parents, 1..=4096.
    pub parents: u16,
    pub epoch: u16,
    /// MoldUDP64 session; all zero takes the first packet's.
    pub session: [u8; 10],
    /// Region letter of the order ids.
    pub region: u8,
    pub reserved: [u8; 5],
}

impl Default for HotConfig {
    /// Region `A`, epoch 0, 8,192 symbols, a million orders; every limit is finite.
    fn default() -> Self {
        Self {
            midnight_ns: 0,
            first_sequence: 1,
            gap_give_up_ns: 5_000_000_000,
            request_interval_ns: 1_000_000,
            next_counter: 1,
            max_quantity: 10_000,
            collar_ppm: 50_000,
            rate_per_s: 10_000,
            burst: 1_000,
            book: Limits::new(1 << 20, 512, 8_192),
            held_packets: 256,
            parents: 256,
            epoch: 0,
            session: [0; 10],
            region: b'A',
            reserved: [0; 5],
        }
    }
}

/// What a parent does.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Slices over `[start_ns, end_ns)`: takes the touch (IOC), or rests at it where `passive` is 1.
    Child = 1,
    /// Joins the best price of its own side and follows it.
    Peg = 2,
    /// Both sides around the middle, skewed by the position.
    Quote = 3,
}

/// Whether a parent may act.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Off = 0,
    Working = 1,
    /// Nothing new; what rests is cancelled.
    Stopping = 2,
    /// As `Stopping`, and when nothing of it is left its slot is given back: see [`crate::hot::Control::set_parent`].
    Retired = 3,
}

/// An order of an earlier life of the gateway that is still at the venue.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HotAdopted {
    /// 0: none.
    pub order_id: u64,
    pub price: i64,
    pub leaves: i64,
    /// Shares since it was entered or last replaced.
    pub traded: i64,
    /// [`cws_abi::Side`].
    pub side: u8,
    pub reserved: [u8; 7],
}

/// One parent order. Prices and distances in 1e-9, times in UTC ns of the event clock.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HotParent {
    /// Not 0.
    pub parent_id: u64,
    /// Shares to trade; for a quote the greatest position either way.
    pub quantity: i64,
    /// Shares of one order.
    pub slice_quantity: i64,
    /// No worse than this; 0 for none. Not used by quotes.
    pub limit_price: i64,
    pub start_ns: u64,
    pub end_ns: u64,
    pub tick: i64,
    /// Quote: distance of each side from the centre.
    pub half_spread: i64,
    /// Quote: the centre goes down by this for each share held.
    pub skew: i64,
    /// Quote: an order stays where it is while its target is nearer than this.
    pub requote: i64,
    /// Stock locate.
    pub symbol: u16,
    pub strategy: u16,
    /// [`Style`].
    pub style: u8,
    /// [`cws_abi::Side`]; not used by quotes.
    pub side: u8,
    /// Child: 1 rests at the touch, 0 takes it.
    pub passive: u8,
    /// [`Activity`].
    pub activity: u8,
    /// Shares that an earlier life of the gateway traded; this and the rest is read when the parent is first set.
    pub filled: i64,
    /// Signed shares that a quote holds from before.
    pub position: i64,
    /// Orders that still rest from before: a quote's bid and ask, of others the first.
    pub adopted: [HotAdopted; 2],
}

/// Messages that are missing: what a MoldUDP64 request asks for.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HotGap {
    pub from: u64,
    /// 0: nothing is missing.
    pub count: u64,
    pub session: [u8; 10],
    pub reserved: [u8; 6],
}

/// Why the hot loop did not send what a trigger wanted; index into [`HotStats::by_refusal`].
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Quantity = 1,
    NoTouch = 2,
    Collar = 3,
    Rate = 4,
    RingFull = 5,
    IdsUsedUp = 6,
}

pub const REFUSALS: usize = 7;
pub const LATENCY_BUCKETS: usize = 128;

/// Counters of the hot loop; each is written by its thread alone.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotStats {
    pub packets: u64,
    /// Packets with nothing new.
    pub duplicates: u64,
    /// Packets that contradict themselves.
    pub malformed: u64,
    /// Packets with a sequence number that no message of the feed can have: 0, or far ahead.
    pub jumped: u64,
    /// Packets of another session.
    pub foreign: u64,
    /// Packets that came early and were kept.
    pub held: u64,
    /// Early packets for which there was no room; retransmission brings them.
    pub held_dropped: u64,
    /// Times that a sequence number was missing.
    pub gaps: u64,
    /// Retransmissions asked for.
    pub requests: u64,
    /// ITCH messages given to the book.
    pub messages: u64,
    /// The sequence number that the book waits for.
    pub next_sequence: u64,
    /// Time of the last message, UTC ns.
    pub event_ns: u64,
    /// 1: a gap was given up.
    pub broken: u64,
    /// 1: the session said that it is over.
    pub ended: u64,
    pub intents: u64,
    pub executions: u64,
    /// About no parent that works here.
    pub unknown_executions: u64,
    /// Parents refused too often in a row.
    pub stopped_parents: u64,
    /// Packets that the slow path was too slow to take from the tap.
    pub tap_dropped: u64,
    /// By [`Refusal`]; 0 is unused.
    pub by_refusal: [u64; REFUSALS],
    /// Parameters were being written when they were read.
    pub parameter_retries: u64,
    /// Packet received to intent written, software clock; [`latency_bucket_ns`] gives each bucket's lower end.
    pub latency: [u64; LATENCY_BUCKETS],
    pub book: Counters,
}

impl Default for HotStats {
    fn default() -> Self {
        // SAFETY: unsigned integers only; all bits zero is a value.
        unsafe { std::mem::zeroed() }
    }
}

/// Lower end of a bucket of [`HotStats::latency`], in ns: four buckets to each power of two.
pub fn latency_bucket_ns(bucket: usize) -> u64 {
    (4 + bucket as u64 % 4) << (bucket / 4) >> 2
}

/// Bound, non-blocking UDP sockets (-1 where there is none) and how to wait on them.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotSockets {
    pub feed_a: i64,
    pub feed_b: i64,
    /// Connected to the retransmission server; answers come back on it.
    pub request: i64,
    /// Core to pin to; -1 for none.
    pub core: i64,
    /// Threads that spin on this machine, this one included.
    pub spinners: i64,
    /// Longest sleep when nothing comes, in ms.
    pub poll_ms: i64,
    /// How long the thread goes on yielding without work before it sleeps.
    pub awake_ns: i64,
}

impl Default for HotSockets {
    fn default() -> Self {
        Self {
            feed_a: -1,
            feed_b: -1,
            request: -1,
            core: -1,
            spinners: 3,
            poll_ms: 1,
            awake_ns: 0,
        }
    }
}

const _: () = {
    assert!(size_of::<HotConfig>() == 112);
    assert!(offset_of!(HotConfig, book) == 72);
    assert!(offset_of!(HotConfig, session) == 96);
    assert!(size_of::<HotParent>() == 184);
    assert!(offset_of!(HotParent, adopted) == 104);
    assert!(offset_of!(HotParent, symbol) == 80);
    assert!(size_of::<HotGap>() == 32);
    assert!(size_of::<HotStats>() == 8 * (19 + REFUSALS + 1 + LATENCY_BUCKETS + 15));
    assert!(size_of::<HotSockets>() == 56);
};
