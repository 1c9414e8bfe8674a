//! What an execution means for orders, parents and positions.

use cws_abi::{ExecKind, Execution, VENUE_REASON};

use super::{Book, OpenOrder, OrderState, Trade, side_of};
use crate::limits::Phase;

/// OUCH 4.2, event codes of System Event.
const START_OF_DAY: u16 = VENUE_REASON + b'S' as u16;
const END_OF_DAY: u16 = VENUE_REASON + b'E' as u16;

impl Book {
    /// Books one execution; gives the venue's new phase where it tells one.
    pub fn apply(&mut self, execution: &Execution, mono_ns: u64) -> Option<Phase> {
        let kind = ExecKind::try_from(execution.kind).ok()?;
        let id = execution.order_id;
        match kind {
            ExecKind::Accepted => self.accepted(id, execution.leaves_qty),
            ExecKind::Filled => self.filled(execution, mono_ns),
            ExecKind::Canceled => self.canceled(id, execution.leaves_qty),
            ExecKind::Replaced => self.replaced(execution),
            ExecKind::RejectedByVenue | ExecKind::NotAtVenue | ExecKind::RejectedByRisk => {
                self.refused(id);
            }
            ExecKind::CancelRejected => self.cancel_refused(execution),
            ExecKind::Unknown => {
                if let Some(open) = self.orders.get_mut(&id).filter(|open| open.open()) {
                    open.state = OrderState::Unknown;
                }
            }
            ExecKind::Broken => self.broken(execution),
            ExecKind::Corrected => self.corrected(execution),
            // Where it is about an order, the letter says why that was told: `S` and `E` are reasons, too.
            ExecKind::SessionEvent if id != 0 => {}
            ExecKind::SessionEvent => match execution.reason {
                START_OF_DAY => return Some(Phase::Open),
                END_OF_DAY => return Some(Phase::After),
                _ => {}
            },
        }
        None
    }

    /// A trade that is booked already.
    pub fn knows(&self, trade: &Execution) -> bool {
        self.trades.contains_key(&(trade.order_id, trade.exec_id))
    }

    fn accepted(&mut self, id: u64, leaves: i64) {
        if let Some(open) = self.orders.get_mut(&id).filter(|open| open.open()) {
            open.state = OrderState::Live;
        }
        self.revive(id, leaves);
    }

    /// The venue has an order after all that was given up as never there: it counts, and is to be gone.
    fn revive(&mut self, id: u64, leaves: i64) {
        let absent = |open: &&mut OpenOrder| open.absent && !open.open();
        let Some(open) = self.orders.get_mut(&id).filter(absent) else {
            return;
        };
        (open.state, open.leaves) = (OrderState::Live, leaves.max(0));
        (open.absent, open.cancel_wanted) = (false, true);
        let (order, leaves) = (open.order, open.leaves);
        let resting = self.resting.entry(order.symbol).or_default();
        resting[side_of(order.side)].insert(id);
        self.count(id, leaves);
        if leaves == 0 {
            self.finish(id);
        }
    }

    fn filled(&mut self, execution: &Execution, mono_ns: u64) {
        let id = execution.order_id;
        let key = (id, execution.exec_id);
        let trade = Trade {
            quantity: execution.last_qty,
            price: execution.price,
            broken: false,
        };
        let Some(open) = self.orders.get_mut(&id) else {
            self.strangers += 1;
            return;
        };
        if self.trades.insert(key, trade).is_some() {
            return;
        }
        open.cum += trade.quantity;
        let order = open.order;
        let was_open = open.open();
        // A trade after the end (it crossed our cancel) is booked and opens nothing.
        open.leaves = (open.leaves - trade.quantity).max(0);
        let (leaves, counted) = (open.leaves, open.counted);
        if was_open {
            open.state = OrderState::Live;
            self.count(id, (counted - trade.quantity).max(0));
            if leaves == 0 {
                self.finish(id);
            }
        }
        self.exposure
            .trade(&order, trade.quantity, trade.price, execution.ts_recv_ns);
        if let Some(parent) = self.parents.get_mut(&order.parent_id) {
            parent.moved = self.day;
            parent.trade(order.side, trade.quantity);
        }
        self.meters.executed(&order, mono_ns);
    }

    /// A trade that is taken back: the position returns, the quantity is not reinstated.
    fn broken(&mut self, execution: &Execution) {
        let key = (execution.order_id, execution.exec_id);
        let Some(trade) = self.trades.get_mut(&key).filter(|trade| !trade.broken) else {
            return;
        };
        trade.broken = true;
        let trade = *trade;
        let Some(open) = self.orders.get_mut(&execution.order_id) else {
            return;
        };
        open.cum -= trade.quantity;
        let order = open.order;
        self.exposure.take_back(&order, trade.quantity, trade.price);
        if let Some(parent) = self.parents.get_mut(&order.parent_id) {
            parent.moved = self.day;
            parent.trade(order.side, -trade.quantity);
        }
    }

    /// A trade at another price: money moves, no share does.
    fn corrected(&mut self, execution: &Execution) {
        let key = (execution.order_id, execution.exec_id);
        let Some(trade) = self.trades.get_mut(&key).filter(|trade| !trade.broken) else {
            return;
        };
        let before = std::mem::replace(&mut trade.price, execution.price);
        let quantity = trade.quantity;
        if let Some(open) = self.orders.get(&execution.order_id) {
            let order = open.order;
            self.exposure
                .correct(&order, quantity, before, execution.price);
        }
    }

    fn canceled(&mut self, id: u64, leaves: i64) {
        let Some(open) = self.orders.get_mut(&id).filter(|open| open.open()) else {
            return;
        };
        let gone = (open.leaves - leaves).max(0);
        let counted = (open.counted - gone).max(0);
        open.leaves = leaves.clamp(0, open.leaves);
        // Of a cut, what wants the rest gone still does.
        open.cancel_id = 0;
        open.state = OrderState::Live;
        self.count(id, counted);
        if leaves <= 0 {
            self.finish(id);
        }
    }

    fn replaced(&mut self, execution: &Execution) {
        let (new, old) = (execution.order_id, execution.orig_order_id);
        let cum_before = self.orders.get(&old).map_or(0, |open| open.cum);
        self.finish(old);
        self.revive(new, execution.leaves_qty);
        let Some(open) = self.orders.get_mut(&new).filter(|open| open.open()) else {
            return;
        };
        open.state = OrderState::Live;
        open.cum_before = cum_before;
        open.leaves = execution.leaves_qty.max(0);
        let leaves = open.leaves;
        self.count(new, leaves);
        if leaves == 0 {
            self.finish(new);
        }
    }

    /// The order, or the replacement, never came to be; what it was to replace lives on.
    fn refused(&mut self, id: u64) {
        let Some(open) = self.orders.get(&id).filter(|open| open.open()) else {
            return;
        };
        let replaces = open.order.replaces;
        self.finish(id);
        if let Some(open) = self.orders.get_mut(&id) {
            open.absent = true;
        }
        if let Some(old) = self.orders.get_mut(&replaces)
            && old.replaced_by == id
        {
            old.replaced_by = 0;
        }
    }

    fn cancel_refused(&mut self, execution: &Execution) {
        let target = match execution.orig_order_id {
            0 => execution.order_id,
            named => named,
        };
        if let Some(open) = self.orders.get_mut(&target)
            && (open.cancel_id == execution.order_id || execution.orig_order_id == 0)
        {
            open.cancel_id = 0;
        }
    }
}
