//! What the order book of our own orders has to say about an event: what changed, what was odd.

use std::fmt;

use cws_abi::Side;

use super::table::State;

/// Something that must not pass silently. `code` is stable; a person reads the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub code: &'static str,
    pub order_id: u64,
    pub what: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} order {:#x}: {}", self.code, self.order_id, self.what)
    }
}

/// What one order's change means for its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub order_id: u64,
    pub parent_id: u64,
    pub side: Side,
    pub before: Option<State>,
    pub after: State,
    /// Shares traded since (negative where a trade was taken back).
    pub cum: i64,
    /// Price times shares of these trades, in 1e-9.
    pub notional: i128,
    /// Shares that may still trade, since.
    pub exposure: i64,
}

/// The answer to one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub changes: Vec<Change>,
    pub note: Option<Note>,
}

/// Counted since the start; each is shown in the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub intents: u64,
    pub executions: u64,
    pub fills: u64,
    pub rejects: u64,
    pub cancels: u64,
    /// Records of the ring seen before: after a restart.
    pub repeated_records: u64,
    /// Trades told twice.
    pub repeated_fills: u64,
    pub illegal: u64,
    pub contradictions: u64,
    pub overfills: u64,
    pub strangers: u64,
    pub adopted: u64,
    pub malformed: u64,
    pub refused: u64,
}

impl Counters {
    /// Name and value of each, for the status.
    pub fn pairs(&self) -> [(&'static str, u64); 14] {
        [
            ("intents", self.intents),
            ("executions", self.executions),
            ("fills", self.fills),
            ("rejects", self.rejects),
            ("cancels", self.cancels),
            ("repeated_records", self.repeated_records),
            ("repeated_fills", self.repeated_fills),
            ("illegal", self.illegal),
            ("contradictions", self.contradictions),
            ("overfills", self.overfills),
            ("strangers", self.strangers),
            ("adopted", self.adopted),
            ("malformed", self.malformed),
            ("refused", self.refused),
        ]
    }
}
