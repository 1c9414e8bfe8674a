//! Drop copy: the venue tells every trade a second time, to someone who did not send the order. What one side tells and the
//! other does not, for longer than it takes to tell, kills the firm: one of the two books is wrong.

use std::collections::{BTreeSet, HashMap, VecDeque};

use cws_abi::{ExecKind, Execution};
use cws_journal::{Entry, KillScope, Trigger};
use cws_wire::Price4;
use cws_wire::ouch42::Outbound;

use super::Core;
use super::venue::{DROP_LOGGED_IN, DROP_NEW_SESSION, is_about_trade};
use crate::Now;
use crate::effects::Effects;
use crate::session::translate;
use crate::status::SessionState;

/// A loop that comes back after so long stood still, and heard nobody.
const STILL_NS: u64 = 1_000_000_000;

/// Order id and match number.
type Key = (u64, u64);
/// What was said of a trade last: shares and price; 0 shares and the new price of a corrected one, 0 and 0 of a broken one.
type Trades = HashMap<Key, (i64, i64)>;

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
    pub is_up: bool,
    /// Trades that one side told first, and when (monotonic): differences that nobody was told of yet.
    young: VecDeque<(u64, Key)>,
    /// Heard of the session last, and since when both sessions are heard without a break.
    heard_ns: u64,
    both_since_ns: u64,
    looked_ns: u64,
}

impl DropCopy {
    /// The order session tells of a trade, or changes one.
    pub(super) fn heard(&mut self, e: &Execution, mono_ns: u64) {
        let key = (e.order_id, e.exec_id);
        if match_off(key, said(e), &mut self.theirs, &mut self.ours) {
            self.young.push_back((mono_ns, key));
        }
        self.open = self.ours.len() + self.theirs.len();
    }

    fn told(&mut self, key: Key, trade: (i64, i64), mono_ns: u64) {
        if match_off(key, trade, &mut self.ours, &mut self.theirs) {
            self.young.push_back((mono_ns, key));
        }
        self.open = self.ours.len() + self.theirs.len();
    }

    /// Something was told by one side, and the other is there to tell it.
    pub fn awaits(&self) -> bool {
        self.is_up && !self.young.is_empty() && self.open > 0
    }

    /// All differences of the earlier life.
    pub(super) fn seen(&mut self) {
        self.young.clear();
    }

    /// Replay: [`DropCopy::overdue`] gave this one.
    pub(super) fn asked(&mut self, key: Key) {
        while self
            .young
            .front()
            .is_some_and(|young| !self.differs(young.1))
        {
            self.young.pop_front();
        }
        self.young.retain(|young| young.1 != key);
    }

    fn differs(&self, key: Key) -> bool {
        self.ours.contains_key(&key) || self.theirs.contains_key(&key)
    }

    /// The trades that were told by one side alone for `settle_ns` in which both were heard. Asked once about each.
    fn overdue(&mut self, settle_ns: u64, mono_ns: u64) -> BTreeSet<Key> {
        let mut found = BTreeSet::new();
        while let Some((since_ns, key)) = self.young.front().copied() {
            let differs = self.differs(key);
            let since_ns = since_ns.max(self.both_since_ns);
            if differs && mono_ns.saturating_sub(since_ns) < settle_ns {
                break;
            }
            self.young.pop_front();
            if differs {
                found.insert(key);
            }
        }
        if !found.is_empty() {
            self.young.retain(|young| !found.contains(&young.1));
        }
        found
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

/// What both sides tell alike needs no memory. True where the other side has still to tell it.
fn match_off(key: Key, trade: (i64, i64), other: &mut Trades, own: &mut Trades) -> bool {
    let alike = other.get(&key) == Some(&trade);
    if alike {
        other.remove(&key);
        own.remove(&key);
    } else {
        own.insert(key, trade);
    }
    !alike
}

fn said(e: &Execution) -> (i64, i64) {
    match ExecKind::try_from(e.kind) {
        Ok(ExecKind::Broken) => (0, 0),
        Ok(ExecKind::Corrected) => (0, e.price),
        _ => (e.last_qty, e.price),
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
        self.drop_copy.is_up = true;
        let entry = Entry::Session {
            event,
            venue_seq: self.drop_copy.seq,
            text: name.into(),
        };
        fx.entries.push((now.utc_ns, entry));
    }

    pub fn drop_copy_down(&mut self) {
        self.drop_copy.is_up = false;
    }

    /// What time makes of differences, and of a drop copy that nobody hears.
    pub(super) fn compare(&mut self, now: Now, fx: &mut Effects) {
        let settle_ns = self.settings.drop_copy_settle_ns;
        if settle_ns == 0 {
            return;
        }
        let copy = &mut self.drop_copy;
        let stood_still = now.mono_ns.saturating_sub(copy.looked_ns) > STILL_NS;
        copy.looked_ns = now.mono_ns;
        if copy.is_up || stood_still {
            copy.heard_ns = now.mono_ns;
        }
        if !copy.is_up || self.status.session != SessionState::Up || stood_still {
            copy.both_since_ns = now.mono_ns;
        }
        self.status.drop_copy_lost = now.mono_ns.saturating_sub(copy.heard_ns) >= settle_ns;
        let overdue = copy.overdue(settle_ns, now.mono_ns);
        if !overdue.is_empty() && !self.status.killed_firm {
            let by = ("risk", "drop copy and the order session tell other trades");
            self.kill(KillScope::Firm, "", Trigger::OwnChecks, by, now, fx);
        }
        // Where the firm is dead already, too: whoever re-arms it has seen these, and a restart must know which they were.
        // Behind the kill: a journal that is torn between them asks again.
        for (order_id, exec_id) in overdue {
            let entry = Entry::Difference { order_id, exec_id };
            fx.entries.push((now.utc_ns, entry));
        }
    }

    /// Sequenced message `seq` of the drop copy session.
    pub fn drop_copy_message(&mut self, seq: u64, payload: &[u8], now: Now, fx: &mut Effects) {
        if seq <= self.drop_copy.seq {
            return;
        }
        let nothing = crate::book::Book::default();
        let midnight_ns = self.settings.midnight_ns;
        let mut told = translate(&nothing, payload, seq, now.utc_ns, midnight_ns);
        let filled = |number, shares: u32, price: Price4| {
            Some((ExecKind::Filled, number, i64::from(shares), price.nanos()))
        };
        let trade = match Outbound::decode(payload) {
            Ok(Outbound::Executed(m)) => {
                filled(m.match_number, m.executed_shares, m.execution_price)
            }
            Ok(Outbound::ExecutedWithReferencePrice(m)) => {
                filled(m.match_number, m.executed_shares, m.execution_price)
            }
            Ok(Outbound::BrokenTrade(m)) => Some((ExecKind::Broken, m.match_number, 0, 0)),
            Ok(Outbound::PriceCorrection(m)) => {
                let price = m.new_execution_price.nanos();
                Some((ExecKind::Corrected, m.match_number, 0, price))
            }
            _ => None,
        };
        if let Some((kind, match_number, shares, price)) = trade {
            (told.kind, told.exec_id) = (kind as u8, match_number);
            (told.last_qty, told.price) = (shares, price);
        }
        // OUCH says whose order it is by its token alone; what we know of the order says the rest.
        if let Some(open) = self.book.orders.get(&told.order_id) {
            let order = open.order;
            (told.side, told.parent_id) = (order.side as u8, order.parent_id);
            (told.symbol, told.strategy) = (order.symbol, order.strategy);
            told.ts_trigger_ns = order.ts_recv_ns;
        }
        self.apply_drop_copy(&told, now.mono_ns);
        fx.entries.push((now.utc_ns, Entry::DropCopy(told)));
    }

    pub(super) fn apply_drop_copy(&mut self, told: &Execution, mono_ns: u64) {
        self.drop_copy.seq = told.venue_seq;
        let ours = cws_abi::OrderId::from_bits(told.order_id)
            .is_some_and(|id| id.region() == self.settings.region);
        if !ours {
            self.drop_copy.strangers += 1;
        } else if let Ok(kind) = ExecKind::try_from(told.kind)
            && is_about_trade(kind)
        {
            let (key, trade) = ((told.order_id, told.exec_id), said(told));
            self.drop_copy.trades += u64::from(kind == ExecKind::Filled);
            let booked = self.book.trades.get(&key);
            let told_before = !self.drop_copy.ours.contains_key(&key)
                && booked.is_some_and(|t| match kind {
                    ExecKind::Broken => t.broken,
                    // One that drop copy told before the order session stands against the next: what is booked is older.
                    ExecKind::Corrected => {
                        t.price == told.price && !self.drop_copy.theirs.contains_key(&key)
                    }
                    _ => !t.broken && (t.quantity, t.price) == trade,
                });
            if !told_before {
                self.drop_copy.told(key, trade, mono_ns);
            }
        }
    }
}
