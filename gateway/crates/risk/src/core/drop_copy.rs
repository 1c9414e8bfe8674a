//! Drop copy: the venue tells every trade a second time, to someone who did not send the order.

use std::collections::HashMap;

use cws_abi::{ExecKind, Execution};
use cws_journal::Entry;

use super::Core;
use super::venue::{DROP_LOGGED_IN, DROP_NEW_SESSION};
use crate::Now;
use crate::effects::Effects;
use crate::session::translate;

/// A trade: order id and match number; shares and price.
type Trades = HashMap<(u64, u64), (i64, i64)>;

#[derive(Debug, Default)]
pub struct DropCopy {
    pub seq: u64,
    pub session: String,
    ours: Trades,
    theirs: Trades,
    /// Trades told by one side only, or told otherwise.
    pub open: usize,
    pub trades: u64,
    /// Messages about tokens that are not ours.
    pub strangers: u64,
}

impl DropCopy {
    /// A trade of the order session.
    pub(super) fn filled(&mut self, e: &Execution) {
        let key = (e.order_id, e.exec_id);
        match_off(key, (e.last_qty, e.price), &mut self.theirs, &mut self.ours);
        self.open = self.ours.len() + self.theirs.len();
    }

    fn told(&mut self, key: (u64, u64), trade: (i64, i64)) {
        self.trades += 1;
        match_off(key, trade, &mut self.ours, &mut self.theirs);
        self.open = self.ours.len() + self.theirs.len();
    }

    /// What only the order session told, and what only drop copy told: order id, match number, shares, price.
    pub fn differences(&self) -> [Vec<(u64, u64, i64, i64)>; 2] {
        [&self.ours, &self.theirs].map(|side| {
            let mut rows: Vec<_> = side.iter().map(|(k, v)| (k.0, k.1, v.0, v.1)).collect();
            rows.sort_unstable();
            rows
        })
    }
}

/// What both sides tell alike needs no memory.
fn match_off(key: (u64, u64), trade: (i64, i64), other: &mut Trades, own: &mut Trades) {
    if other.get(&key) == Some(&trade) {
        other.remove(&key);
    } else {
        own.insert(key, trade);
    }
}

impl Core {
    pub fn drop_copy_up(&mut self, name: &str, new_session: bool, now: Now, fx: &mut Effects) {
        let event = if new_session {
            DROP_NEW_SESSION
        } else {
            DROP_LOGGED_IN
        };
        if new_session {
            self.drop_copy.seq = 0;
        }
        self.drop_copy.session = name.into();
        let entry = Entry::Session {
            event,
            venue_seq: self.drop_copy.seq,
            text: name.into(),
        };
        fx.entries.push((now.utc_ns, entry));
    }

    /// Sequenced message `seq` of the drop copy session.
    pub fn drop_copy_message(&mut self, seq: u64, payload: &[u8], now: Now, fx: &mut Effects) {
        if seq <= self.drop_copy.seq {
            return;
        }
        let nothing = crate::book::Book::default();
        let midnight_ns = self.settings.midnight_ns;
        let mut told = translate(&nothing, payload, seq, now.utc_ns, midnight_ns);
        if let Ok(cws_wire::ouch42::Outbound::Executed(m)) =
            cws_wire::ouch42::Outbound::decode(payload)
        {
            told.kind = ExecKind::Filled as u8;
            told.last_qty = i64::from(m.executed_shares);
            told.price = m.execution_price.nanos();
            told.exec_id = m.match_number;
        }
        // OUCH says whose order it is by its token alone; what we know of the order says the rest.
        if let Some(open) = self.book.orders.get(&told.order_id) {
            let order = open.order;
            (told.side, told.parent_id) = (order.side as u8, order.parent_id);
            (told.symbol, told.strategy) = (order.symbol, order.strategy);
            told.ts_trigger_ns = order.ts_recv_ns;
        }
        self.apply_drop_copy(&told);
        fx.entries.push((now.utc_ns, Entry::DropCopy(told)));
    }

    pub(super) fn apply_drop_copy(&mut self, told: &Execution) {
        self.drop_copy.seq = told.venue_seq;
        let ours = cws_abi::OrderId::from_bits(told.order_id)
            .is_some_and(|id| id.region() == self.settings.region);
        if !ours {
            self.drop_copy.strangers += 1;
        } else if told.kind == ExecKind::Filled as u8 {
            let key = (told.order_id, told.exec_id);
            self.drop_copy.told(key, (told.last_qty, told.price));
        }
    }
}
