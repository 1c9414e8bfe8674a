//! What the core wants done, in this order: journal, then bytes, then executions. The shell does it.

use cws_abi::Execution;
use cws_journal::Entry;

use crate::encode::Frame;

/// Bytes for the order session. `order_id` is the order that does not exist if they cannot leave; 0 for a cancel, which
/// leaves whatever fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub frame: Frame,
    pub order_id: u64,
    /// The order that a cancel is about; 0 for an order.
    pub cancels: u64,
}

#[derive(Debug, Default)]
pub struct Effects {
    /// UTC ns and record, in the order of the journal.
    pub entries: Vec<(u64, Entry)>,
    pub outgoing: Vec<Outgoing>,
    pub executions: Vec<Execution>,
    /// The order session must be broken and opened again: answers are overdue.
    pub relogin: bool,
    /// Orders that are not wanted any more and have not begun to leave are to be taken back.
    pub withdraw: bool,
}

impl Effects {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.outgoing.is_empty()
            && self.executions.is_empty()
            && !self.relogin
            && !self.withdraw
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.outgoing.clear();
        self.executions.clear();
        self.relogin = false;
        self.withdraw = false;
    }
}
