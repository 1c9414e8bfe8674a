//! One order: its facts and quantities. Which state follows is the table's to say.

use std::collections::BTreeMap;

use cws_abi::{OrderIntent, Side, Terms};

use super::table::{Event, Next, State, next};

/// One trade. Price in 1e-9, quantity in shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    pub price: i64,
    pub quantity: i64,
    /// The venue took it back.
    pub broken: bool,
}

/// Always: `quantity + over = cum + leaves + canceled + broken`, each at least 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: u64,
    pub parent_id: u64,
    /// The order whose place this one takes; 0 for none.
    pub replaces: u64,
    /// The order that is to take, or took, this one's place; 0 for none.
    pub replaced_by: u64,
    /// Shares asked for in that order, what this one traded included, while it is not confirmed.
    pub replacement_quantity: i64,
    pub symbol: u16,
    pub strategy: u16,
    pub side: Side,
    /// None where the order is known from its executions alone.
    pub terms: Option<Terms>,
    /// Limit in 1e-9; 0 for a market order.
    pub price: i64,
    pub quantity: i64,
    pub cum: i64,
    pub leaves: i64,
    pub canceled: i64,
    pub broken: i64,
    /// Shares that the venue traded beyond what was ordered.
    pub over: i64,
    notional: i128,
    pub state: State,
    pub acked: bool,
    pub cancel_pending: bool,
    pub halted: bool,
    /// Last reason given by risk or the venue; see [`cws_abi::reason_text`].
    pub reason: u16,
    pub ts_trigger_ns: u64,
    /// Trades by execution id.
    pub fills: BTreeMap<u64, Fill>,
    /// Trades taken back before we saw them.
    pub broken_early: Vec<u64>,
}

/// What a trade turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Booked {
    As(Event),
    /// More than was left: a position all the same.
    Beyond(Event),
    Repeated,
}

impl Order {
    /// A new order, or the successor in a replace, as it was asked for.
    pub(super) fn sent(intent: &OrderIntent, side: Side, terms: Terms) -> Self {
        Self {
            terms: Some(terms),
            ts_trigger_ns: intent.ts_recv_ns,
            replaces: intent.orig_order_id,
            ..Self::known(
                intent.order_id,
                intent.parent_id,
                (intent.symbol, intent.strategy, side),
                (intent.price, intent.quantity),
            )
        }
    }

    /// An order of which nothing but identity, price and quantity is known.
    pub(super) fn known(
        id: u64,
        parent_id: u64,
        (symbol, strategy, side): (u16, u16, Side),
        (price, quantity): (i64, i64),
    ) -> Self {
        Self {
            id,
            parent_id,
            replaces: 0,
            replaced_by: 0,
            replacement_quantity: 0,
            symbol,
            strategy,
            side,
            terms: None,
            price,
            quantity,
            cum: 0,
            leaves: quantity,
            canceled: 0,
            broken: 0,
            over: 0,
            notional: 0,
            state: State::PendingNew,
            acked: false,
            cancel_pending: false,
            halted: false,
            reason: 0,
            ts_trigger_ns: 0,
            fills: BTreeMap::new(),
            broken_early: Vec::new(),
        }
    }

    pub fn is_live(&self) -> bool {
        !self.state.is_final()
    }

    /// Where the facts put an open order: the highest that holds in FIX's order of precedence.
    pub fn working(&self) -> State {
        if self.cancel_pending {
            State::PendingCancel
        } else if self.replaced_by != 0 {
            State::PendingReplace
        } else if !self.acked && self.cum == 0 {
            State::PendingNew
        } else if self.halted {
            State::Suspended
        } else if self.cum > 0 {
            State::PartiallyFilled
        } else {
            State::New
        }
    }

    /// What may still trade because of this order, its unconfirmed successor included.
    pub fn exposure(&self) -> i64 {
        if self.state == State::PendingNew && self.replaces != 0 {
            return 0; // Counted where it is asked for: in the order that it is to replace.
        }
        self.leaves.max(self.replacement_quantity - self.traded())
    }

    /// A request about it (new, cancel, replace) has no answer yet. Unknown is an answer: waiting brings no other.
    pub fn awaits(&self) -> bool {
        matches!(
            self.state,
            State::PendingNew | State::PendingCancel | State::PendingReplace
        )
    }

    /// Price times shares of all trades that stand, in 1e-9.
    pub fn notional(&self) -> i128 {
        self.notional
    }

    /// Shares that it traded, taken back or not: what the size of its replacement counts. Of orders that it followed on, it
    /// does not.
    pub(super) fn traded(&self) -> i64 {
        self.cum + self.broken
    }

    /// Books a trade; the caller then moves the state by the event.
    pub(super) fn book(&mut self, exec_id: u64, price: i64, quantity: i64) -> Booked {
        if self.fills.contains_key(&exec_id) {
            return Booked::Repeated;
        }
        let from_open = quantity.min(self.leaves);
        let from_canceled = (quantity - from_open).min(self.canceled);
        let beyond = quantity - from_open - from_canceled;
        self.leaves -= from_open;
        self.canceled -= from_canceled;
        self.over += beyond;
        self.cum += quantity;
        self.notional += i128::from(price) * i128::from(quantity);
        let fill = Fill {
            price,
            quantity,
            broken: false,
        };
        self.fills.insert(exec_id, fill);
        let rest = if self.is_live() {
            self.leaves
        } else {
            self.canceled
        };
        let event = match (rest, self.broken) {
            (0, 0) => Event::FillLast,
            (0, _) => Event::FillRest,
            _ => Event::FillPart,
        };
        if beyond > 0 {
            Booked::Beyond(event)
        } else {
            Booked::As(event)
        }
    }

    /// Takes a trade back. True where something changed; a trade not seen yet is remembered.
    pub(super) fn take_back(&mut self, exec_id: u64) -> bool {
        match self.fills.get_mut(&exec_id) {
            Some(fill) if !fill.broken => {
                fill.broken = true;
                self.cum -= fill.quantity;
                self.notional -= i128::from(fill.price) * i128::from(fill.quantity);
                self.broken += fill.quantity;
                true
            }
            Some(_) => false,
            None if self.broken_early.contains(&exec_id) => false,
            None => {
                self.broken_early.push(exec_id);
                true
            }
        }
    }

    /// The price of a trade is another. False where nothing changes by that.
    pub(super) fn correct(&mut self, exec_id: u64, price: i64) -> bool {
        let known = self.fills.get_mut(&exec_id).filter(|fill| !fill.broken);
        let Some(fill) = known.filter(|fill| fill.price != price) else {
            return false;
        };
        let change = i128::from(price) - i128::from(fill.price);
        self.notional += change * i128::from(fill.quantity);
        fill.price = price;
        true
    }

    /// Moves the state by the table; what was open when an order ends counts as cancelled.
    pub(super) fn step(&mut self, event: Event) -> Next {
        let verdict = next(self.state, event);
        if matches!(verdict, Next::Illegal) {
            return verdict;
        }
        match event {
            Event::Accept => self.acked = true,
            Event::CancelSent => self.cancel_pending = self.is_live(),
            Event::CancelDone | Event::Expire | Event::Close | Event::Lost => {
                self.cancel_pending = false; // After a lost session a cancel may be asked for again.
            }
            Event::RequestRejected => self.request_over(),
            Event::Halt => self.halted = true,
            Event::Resume => self.halted = false,
            _ => {}
        }
        self.state = match verdict {
            Next::To(to) | Next::Contradiction(to) => to,
            Next::Working => self.working(),
            Next::Stay | Next::Illegal => self.state,
        };
        if self.state.is_final() {
            self.canceled += std::mem::take(&mut self.leaves);
            self.cancel_pending = false;
            if self.state == State::Replaced || self.state == State::Filled {
                self.replacement_quantity = 0;
            }
        } else if self.state == State::Unknown && matches!(verdict, Next::Contradiction(_)) {
            // Whatever was given up may be open after all.
            self.leaves += std::mem::take(&mut self.canceled);
        }
        debug_assert!(self.holds(), "quantities conserved: {self:?}");
        verdict
    }

    /// A part is cancelled and `leaves` stays open, as the venue says. False where that cannot be.
    pub(super) fn reduce(&mut self, leaves: i64) -> bool {
        let possible = self.is_live() && (1..=self.leaves).contains(&leaves);
        if possible {
            self.canceled += self.leaves - leaves;
            self.leaves = leaves;
            self.cancel_pending = false;
        }
        possible
    }

    /// Takes its predecessor's place with `leaves` open: what was asked for, less what that had traded.
    pub(super) fn succeed(&mut self, leaves: i64) {
        let spent = self.cum + self.canceled + self.broken;
        if self.acked || self.replaces == 0 || !(spent.max(1)..self.quantity).contains(&leaves) {
            return;
        }
        self.quantity = leaves;
        self.leaves = leaves - spent;
    }

    fn request_over(&mut self) {
        if self.cancel_pending {
            self.cancel_pending = false;
        } else {
            self.successor_gone();
        }
    }

    pub(super) fn successor_gone(&mut self) {
        self.replaced_by = 0;
        self.replacement_quantity = 0;
    }

    /// The law of conservation.
    pub fn holds(&self) -> bool {
        let parts = [self.cum, self.leaves, self.canceled, self.broken];
        parts.iter().all(|part| *part >= 0)
            && self.over >= 0
            && parts.iter().sum::<i64>() == self.quantity + self.over
            && (self.is_live() || self.leaves == 0)
    }
}
