//! What both books agree on: limits, the meaning and order of refusals, and the checksum in words.
//!
//! **Checksum.** `fold(sum, word) = rotl(sum ^ word, 29) * 0x9E3779B97F4A7C15`, all in wrapping u64. Of a symbol: start at
//! 0; fold its trading state (the letter, 0 before the first); for bids, then asks: fold the number of levels; for each
//! level from best to worst fold price (1e-4), total shares, number of orders; for each of its orders from the front of
//! the queue fold reference and shares. Of the book: start at 0; fold the last system event (the letter, 0 before the
//! first), the number of live orders, then the checksum of each symbol from 1 to the last.

/// What a book has room for; more is refused, never written over.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Live orders over all symbols, up to 2^27.
    pub orders: u32,
    /// Price levels of one side of one symbol, up to 2^16.
    pub levels_per_side: u32,
    /// Stock locates 1..=symbols, up to 65,535.
    pub symbols: u32,
    pub reserved: u32,
}

impl Limits {
    pub const fn new(orders: u32, levels_per_side: u32, symbols: u32) -> Self {
        Self {
            orders,
            levels_per_side,
            symbols,
            reserved: 0,
        }
    }
}

/// What became of one message. A refused message changes nothing. The checks run in the order of the numbers for adds
/// and replaces: a message with two faults has the lower code (executions and deletes look for their order first).
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Applied = 0,
    /// A message that moves no book, or a type that ITCH 5.0 does not have.
    Ignored = 1,
    BadLength = 2,
    /// A locate of 0 or beyond the limit.
    BadSymbol = 3,
    /// No trading state (H: HPQT) or system event (S: OSQMEC) of the specification.
    BadState = 4,
    BadSide = 5,
    /// Order reference 0.
    BadReference = 6,
    /// No shares.
    BadShares = 7,
    /// 0, or beyond 200,000.0000.
    BadPrice = 8,
    UnknownOrder = 9,
    /// The order is another symbol's.
    WrongSymbol = 10,
    /// An execution or cancel of more than the order has.
    TooManyShares = 11,
    DuplicateOrder = 12,
    OrdersFull = 13,
    LevelsFull = 14,
}

/// Every [`Code`], at its number.
pub const CODES: [Code; 15] = [
    Code::Applied,
    Code::Ignored,
    Code::BadLength,
    Code::BadSymbol,
    Code::BadState,
    Code::BadSide,
    Code::BadReference,
    Code::BadShares,
    Code::BadPrice,
    Code::UnknownOrder,
    Code::WrongSymbol,
    Code::TooManyShares,
    Code::DuplicateOrder,
    Code::OrdersFull,
    Code::LevelsFull,
];

/// How many messages ended with each [`Code`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub by_code: [u64; CODES.len()],
}

impl Counters {
    pub fn of(&self, code: Code) -> u64 {
        self.by_code[code as usize]
    }
    pub fn refused(&self) -> u64 {
        self.by_code[2..].iter().sum()
    }
}

/// ITCH 5.0: the highest price is 200,000.0000.
pub const WIRE_PRICE_MAX: u32 = 2_000_000_000;

/// Whole messages of a stream in which each stands after its length in two bytes; a torn end is left out.
pub fn blocks(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (message, rest) = rest.split_at_checked(length)?;
        data = rest;
        Some(message)
    })
}
