//! All parents. Time comes in as an argument, actions go out as values.

use std::collections::{BTreeMap, BTreeSet};

use cws_journal::ParentOrder;
use cws_process::fault::Fault;

use super::parent::{Parent, ParentState};
use crate::oms::{Change, Note, State};

/// A venue that refuses every cancel is not asked for ever.
const RETRIES_MAX: u32 = 64;

/// What the shell is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Its time has come: the hot thread may make children.
    Arm(u64),
    /// The hot thread makes no more children of it.
    Disarm(u64),
    /// Cancel this order.
    Cancel(u64),
    /// It is over, and nothing of it is out that we know of.
    Ended(u64),
}

#[derive(Debug)]
pub struct Parents {
    parents: BTreeMap<u64, Parent>,
    open: BTreeSet<u64>,
    parents_max: usize,
    rejects_max: usize,
    /// Reasons that pass by themselves and end no parent: the shell pauses until they are over.
    passing: &'static [u16],
    /// Parents with too many refusals in a row, until [`Parents::review`].
    suspects: BTreeSet<u64>,
}

impl Parents {
    /// After `rejects_max` refused children in a row a parent ends as rejected.
    pub fn new(parents_max: usize, rejects_max: usize, passing: &'static [u16]) -> Self {
        assert!(parents_max > 0 && rejects_max > 0, "limits of one at least");
        Self {
            parents: BTreeMap::new(),
            open: BTreeSet::new(),
            parents_max,
            rejects_max,
            passing,
            suspects: BTreeSet::new(),
        }
    }

    pub fn get(&self, id: u64) -> Option<&Parent> {
        self.parents.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Parent> {
        self.parents.values()
    }

    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Takes a parent order. False where the very same order is known already: handing over may be repeated.
    ///
    /// # Errors
    /// Another order has that id; or there are too many.
    pub fn add(&mut self, order: ParentOrder) -> Result<bool, Fault> {
        let id = order.parent_id;
        if let Some(known) = self.parents.get(&id) {
            if known.order == order {
                return Ok(false);
            }
            return Err(Fault::new(
                "CWS-PARENT-001",
                "another parent order has this id",
                format!("parent_id {id}"),
                "give each parent order an id of its own",
            ));
        }
        if self.parents.len() >= self.parents_max {
            return Err(Fault::new(
                "CWS-PARENT-002",
                format!("{} parent orders are known, the limit", self.parents.len()),
                format!("parent_id {id}"),
                "raise parents_max, or begin a new run folder",
            ));
        }
        self.parents.insert(id, Parent::new(order));
        self.open.insert(id);
        Ok(true)
    }

    /// Asked for by a person or `cws`: no more children, and the open ones are cancelled.
    pub fn cancel(&mut self, id: u64) -> Result<Vec<Action>, Fault> {
        if !self.parents.contains_key(&id) {
            return Err(Fault::new(
                "CWS-PARENT-003",
                "no such parent order",
                format!("parent_id {id}"),
                "ask for {\"cmd\":\"parents\"}",
            ));
        }
        Ok(self.wind_up(id, ParentState::Canceled))
    }

    /// The hot thread cannot work it.
    pub fn refuse(&mut self, id: u64) {
        self.wind_up(id, ParentState::Rejected);
    }

    /// Starts what is due and winds up what is over. `now_ns`: the market's time in lockstep, else UTC.
    pub fn tick(&mut self, now_ns: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        for id in self.open.clone() {
            let Some(parent) = self.parents.get_mut(&id) else {
                continue;
            };
            if parent.state == ParentState::Pending && now_ns >= parent.order.start_ns {
                parent.state = ParentState::Working;
                actions.push(Action::Arm(id));
            }
            let ends = parent.order.end_ns != 0 && now_ns >= parent.order.end_ns;
            if ends && parent.state == ParentState::Working {
                actions.extend(self.wind_up(id, ParentState::Expired));
            }
        }
        actions
    }

    /// Ends what was refused too often. Asked when all answers so far are in, so that their order decides nothing.
    pub fn review(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        for id in std::mem::take(&mut self.suspects) {
            let rejects = self.parents.get(&id).map_or(0, Parent::rejects);
            if rejects >= self.rejects_max {
                actions.extend(self.wind_up(id, ParentState::Rejected));
            }
        }
        actions
    }

    /// What a new life of this process must do about the parents of the last one.
    pub fn resume(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        for parent in self.open.iter().filter_map(|id| self.parents.get(id)) {
            actions.extend(parent.live.iter().map(|child| Action::Cancel(*child)));
            if parent.state == ParentState::Working {
                actions.push(Action::Arm(parent.order.parent_id));
            }
        }
        actions
    }

    /// What an order's change means for its parent.
    pub fn apply(&mut self, change: &Change, reason: u16) -> (Vec<Action>, Option<Note>) {
        let Some(parent) = self.parents.get_mut(&change.parent_id) else {
            let what = format!("its parent {} is not known here", change.parent_id);
            return (Vec::new(), Some(note("CWS-PARENT-004", change, what)));
        };
        if change.before.is_none() {
            parent.children += 1;
            if parent.state == ParentState::Pending {
                parent.state = ParentState::Working; // A child says that its time has come.
            }
        }
        let was_over = parent.is_over();
        let sums = parent.sums(change.side);
        sums.cum += change.cum;
        sums.exposure += change.exposure;
        parent.notional += change.notional;
        if change.after.is_final() {
            parent.live.remove(&change.order_id);
        } else {
            parent.live.insert(change.order_id);
        }
        let id = change.parent_id;
        let entered = change.before != Some(change.after);
        if change.after == State::Rejected && entered {
            parent.reason = reason;
            if change.order_id > parent.last_good && !self.passing.contains(&reason) {
                parent.refused.insert(change.order_id);
            }
            if parent.refused.len() >= self.rejects_max {
                self.suspects.insert(id);
            }
        } else if change.cum > 0 || (entered && change.after == State::New) {
            parent.last_good = parent.last_good.max(change.order_id);
            parent.refused = parent.refused.split_off(&parent.last_good);
        }
        let mut found = None;
        let mut actions = Vec::new();
        if parent.is_over() && !was_over {
            let what = format!(
                "{} traded and {} out are more than the {} of parent {id}; it is wound up",
                parent.cum(),
                parent.exposure(),
                parent.order.quantity
            );
            found = Some(note("CWS-PARENT-005", change, what));
            actions = self.wind_up(id, ParentState::Canceled);
        }
        actions.extend(self.conclude(id, change));
        (actions, found)
    }

    /// No child after this; it ends as `ends_as` when the last open one has ended.
    fn wind_up(&mut self, id: u64, ends_as: ParentState) -> Vec<Action> {
        let Some(parent) = self.parents.get_mut(&id) else {
            return Vec::new();
        };
        if parent.state.is_final() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        if parent.state != ParentState::Canceling {
            parent.state = ParentState::Canceling;
            parent.ends_as = ends_as;
            actions.push(Action::Disarm(id));
        }
        if parent.live.is_empty() {
            parent.state = parent.ends_as;
            self.open.remove(&id);
            actions.push(Action::Ended(id));
        }
        actions.extend(parent.live.iter().map(|child| Action::Cancel(*child)));
        actions
    }

    fn conclude(&mut self, id: u64, change: &Change) -> Vec<Action> {
        let Some(parent) = self.parents.get_mut(&id) else {
            return Vec::new();
        };
        let filled = parent.is_filled();
        let mut actions = Vec::new();
        match parent.state {
            ParentState::Pending | ParentState::Working if filled => {
                parent.state = ParentState::Filled;
            }
            ParentState::Canceling if parent.live.is_empty() => {
                parent.state = if filled {
                    ParentState::Filled
                } else {
                    parent.ends_as
                };
            }
            // A child that rests on while its parent winds up: the cancel was refused or lost, or it is a successor.
            ParentState::Canceling if rests(change) && parent.retries < RETRIES_MAX => {
                parent.retries += 1;
                actions.push(Action::Cancel(change.order_id));
            }
            // A late trade, or one taken back.
            ParentState::Canceled | ParentState::Expired | ParentState::Rejected if filled => {
                parent.state = ParentState::Filled;
            }
            ParentState::Filled if !filled => parent.state = ParentState::Canceled,
            _ => {}
        }
        if parent.state.is_final() && self.open.remove(&id) {
            actions.push(Action::Ended(id));
        }
        actions
    }
}

/// An order that just came to rest without a cancel being out.
fn rests(change: &Change) -> bool {
    let resting = matches!(
        change.after,
        State::New | State::PartiallyFilled | State::Suspended
    );
    resting && change.before != Some(change.after)
}

fn note(code: &'static str, change: &Change, what: String) -> Note {
    Note {
        code,
        order_id: change.order_id,
        what,
    }
}
