//! All orders of ours by id. Intents come from our own hot thread, executions from the risk core; both are only ever
//! added to what is known, so the state follows from the two sequences alone.

use std::collections::{BTreeMap, BTreeSet};

use cws_abi::{IntentKind, OrderId, OrderIntent, Side, Terms};

use super::order::Order;
use super::report::{Change, Counters, Note, Outcome};
use super::table::{Event, Next};

/// What we hold at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub orders_max: usize,
}

/// An order that risk holds open; `leaves` is what may still trade of it. The journal that told the rest is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAtRisk {
    pub id: u64,
    pub parent_id: u64,
    /// Symbol, strategy, side.
    pub owner: (u16, u16, Side),
    pub price: i64,
    pub leaves: i64,
    /// The venue has it for certain.
    pub is_live: bool,
}

#[derive(Debug)]
pub struct Orders {
    pub(super) orders: BTreeMap<u64, Order>,
    /// Ids of cancel requests, and the order that each is about.
    pub(super) requests: BTreeMap<u64, u64>,
    /// Orders with a request (new, cancel, replace) that nobody answered yet.
    awaiting: BTreeSet<u64>,
    limits: Limits,
    pub(super) counters: Counters,
    /// Last record of the executions ring that was applied.
    pub(super) execution_seq: u64,
    /// Last sequence number of the order session that an execution carried.
    pub(super) venue_seq: u64,
}

impl Orders {
    pub fn new(limits: Limits) -> Self {
        Self {
            orders: BTreeMap::new(),
            requests: BTreeMap::new(),
            awaiting: BTreeSet::new(),
            limits,
            counters: Counters::default(),
            execution_seq: 0,
            venue_seq: 0,
        }
    }

    pub fn get(&self, id: u64) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// By id, which is the order of sending within an epoch.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.orders.values()
    }

    pub fn len(&self) -> usize {
        self.orders.len()
    }

    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub fn execution_seq(&self) -> u64 {
        self.execution_seq
    }

    pub fn venue_seq(&self) -> u64 {
        self.venue_seq
    }

    /// Orders with an unanswered request: zero means that every intent has its concluding execution.
    pub fn awaiting(&self) -> usize {
        self.awaiting.len()
    }

    /// An intent that our hot thread has put into the ring.
    pub fn apply_intent(&mut self, intent: &OrderIntent) -> Outcome {
        self.counters.intents += 1;
        let Ok(kind) = IntentKind::try_from(intent.kind) else {
            return self.refuse(intent.order_id, "an intent of no known kind");
        };
        match kind {
            IntentKind::New => self.add(intent),
            IntentKind::Cancel => {
                let target = if intent.orig_order_id != 0 {
                    intent.orig_order_id
                } else {
                    intent.order_id
                };
                if !self.orders.contains_key(&target) {
                    return self.refuse(intent.order_id, "cancels an order that we do not know");
                }
                if self.requests.len() >= self.limits.orders_max {
                    self.forget_requests();
                }
                self.requests.insert(intent.order_id, target);
                let mut outcome = Outcome::default();
                self.step(target, Event::CancelSent, &mut outcome);
                outcome
            }
            IntentKind::Replace => self.replace(intent),
        }
    }

    fn add(&mut self, intent: &OrderIntent) -> Outcome {
        match self.sound(intent) {
            Ok((side, terms)) => {
                let mut outcome = Outcome::default();
                self.insert(Order::sent(intent, side, terms), &mut outcome);
                outcome
            }
            Err(what) => self.refuse(intent.order_id, what),
        }
    }

    fn replace(&mut self, intent: &OrderIntent) -> Outcome {
        let old = intent.orig_order_id;
        if !self.orders.contains_key(&old) {
            return self.refuse(intent.order_id, "replaces an order that we do not know");
        }
        let (side, terms) = match self.sound(intent) {
            Ok(sound) => sound,
            Err(what) => return self.refuse(intent.order_id, what),
        };
        let mut outcome = Outcome::default();
        self.insert(Order::sent(intent, side, terms), &mut outcome);
        self.change(old, &mut outcome, |order| {
            if order.is_live() && order.replaced_by == 0 {
                order.replaced_by = intent.order_id;
                order.replacement_quantity = intent.quantity;
            }
            order.step(Event::ReplaceSent);
        });
        outcome
    }

    fn sound(&self, intent: &OrderIntent) -> Result<(Side, Terms), &'static str> {
        if self.orders.contains_key(&intent.order_id) {
            return Err("an id that is in use");
        }
        if OrderId::from_bits(intent.order_id).is_none() {
            return Err("no order id");
        }
        if intent.quantity <= 0 || intent.price < 0 {
            return Err("a quantity or price below its range");
        }
        let side = Side::try_from(intent.side).map_err(|_| "no known side")?;
        let terms = Terms::try_from(intent.terms).map_err(|_| "no known terms")?;
        if self.orders.len() >= self.limits.orders_max {
            return Err("more orders than orders_max");
        }
        Ok((side, terms))
    }

    pub(super) fn insert(&mut self, order: Order, outcome: &mut Outcome) {
        outcome.changes.push(Change {
            order_id: order.id,
            parent_id: order.parent_id,
            side: order.side,
            before: None,
            after: order.state,
            cum: 0,
            notional: 0,
            exposure: order.exposure(),
        });
        self.awaiting.insert(order.id);
        self.orders.insert(order.id, order);
    }

    /// Takes up an order that risk has and we have not: from here on its executions find it.
    pub fn adopt_open(&mut self, open: &OpenAtRisk) -> Outcome {
        let mut outcome = Outcome::default();
        if self.full()
            || self.orders.contains_key(&open.id)
            || OrderId::from_bits(open.id).is_none()
        {
            return self.refuse(open.id, "cannot take up an order that risk has open");
        }
        let order = Order::known(
            open.id,
            open.parent_id,
            open.owner,
            (open.price, open.leaves),
        );
        self.counters.adopted += 1;
        self.insert(order, &mut outcome);
        let event = if open.is_live {
            Event::Accept
        } else {
            Event::Lost
        };
        self.step(open.id, event, &mut outcome);
        outcome
    }

    pub(super) fn full(&self) -> bool {
        self.orders.len() >= self.limits.orders_max
    }

    /// Applies `act` to an order and says what that means for its parent. Nothing where there is no such order.
    pub(super) fn change<R>(
        &mut self,
        id: u64,
        outcome: &mut Outcome,
        act: impl FnOnce(&mut Order) -> R,
    ) -> Option<R> {
        let order = self.orders.get_mut(&id)?;
        let (state, cum, exposure) = (order.state, order.cum, order.exposure());
        let notional = order.notional();
        let result = act(order);
        outcome.changes.push(Change {
            order_id: id,
            parent_id: order.parent_id,
            side: order.side,
            before: Some(state),
            after: order.state,
            cum: order.cum - cum,
            notional: order.notional() - notional,
            exposure: order.exposure() - exposure,
        });
        if order.awaits() {
            self.awaiting.insert(id);
        } else {
            self.awaiting.remove(&id);
        }
        Some(result)
    }

    /// Asks the table; what it does not allow is counted and noted.
    pub(super) fn step(&mut self, id: u64, event: Event, outcome: &mut Outcome) {
        let before = self.orders.get(&id).map(|order| order.state);
        match self.change(id, outcome, |order| order.step(event)) {
            Some(Next::Illegal) => {
                self.counters.illegal += 1;
                let what = format!("{event:?} is not legal in {before:?}; nothing changed");
                outcome.note = Some(note("CWS-OMS-001", id, what));
            }
            Some(Next::Contradiction(after)) => {
                self.counters.contradictions += 1;
                let what = format!(
                    "{event:?} contradicts {before:?}; {after:?} now, compare with the venue"
                );
                outcome.note = Some(note("CWS-OMS-002", id, what));
            }
            _ => {}
        }
    }

    fn refuse(&mut self, id: u64, what: &str) -> Outcome {
        self.counters.refused += 1;
        Outcome {
            changes: Vec::new(),
            note: Some(note("CWS-OMS-005", id, what.into())),
        }
    }

    /// Requests whose order has ended need no memory.
    fn forget_requests(&mut self) {
        let orders = &self.orders;
        self.requests
            .retain(|_, target| orders.get(target).is_some_and(Order::is_live));
    }
}

pub(super) fn note(code: &'static str, order_id: u64, what: String) -> Note {
    Note {
        code,
        order_id,
        what,
    }
}
