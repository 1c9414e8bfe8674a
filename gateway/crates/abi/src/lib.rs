//! What two processes share: fixed records, rings in shared memory, heartbeats, order ids.
//!
//! `gateway/hot/abi.hpp` mirrors the records for C++; both sides assert every offset.

mod beat;
mod guard;
mod mapping;
mod order_id;
mod records;
mod ring;
mod stash;

pub use beat::{Beat, BeatReader};
pub use guard::guard_foreign_memory;
pub use order_id::{COUNTER_MAX, EPOCH_MAX, OrderId, TOKEN_LEN, TokenError};
pub use records::{
    ExecKind, Execution, IntentKind, OrderIntent, Record, Side, Terms, VENUE_REASON, reason_text,
};
pub use ring::{Consumer, Producer, RingError, RingFull};
pub use stash::Stash;
