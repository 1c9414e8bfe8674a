//! Every kind of record and its payload, field after field in the order written here.

use cws_abi::{Execution, OrderIntent};

use crate::codec::{Field, Reader};
use crate::error::JournalError;

/// Longest text of an entry, bytes.
pub const TEXT_MAX: usize = 1024;

/// A parent order as it was registered, with where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParentOrder {
    pub parent_id: u64,
    pub strategy_no: u16,
    /// The venue's stock locate.
    pub symbol_no: u16,
    /// [`cws_abi::Side`].
    pub side: u8,
    pub quantity: i64,
    /// 1e-9; 0 for none.
    pub limit_price: i64,
    pub slice_quantity: i64,
    pub start_ns: u64,
    pub end_ns: u64,
    pub strategy: String,
    pub symbol: String,
    pub style: String,
    pub patch: String,
    pub data_version: String,
    pub ledger_id: String,
}

/// Kinds 1 to 17, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// 1: the process started.
    Start {
        build_hash: [u8; 32],
        version: String,
    },
    /// 2: from here on only order ids of this region and epoch are taken.
    Epoch { region: u8, epoch: u16 },
    /// 3: a parent order was registered.
    Parent(ParentOrder),
    /// 4: an intent as it came out of the ring.
    Intent(OrderIntent),
    /// 5: what the checks said; `reason` 0 is yes, 1..=23 the check that refused.
    Decision {
        intent_seq: u64,
        order_id: u64,
        reason: u16,
    },
    /// 6: bytes about to leave on the order session; `order_id` 0 where no intent asked for them.
    Sent {
        order_id: u64,
        orig_order_id: u64,
        bytes: Vec<u8>,
    },
    /// 7: one record of `executions.ring`.
    Execution(Execution),
    /// 8: the same, as drop copy tells it.
    DropCopy(Execution),
    /// 9: a limits file was taken.
    Limits { version: u64, hash: [u8; 32] },
    /// 10: trading ended for a scope.
    Kill {
        scope: KillScope,
        trigger: Trigger,
        name: String,
        who: String,
        reason: String,
    },
    /// 11: and may go on.
    Rearm {
        scope: KillScope,
        name: String,
        who: String,
        reason: String,
    },
    /// 12: login, logout, break; `event` is its owner's number.
    Session {
        event: u8,
        venue_seq: u64,
        text: String,
    },
    /// 13: ACTIVE 1, REDUCING 2, HALTED 3.
    State { state: u8, reason: String },
    /// 14: no more children of this parent order, and its open ones are cancelled.
    CancelParent { parent_id: u64, who: String },
    /// 15: positions in a symbol are valued at this price from here on; `ns` is when it was made.
    Mark { symbol: u16, price: i64, ns: u64 },
    /// 16: a trading day began here, days since 1970; what stands before it was of an older one.
    Day { day: i64 },
    /// 17: order session and drop copy told of this trade otherwise for longer than it takes to tell; asked once about each.
    Difference { order_id: u64, exec_id: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KillScope {
    Firm = 1,
    Venue = 2,
    Strategy = 3,
}

/// Who pulled: the process itself, a person, or the absence of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Trigger {
    OwnChecks = 1,
    Command = 2,
    DeadMan = 3,
}

/// The number of each kind and its fields: what is written is what is read.
macro_rules! kinds {
    ($($number:literal $name:ident { $($field:ident),+ })+; $($tuple_number:literal $tuple:ident)+) => {
        impl Entry {
            /// Appends the payload to `out` and returns the kind.
            pub fn encode(&self, out: &mut Vec<u8>) -> u16 {
                match self {
                    $(Self::$name { $($field),+ } => { $($field.put(out);)+ $number })+
                    $(Self::$tuple(record) => { record.put(out); $tuple_number })+
                }
            }
        }

        fn read(kind: u16, from: &mut Reader<'_>) -> Option<Entry> {
            Some(match kind {
                $($number => Entry::$name { $($field: from.get()?),+ },)+
                $($tuple_number => Entry::$tuple(from.get()?),)+
                _ => return None,
            })
        }
    };
}
kinds! {
    1 Start { build_hash, version }
    2 Epoch { region, epoch }
    5 Decision { intent_seq, order_id, reason }
    6 Sent { order_id, orig_order_id, bytes }
    9 Limits { version, hash }
    10 Kill { scope, trigger, name, who, reason }
    11 Rearm { scope, name, who, reason }
    12 Session { event, venue_seq, text }
    13 State { state, reason }
    14 CancelParent { parent_id, who }
    15 Mark { symbol, price, ns }
    16 Day { day }
    17 Difference { order_id, exec_id }
    ;
    3 Parent
    4 Intent
    7 Execution
    8 DropCopy
}

impl Entry {
    /// # Errors
    /// `Payload` where the kind is unknown or the payload is not exactly one of its kind.
    pub fn decode(kind: u16, payload: &[u8]) -> Result<Self, JournalError> {
        let mut from = Reader(payload);
        let entry = read(kind, &mut from).ok_or(JournalError::Payload {
            kind,
            what: "too short, or a value that its kind cannot have",
        })?;
        if !from.0.is_empty() {
            return Err(JournalError::Payload {
                kind,
                what: "longer than its kind",
            });
        }
        Ok(entry)
    }
}
