//! The hot loop under damaged packets: nothing that a packet says makes it send what its settings forbid.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use cws_abi::{Consumer, OrderIntent, Side};
use cws_book::hot::{Control, Hot, open};
use cws_book::hot_abi::{Activity, HotConfig, HotParent, HotStats, Style};
use cws_book::rules::Limits;

use super::case::{SESSION, SYMBOLS, opening};

const RING: u64 = 1024;
/// Packets after which it starts anew.
const PACKETS: u64 = 1 << 14;
/// Packets in a row that a gap may stay open: a damaged sequence number opens some that nobody can fill.
const GAP_PACKETS: u64 = 256;
const NS_PER_PACKET: u64 = 1_000;
const MORNING_NS: u64 = 34_200_000_000_000;
const DAY_NS: u64 = 86_400_000_000_000;
const CENT: i64 = 10_000_000;
const QUANTITY_MAX: i64 = 10_000;

/// What was seen over all lives of the hot loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub packets: u64,
    pub malformed: u64,
    pub foreign: u64,
    pub duplicates: u64,
    pub held: u64,
    pub messages: u64,
    pub intents: u64,
    pub lives: u64,
}

pub struct HotUnderFire {
    folder: PathBuf,
    life: Option<Life>,
    seen: Seen,
}

struct Life {
    hot: Hot,
    control: Control,
    ring: Consumer<OrderIntent>,
    packets: u64,
    gap_packets: u64,
}

impl HotUnderFire {
    /// # Errors
    /// The folder cannot be made.
    pub fn new() -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cws-fuzz-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            life: None,
            seen: Seen::default(),
        })
    }

    /// Starts it where it does not run or has got stuck. True where it is a new one, which expects a new flow.
    ///
    /// # Errors
    /// It does not start.
    pub fn renew(&mut self) -> Result<bool, String> {
        if self.life.as_ref().is_some_and(Life::is_over) {
            self.end();
        }
        let new = self.life.is_none();
        if new {
            self.life = Some(Life::begin(&self.folder)?);
        }
        Ok(new)
    }

    /// The sequence number that the next packet should begin at.
    pub fn next_sequence(&self) -> u64 {
        let life = self.life.as_ref();
        life.map_or(1, |life| life.control.stats().next_sequence)
    }

    /// One packet. Returns how many intents it made.
    ///
    /// # Errors
    /// An intent is beyond the settings.
    ///
    /// # Panics
    /// Before the first [`HotUnderFire::renew`].
    pub fn step(&mut self, packet: &[u8]) -> Result<u32, String> {
        let life = self.life.as_mut().expect("it was started");
        life.packets += 1;
        let now_ns = life.packets * NS_PER_PACKET;
        let made = life.hot.step(packet, now_ns) + life.hot.idle(now_ns);
        life.gap_packets = match life.hot.gap() {
            Some(_) => life.gap_packets + 1,
            None => 0,
        };
        life.drain()?;
        Ok(made)
    }

    /// Ends the current life and gives what all of them saw.
    pub fn finish(mut self) -> Seen {
        self.end();
        self.seen
    }

    fn end(&mut self) {
        if let Some(life) = self.life.take() {
            self.seen.add(&life.control.stats());
        }
        // The next life begins with an empty ring.
        for file in ["intents.ring", "intents.cursor"] {
            let _ = std::fs::remove_file(self.folder.join(file));
        }
    }
}

impl Drop for HotUnderFire {
    fn drop(&mut self) {
        self.life = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Seen {
    fn add(&mut self, stats: &HotStats) {
        self.packets += stats.packets;
        self.malformed += stats.malformed;
        self.foreign += stats.foreign;
        self.duplicates += stats.duplicates;
        self.held += stats.held;
        self.messages += stats.messages;
        self.intents += stats.intents;
        self.lives += 1;
    }
}

impl Life {
    fn begin(folder: &Path) -> Result<Self, String> {
        let config = HotConfig {
            book: Limits::new(4_096, 64, u32::from(SYMBOLS)),
            parents: 8,
            session: SESSION,
            max_quantity: QUANTITY_MAX,
            ..HotConfig::default()
        };
        let (hot, mut control) = open(&config, folder, RING).map_err(|e| e.to_string())?;
        let ring = Consumer::open(&folder.join("intents.ring"), &folder.join("intents.cursor"));
        let ring = ring.map_err(|e| e.to_string())?;
        control.attach();
        for (id, style) in [(1, Style::Child), (2, Style::Peg), (3, Style::Quote)] {
            let parent = parent(id, style);
            control.set_parent(&parent).map_err(|e| e.to_string())?;
        }
        let mut life = Self {
            hot,
            control,
            ring,
            packets: 0,
            gap_packets: 0,
        };
        life.hot.step(&opening(), 0);
        life.hot.idle(0);
        Ok(life)
    }

    fn is_over(&self) -> bool {
        let stats = self.control.stats();
        let stuck = self.gap_packets >= GAP_PACKETS || stats.ended + stats.broken > 0;
        stuck || self.packets >= PACKETS
    }

    fn drain(&mut self) -> Result<(), String> {
        while let Some(intent) = self.ring.take().map_err(|e| e.to_string())? {
            let known = (1..=3).contains(&intent.parent_id);
            let sound = known
                && intent.price >= 0
                && (0..=QUANTITY_MAX).contains(&intent.quantity)
                && (1..=SYMBOLS).contains(&intent.symbol);
            if !sound {
                return Err(format!("an intent beyond the settings: {intent:?}"));
            }
        }
        self.ring.release();
        Ok(())
    }
}

fn parent(parent_id: u64, style: Style) -> HotParent {
    HotParent {
        parent_id,
        quantity: 1_000_000,
        slice_quantity: 100,
        start_ns: MORNING_NS,
        end_ns: DAY_NS,
        tick: CENT,
        half_spread: 3 * CENT,
        requote: CENT,
        symbol: parent_id as u16,
        strategy: 1,
        style: style as u8,
        side: Side::Buy as u8,
        activity: Activity::Working as u8,
        ..HotParent::default()
    }
}
