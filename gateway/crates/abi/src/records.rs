//! The two records that cross shared memory. Plain integers only: whatever bits a hostile writer leaves are a value,
//! and the enums are read by checked conversion.

use std::mem::{offset_of, size_of};

/// A record of a ring: fixed size, no padding, every bit pattern valid.
///
/// # Safety
/// The implementor is `repr(C)`, has no padding bytes, and holds integers only.
pub unsafe trait Record: Copy + Default {}

/// What a gateway asks of the risk core. Prices in 1e-9 of the currency, times in UTC ns.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderIntent {
    /// Position in the life of the ring, from 1; the producer counts, the consumer refuses what does not follow.
    pub seq: u64,
    /// Region, epoch and counter: see [`crate::OrderId`].
    pub order_id: u64,
    /// The parent order that this is a child of; 0 is refused by risk.
    pub parent_id: u64,
    /// The order that a cancel or replace is about; 0 for a new order.
    pub orig_order_id: u64,
    /// Arrival of the packet that caused the intent.
    pub ts_recv_ns: u64,
    /// Limit price; 0 for a market order.
    pub price: i64,
    /// Shares.
    pub quantity: i64,
    /// The venue's stock locate.
    pub symbol: u16,
    /// Number of the strategy in the limits file.
    pub strategy: u16,
    /// [`IntentKind`].
    pub kind: u8,
    /// [`Side`].
    pub side: u8,
    /// [`Terms`].
    pub terms: u8,
    /// Version of this layout: 1.
    pub version: u8,
}

/// What the risk core tells the gateway: one record for each sequenced message of the order session, and one for each
/// refusal of its own.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    pub seq: u64,
    pub order_id: u64,
    pub parent_id: u64,
    pub orig_order_id: u64,
    /// The venue's match number; 0 where nothing traded.
    pub exec_id: u64,
    /// Sequence number on the order session; 0 for what risk itself says.
    pub venue_seq: u64,
    /// Arrival at the risk core.
    pub ts_recv_ns: u64,
    /// The venue's stamp, UTC ns; 0 for what risk itself says.
    pub ts_event_ns: u64,
    pub price: i64,
    pub last_qty: i64,
    pub cum_qty: i64,
    pub leaves_qty: i64,
    pub symbol: u16,
    pub strategy: u16,
    /// 1..=23 for R01..R23; [`VENUE_REASON`] + the venue's letter; 0 for none.
    pub reason: u16,
    /// [`ExecKind`].
    pub kind: u8,
    /// [`Side`].
    pub side: u8,
    /// Arrival of the packet that caused the order, carried from its intent.
    pub ts_trigger_ns: u64,
    pub reserved: u64,
    pub reserved_2: u64,
}

/// Added to a venue's reason letter, so that its codes and ours cannot be taken for each other.
pub const VENUE_REASON: u16 = 0x100;

// SAFETY: repr(C), integers only; the sizes asserted below leave no room for padding.
unsafe impl Record for OrderIntent {}
// SAFETY: as above.
unsafe impl Record for Execution {}

const _: () = {
    assert!(size_of::<OrderIntent>() == 64);
    assert!(offset_of!(OrderIntent, ts_recv_ns) == 32);
    assert!(offset_of!(OrderIntent, price) == 40);
    assert!(offset_of!(OrderIntent, quantity) == 48);
    assert!(offset_of!(OrderIntent, symbol) == 56);
    assert!(offset_of!(OrderIntent, version) == 63);
    assert!(size_of::<Execution>() == 128);
    assert!(offset_of!(Execution, price) == 64);
    assert!(offset_of!(Execution, symbol) == 96);
    assert!(offset_of!(Execution, ts_trigger_ns) == 104);
};

macro_rules! checked_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[repr(u8)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant = $value),+ }
        impl TryFrom<u8> for $name {
            type Error = u8;
            /// The byte itself where it names nothing.
            fn try_from(byte: u8) -> Result<Self, u8> {
                match byte { $($value => Ok(Self::$variant),)+ other => Err(other) }
            }
        }
    };
}

checked_enum! {
    /// FIX tag 54.
    Side { Buy = 1, Sell = 2, SellShort = 3 }
}
checked_enum! {
    IntentKind { New = 1, Cancel = 2, Replace = 3 }
}
checked_enum! {
    /// Order type and time in force together: only these four exist.
    Terms { LimitDay = 1, LimitIoc = 2, PostOnly = 3, MarketIoc = 4 }
}
checked_enum! {
    ExecKind {
        /// The venue took the order; concludes a new order.
        Accepted = 1,
        /// R01..R23 said no; nothing left the machine. Concludes the intent.
        RejectedByRisk = 2,
        /// The venue said no. Concludes the intent.
        RejectedByVenue = 3,
        /// One trade, whole or part.
        Filled = 4,
        /// Cancelled by request, IOC rest, or the venue. Concludes a cancel.
        Canceled = 5,
        /// Concludes a replace; `order_id` is the new order, `orig_order_id` the old.
        Replaced = 6,
        /// A cancel or replace came too late. Concludes it.
        CancelRejected = 7,
        /// Sent, and the session broke before an answer: never resent blindly.
        Unknown = 8,
        /// The venue never had the order: resolved by sequence replay.
        NotAtVenue = 9,
        /// A sequenced message that is about no order (start or end of day, halt).
        SessionEvent = 10,
        /// A trade that the venue took back.
        Broken = 11,
        /// A trade whose price the venue changed; `price` is the new one, `last_qty` the trade's shares.
        Corrected = 12,
    }
}

impl OrderIntent {
    /// Version of the layout that this crate writes and accepts.
    pub const VERSION: u8 = 1;
}

/// A reason for people: `R07`, `venue 'Z'`, or nothing.
pub fn reason_text(reason: u16) -> String {
    match reason {
        0 => String::new(),
        1..=23 => format!("R{reason:02}"),
        code if (VENUE_REASON..VENUE_REASON + 128).contains(&code) => {
            format!("venue '{}'", char::from((code - VENUE_REASON) as u8))
        }
        other => format!("unknown reason {other}"),
    }
}
