//! A hot loop on a ring of its own, and messages for it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use cws_abi::{Consumer, ExecKind, Execution, IntentKind, OrderIntent, Side};
use cws_book::hot::{Control, Hot, open};
use cws_book::hot_abi::{Activity, HotConfig, HotParent, Style};
use cws_book::rules::Limits;
use cws_wire::Price4;
use cws_wire::itch50::{AddOrder, OrderDelete, StockTradingAction, SystemEvent};
use cws_wire::mold::PacketBuilder;

pub const SESSION: [u8; 10] = *b"TEST000001";
pub const SECOND: u64 = 1_000_000_000;
pub const CENT: i64 = 10_000_000;

pub struct Rig {
    pub hot: Hot,
    pub control: Control,
    pub ring: Consumer<OrderIntent>,
    pub sequence: u64,
    pub now_ns: u64,
    folder: PathBuf,
}

pub fn config() -> HotConfig {
    HotConfig {
        book: Limits::new(4_096, 64, 50),
        parents: 8,
        ..HotConfig::default()
    }
}

impl Rig {
    pub fn new(config: HotConfig) -> Self {
        Self::with_ring(config, 1024)
    }

    pub fn with_ring(config: HotConfig, capacity: u64) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cws-hot-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder of our own");
        let (hot, mut control) = open(&config, &folder, capacity).expect("opens");
        let ring = Consumer::open(&folder.join("intents.ring"), &folder.join("intents.cursor"))
            .expect("a sound ring");
        assert!(control.attach(), "the cursor is there");
        Self {
            hot,
            control,
            ring,
            sequence: 1,
            now_ns: 0,
            folder,
        }
    }

    /// One packet with these messages, at this time of the day; the intents that it made.
    pub fn packet(&mut self, messages: &[Vec<u8>]) -> Vec<OrderIntent> {
        let packet = packet(self.sequence, messages);
        self.sequence += messages.len() as u64;
        let made = self.hot.step(&packet, self.now_ns);
        let intents = self.taken();
        assert_eq!(made as usize, intents.len());
        intents
    }

    pub fn taken(&mut self) -> Vec<OrderIntent> {
        let intents = std::iter::from_fn(|| self.ring.take().expect("sound")).collect();
        self.ring.release();
        intents
    }

    /// Opens the market for a symbol, with a bid of 99.99 and an offer of 100.01, references 1 and 2.
    pub fn open_market(&mut self, symbol: u16) {
        let at = self.now_ns;
        let made = self.packet(&[
            event(at, b'Q'),
            state(at, symbol, b'T'),
            add(at, symbol, 1, Side::Buy, 500, 999_900),
            add(at, symbol, 2, Side::Sell, 500, 1_000_100),
        ]);
        assert!(made.is_empty());
    }

    /// The consumer claims to have released what was never written.
    pub fn lying_cursor(&self, tail: u64) {
        use std::os::unix::fs::FileExt;
        let path = self.folder.join("intents.cursor");
        let file = std::fs::OpenOptions::new().write(true).open(path);
        let file = file.expect("the consumer's file");
        file.write_all_at(&tail.to_ne_bytes(), 0).expect("written");
    }

    pub fn execution(&mut self, execution: &Execution) -> Vec<OrderIntent> {
        self.hot.execution(execution);
        self.taken()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

pub fn packet(sequence: u64, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut builder = PacketBuilder::new(SESSION, sequence);
    for message in messages {
        assert!(builder.push(message), "the test's packets are small");
    }
    builder.finish().to_vec()
}

pub fn add(
    time_ns: u64,
    symbol: u16,
    reference: u64,
    side: Side,
    shares: u32,
    price: u32,
) -> Vec<u8> {
    let message = AddOrder {
        stock_locate: symbol,
        tracking_number: 0,
        timestamp: time_ns,
        order_reference_number: reference,
        side: if side == Side::Buy { b'B' } else { b'S' },
        shares,
        stock: *b"TEST    ",
        price: Price4(price),
    };
    message.to_bytes().to_vec()
}

pub fn delete(time_ns: u64, symbol: u16, reference: u64) -> Vec<u8> {
    let message = OrderDelete {
        stock_locate: symbol,
        tracking_number: 0,
        timestamp: time_ns,
        order_reference_number: reference,
    };
    message.to_bytes().to_vec()
}

pub fn state(time_ns: u64, symbol: u16, letter: u8) -> Vec<u8> {
    let message = StockTradingAction {
        stock_locate: symbol,
        tracking_number: 0,
        timestamp: time_ns,
        stock: *b"TEST    ",
        trading_state: letter,
        reserved: b' ',
        reason: *b"    ",
    };
    message.to_bytes().to_vec()
}

pub fn event(time_ns: u64, letter: u8) -> Vec<u8> {
    let message = SystemEvent {
        stock_locate: 0,
        tracking_number: 0,
        timestamp: time_ns,
        event_code: letter,
    };
    message.to_bytes().to_vec()
}

/// A buy of 1,000 in slices of 100 over ten seconds from second 1.
pub fn parent(style: Style) -> HotParent {
    HotParent {
        parent_id: 77,
        quantity: 1_000,
        slice_quantity: 100,
        start_ns: SECOND,
        end_ns: 11 * SECOND,
        tick: CENT,
        symbol: 5,
        strategy: 3,
        style: style as u8,
        side: Side::Buy as u8,
        activity: Activity::Working as u8,
        ..HotParent::default()
    }
}

/// What risk would say about an intent.
pub fn answer(intent: &OrderIntent, kind: ExecKind, last_qty: i64) -> Execution {
    Execution {
        order_id: intent.order_id,
        parent_id: intent.parent_id,
        orig_order_id: intent.orig_order_id,
        price: intent.price,
        last_qty,
        leaves_qty: if intent.kind == IntentKind::Cancel as u8 {
            0
        } else {
            intent.quantity - last_qty
        },
        symbol: intent.symbol,
        strategy: intent.strategy,
        kind: kind as u8,
        side: intent.side,
        ..Execution::default()
    }
}

/// Half a second before the parent's start, the market open.
pub fn ready(style: Style) -> Rig {
    let mut rig = Rig::new(config());
    rig.now_ns = SECOND / 2;
    rig.open_market(5);
    rig.control.set_parent(&parent(style)).expect("sound");
    rig
}

/// A message of another symbol: the clock moves, the parent's book does not.
pub fn tick(rig: &mut Rig, at: u64) -> Vec<OrderIntent> {
    rig.now_ns = at;
    rig.packet(&[state(at, 9, b'T')])
}
