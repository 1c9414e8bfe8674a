//! What goes in and what comes out. Prices i64 in 1e-9 of the currency, quantities i64 shares, times u64 UTC ns.

use cws_abi::{Side, Terms};

/// The price of a market order: it has none.
pub const MARKET_PRICE: i64 = 0;

/// What happens when an order would trade with one of the same participant. Participant 0 is everybody's background and
/// may trade with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfMatch {
    /// The rest of the incoming order is cancelled.
    CancelAggressor,
    /// The resting order is cancelled and the incoming one goes on.
    CancelResting,
}

/// Bounds of everything that grows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub open_orders: usize,
    /// Price levels of one side of one symbol.
    pub levels: usize,
    /// Shares of one order; OUCH 4.2 says below 1,000,000.
    pub quantity: i64,
    /// Highest price, 1e-9.
    pub price: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_orders: 1 << 20,
            levels: 1 << 14,
            quantity: 999_999,
            price: 199_999_990_000_000,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub self_match: SelfMatch,
    pub limits: Limits,
    /// Price step of each symbol, 1e-9; the symbols are 1..=len, as in ITCH's stock locate.
    pub ticks: Vec<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Before,
    Open,
    After,
}

/// An order as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    pub participant: u32,
    pub symbol: u16,
    pub side: Side,
    pub terms: Terms,
    /// [`MARKET_PRICE`] with [`Terms::MarketIoc`], else a limit.
    pub price: i64,
    pub quantity: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    New(NewOrder),
    /// `keep` is the new size, what was traded included; 0 takes the order out.
    Cancel {
        participant: u32,
        order: u64,
        keep: i64,
    },
    /// `quantity` is the new size, what was traded included.
    Replace {
        participant: u32,
        order: u64,
        price: i64,
        quantity: i64,
    },
    Halt {
        symbol: u16,
    },
    Resume {
        symbol: u16,
    },
    StartOfDay,
    EndOfDay,
}

/// OUCH 4.2's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RejectReason {
    Halted = b'H',
    InvalidStock = b'S',
    Closed = b'C',
    /// Off the tick, out of range, or post-only and it would trade.
    InvalidPrice = b'X',
    /// Above the venue's safety threshold, or none at all.
    Quantity = b'Z',
    /// The venue is full.
    Other = b'O',
}

/// OUCH 4.2's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CancelReason {
    User = b'U',
    ImmediateOrCancel = b'I',
    /// The day is over.
    Timeout = b'T',
    SelfMatch = b'Q',
    /// The venue is full.
    System = b'Z',
}

/// Numbered by the engine from 1, unique for the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub order: u64,
    pub new: NewOrder,
}

/// The order now stands in the book, at the end of its level's queue, with `open` shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rested {
    pub order: u64,
    pub symbol: u16,
    pub side: Side,
    pub price: i64,
    pub open: i64,
}

/// One trade, always at the resting order's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Executed {
    /// From 1, unique for the day.
    pub match_number: u64,
    pub symbol: u16,
    pub resting: u64,
    pub resting_participant: u32,
    pub resting_open: i64,
    pub aggressor: u64,
    pub aggressor_participant: u32,
    pub aggressor_side: Side,
    pub aggressor_open: i64,
    pub price: i64,
    pub quantity: i64,
}

/// `quantity` shares were taken off, `open` remain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canceled {
    pub order: u64,
    pub participant: u32,
    pub symbol: u16,
    pub quantity: i64,
    pub open: i64,
    pub reason: CancelReason,
    /// It stood in the book, so market data speaks of it.
    pub in_book: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    pub old: u64,
    /// The same number as `old` if the order kept its place; then market data says "partial cancel".
    pub order: u64,
    /// As it stands from now on; the quantity is what is open.
    pub new: NewOrder,
    /// What the old order still had open.
    pub old_open: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub participant: u32,
    pub symbol: u16,
    pub reason: RejectReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Accepted(Accepted),
    Rested(Rested),
    Executed(Executed),
    Canceled(Canceled),
    Replaced(Replaced),
    Rejected(Rejected),
    Halted { symbol: u16 },
    Resumed { symbol: u16 },
    Phase(Phase),
}
