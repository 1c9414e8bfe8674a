//! What the risk core tells us, and which order and event of the table that is.

use cws_abi::{ExecKind, Execution, OrderId, Side, VENUE_REASON};

use super::order::{Booked, Order};
use super::orders::{Orders, note};
use super::report::Outcome;
use super::table::{Event, State};

/// OUCH 4.2, reasons of Order Canceled: the time in force is over.
const TIMEOUT: u16 = VENUE_REASON + b'T' as u16;
/// OUCH 4.2, reasons of Order Canceled: closed for the day.
const CLOSED: u16 = VENUE_REASON + b'E' as u16;
/// OUCH 4.2, System Event: end of day.
const END_OF_DAY: u16 = VENUE_REASON + b'E' as u16;

/// OUCH counts shares in 32 bits; sums of them have room above.
const QUANTITY_MAX: i64 = 1 << 40;

impl Orders {
    /// One record of `executions.ring`. A record seen before (after a restart) changes nothing.
    pub fn apply_execution(&mut self, execution: &Execution) -> Outcome {
        if execution.seq <= self.execution_seq {
            self.counters.repeated_records += 1;
            return Outcome::default();
        }
        self.execution_seq = execution.seq;
        self.counters.executions += 1;
        self.venue_seq = self.venue_seq.max(execution.venue_seq);
        let Ok(kind) = ExecKind::try_from(execution.kind) else {
            return self.malformed(execution, "no known kind");
        };
        let quantities = [execution.last_qty, execution.cum_qty, execution.leaves_qty];
        if quantities.iter().any(|q| !(0..=QUANTITY_MAX).contains(q)) {
            return self.malformed(execution, "a quantity out of its range");
        }
        let names_trade = execution.last_qty > 0 && execution.exec_id != 0;
        if kind == ExecKind::Filled && !names_trade {
            return self.malformed(execution, "a trade without quantity or execution id");
        }
        if kind == ExecKind::SessionEvent {
            return self.session_event(execution);
        }
        let mut outcome = Outcome::default();
        if !self.knows(execution, kind) && !self.adopt(execution, kind, &mut outcome) {
            self.counters.strangers += 1;
            let what = format!("{kind:?} about an order that nobody here knows");
            outcome.note = Some(note("CWS-OMS-004", execution.order_id, what));
            return outcome;
        }
        self.dispatch(execution, kind, &mut outcome);
        outcome
    }

    fn dispatch(&mut self, execution: &Execution, kind: ExecKind, outcome: &mut Outcome) {
        let id = self.subject(execution, kind);
        match kind {
            ExecKind::Accepted => self.step(id, Event::Accept, outcome),
            ExecKind::Filled => self.filled(id, execution, outcome),
            ExecKind::Broken => self.taken_back(id, execution, outcome),
            ExecKind::Corrected => self.corrected(id, execution, outcome),
            ExecKind::Canceled => self.canceled(id, execution, outcome),
            ExecKind::Replaced => self.replaced(execution, outcome),
            ExecKind::RejectedByRisk
            | ExecKind::RejectedByVenue
            | ExecKind::CancelRejected
            | ExecKind::NotAtVenue
            | ExecKind::Unknown => self.answered(id, execution, kind, outcome),
            ExecKind::SessionEvent => {}
        }
    }

    fn filled(&mut self, id: u64, execution: &Execution, outcome: &mut Outcome) {
        let (exec_id, price, quantity) = (execution.exec_id, execution.price, execution.last_qty);
        self.imply_replaced(id, outcome);
        let booked = self.change(id, outcome, |order| order.book(exec_id, price, quantity));
        match booked {
            Some(Booked::As(event) | Booked::Beyond(event)) => {
                self.counters.fills += 1;
                self.step(id, event, outcome);
                self.break_early(id, exec_id, outcome);
            }
            Some(Booked::Repeated) => self.counters.repeated_fills += 1,
            None => {}
        }
        if let Some(Booked::Beyond(_)) = booked {
            self.counters.overfills += 1;
            let what = format!("trade {exec_id} of {quantity} is more than was left; booked");
            outcome.note = Some(note("CWS-OMS-003", id, what));
        }
    }

    /// The taking back of a trade overtook the trade.
    fn break_early(&mut self, id: u64, exec_id: u64, outcome: &mut Outcome) {
        let early = self.change(id, outcome, |order| {
            let place = order
                .broken_early
                .iter()
                .position(|early| *early == exec_id);
            place.is_some_and(|place| {
                order.broken_early.swap_remove(place);
                order.take_back(exec_id)
            })
        });
        if early == Some(true) {
            self.step(id, Event::Break, outcome);
        }
    }

    fn taken_back(&mut self, id: u64, execution: &Execution, outcome: &mut Outcome) {
        let exec_id = execution.exec_id;
        if self.change(id, outcome, |order| order.take_back(exec_id)) == Some(true) {
            self.step(id, Event::Break, outcome);
        } else {
            self.counters.repeated_fills += 1;
        }
    }

    fn corrected(&mut self, id: u64, execution: &Execution, outcome: &mut Outcome) {
        let (exec_id, price) = (execution.exec_id, execution.price);
        if self.change(id, outcome, |order| order.correct(exec_id, price)) == Some(false) {
            self.counters.repeated_fills += 1;
        }
    }

    fn canceled(&mut self, id: u64, execution: &Execution, outcome: &mut Outcome) {
        self.counters.cancels += 1;
        let leaves = execution.leaves_qty;
        let reason = execution.reason;
        self.change(id, outcome, |order| order.reason = reason);
        if leaves > 0 && self.change(id, outcome, |order| order.reduce(leaves)) == Some(true) {
            return self.step(id, Event::Reduce, outcome);
        }
        let event = match execution.reason {
            TIMEOUT => Event::Expire,
            CLOSED => Event::Close,
            _ => Event::CancelDone,
        };
        self.step(id, event, outcome);
    }

    /// `order_id` takes the place of `orig_order_id`, with `leaves_qty` open.
    fn replaced(&mut self, execution: &Execution, outcome: &mut Outcome) {
        let (new, old) = (execution.order_id, execution.orig_order_id);
        self.change(old, outcome, |order| {
            order.replaced_by = new;
            order.replacement_quantity = 0;
        });
        self.step(old, Event::ReplaceDone, outcome);
        self.change(new, outcome, |order| {
            order.succeed(execution.leaves_qty);
            order.price = execution.price;
        });
        self.step(new, Event::Accept, outcome);
        // It took the place, and was over at once; one that filled before this word is over by that.
        if execution.leaves_qty == 0 && self.orders.get(&new).is_some_and(Order::is_live) {
            self.step(new, Event::CancelDone, outcome);
        }
    }

    /// A trade of a successor that overtook the word that it has taken its predecessor's place.
    fn imply_replaced(&mut self, id: u64, outcome: &mut Outcome) {
        let Some(new) = self.orders.get(&id) else {
            return;
        };
        let old = new.replaces;
        if !self.names_predecessor(id, old) {
            return;
        }
        let Some(before) = self.orders.get(&old).map(Order::traded) else {
            return;
        };
        let told = Execution {
            order_id: id,
            orig_order_id: old,
            leaves_qty: new.quantity - before,
            price: new.price,
            ..Execution::default()
        };
        self.replaced(&told, outcome);
    }

    /// End of day: what is open and known to rest at the venue is done. A halt comes by [`Orders::halt`].
    fn session_event(&mut self, execution: &Execution) -> Outcome {
        let mut outcome = Outcome::default();
        // One that names an order is a message about it that says nothing new.
        if execution.order_id != 0 || execution.reason != END_OF_DAY {
            return outcome;
        }
        let open: Vec<u64> = self
            .orders
            .values()
            .filter(|order| order.is_live() && order.state != State::Unknown)
            .map(|order| order.id)
            .collect();
        for id in open {
            self.step(id, Event::Expire, &mut outcome);
        }
        outcome
    }

    /// The market data says that a symbol is halted, or trades again.
    pub fn halt(&mut self, symbol: u16, halted: bool) -> Outcome {
        let event = if halted { Event::Halt } else { Event::Resume };
        let mut outcome = Outcome::default();
        let open: Vec<u64> = self
            .orders
            .values()
            .filter(|order| order.is_live() && order.symbol == symbol)
            .map(|order| order.id)
            .collect();
        for id in open {
            self.step(id, event, &mut outcome);
        }
        outcome
    }

    /// The order that a record is about: its own, or for the answer to a cancel the one that the cancel names.
    fn subject(&self, execution: &Execution, kind: ExecKind) -> u64 {
        let id = execution.order_id;
        let own = matches!(
            kind,
            ExecKind::Accepted
                | ExecKind::Filled
                | ExecKind::Broken
                | ExecKind::Corrected
                | ExecKind::Replaced
        );
        if own || self.orders.contains_key(&id) {
            return id;
        }
        let requested = self.requests.get(&id).copied();
        requested.unwrap_or(execution.orig_order_id)
    }

    fn knows(&self, execution: &Execution, kind: ExecKind) -> bool {
        self.orders.contains_key(&self.subject(execution, kind))
    }

    /// An order that an earlier life of this gateway sent: its executions say enough.
    fn adopt(&mut self, execution: &Execution, kind: ExecKind, outcome: &mut Outcome) -> bool {
        let told = matches!(
            kind,
            ExecKind::Accepted | ExecKind::Filled | ExecKind::Replaced | ExecKind::Canceled
        );
        let quantity = execution.cum_qty.checked_add(execution.leaves_qty);
        let (Some(quantity), Ok(side)) = (quantity, Side::try_from(execution.side)) else {
            return false;
        };
        let named = OrderId::from_bits(execution.order_id).is_some() && execution.parent_id != 0;
        if !told || !named || quantity <= 0 || self.full() {
            return false;
        }
        let owner = (execution.symbol, execution.strategy, side);
        let mut order = Order::known(
            execution.order_id,
            execution.parent_id,
            owner,
            (execution.price, quantity),
        );
        order.ts_trigger_ns = execution.ts_trigger_ns;
        if kind == ExecKind::Replaced {
            order.replaces = execution.orig_order_id;
        }
        self.counters.adopted += 1;
        self.insert(order, outcome);
        true
    }

    fn malformed(&mut self, execution: &Execution, what: &str) -> Outcome {
        self.counters.malformed += 1;
        Outcome {
            changes: Vec::new(),
            note: Some(note("CWS-OMS-006", execution.order_id, what.into())),
        }
    }
}
