//! Orders and parents together: one event in, what follows out. All that it knows can be built again from a journal.

use std::collections::VecDeque;

use cws_abi::{Execution, OrderIntent};
use cws_journal::{Entry, ParentOrder};
use cws_process::fault::Fault;

use crate::oms::{Limits, Note, OpenAtRisk, Orders, Outcome};
use crate::parents::{Action, Parents};

/// Notes that are kept for the status; older ones are counted only.
const NOTES_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
pub struct DeskLimits {
    pub orders_max: usize,
    pub parents_max: usize,
    pub rejects_max: usize,
    /// Refusals for these reasons do not count towards `rejects_max`.
    pub passing: &'static [u16],
}

#[derive(Debug)]
pub struct Desk {
    pub orders: Orders,
    pub parents: Parents,
    notes: VecDeque<Note>,
    noted: u64,
}

impl Desk {
    pub fn new(limits: DeskLimits) -> Self {
        Self {
            orders: Orders::new(Limits {
                orders_max: limits.orders_max,
            }),
            parents: Parents::new(limits.parents_max, limits.rejects_max, limits.passing),
            notes: VecDeque::new(),
            noted: 0,
        }
    }

    /// The newest notes, oldest first.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter()
    }

    pub fn noted(&self) -> u64 {
        self.noted
    }

    pub fn intent(&mut self, intent: &OrderIntent) -> Vec<Action> {
        let outcome = self.orders.apply_intent(intent);
        self.settle(outcome, 0)
    }

    pub fn execution(&mut self, execution: &Execution) -> Vec<Action> {
        let outcome = self.orders.apply_execution(execution);
        self.settle(outcome, execution.reason)
    }

    /// An order that risk has open and nobody told us of.
    pub fn adopt(&mut self, order: &OpenAtRisk) -> Vec<Action> {
        let outcome = self.orders.adopt_open(order);
        self.settle(outcome, 0)
    }

    pub fn halt(&mut self, symbol: u16, halted: bool) -> Vec<Action> {
        let outcome = self.orders.halt(symbol, halted);
        self.settle(outcome, 0)
    }

    pub fn add_parent(&mut self, order: ParentOrder) -> Result<bool, Fault> {
        self.parents.add(order)
    }

    pub fn cancel_parent(&mut self, id: u64) -> Result<Vec<Action>, Fault> {
        self.parents.cancel(id)
    }

    /// One record of this gateway's own journal, or of the risk core's: what is not about orders is passed over. What
    /// was done about it then is not done again. Time does not pass: it comes with the market data.
    pub fn replay(&mut self, entry: &Entry) {
        match entry {
            Entry::Parent(order) => {
                self.add_parent(order.clone()).ok();
            }
            Entry::CancelParent { parent_id, .. } => {
                self.cancel_parent(*parent_id).ok();
            }
            Entry::Intent(intent) => {
                self.intent(intent);
            }
            Entry::Execution(execution) => {
                self.execution(execution);
                self.parents.review();
            }
            _ => {}
        }
    }

    /// After a replay: orders of the earlier life are cancelled, and what is left of each parent goes on.
    pub fn resume(&mut self) -> Vec<Action> {
        self.parents.resume()
    }

    fn settle(&mut self, outcome: Outcome, reason: u16) -> Vec<Action> {
        if let Some(note) = outcome.note {
            self.note(note);
        }
        let mut actions = Vec::new();
        for change in &outcome.changes {
            let (more, note) = self.parents.apply(change, reason);
            actions.extend(more);
            if let Some(note) = note {
                self.note(note);
            }
        }
        actions
    }

    pub fn note(&mut self, note: Note) {
        self.noted += 1;
        if self.notes.len() == NOTES_MAX {
            self.notes.pop_front();
        }
        self.notes.push_back(note);
    }
}
