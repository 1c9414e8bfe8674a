//! What the hot thread is told to work: parents as they come, change, end, and go on after a restart.

use cws_abi::{OrderId, Side};
use cws_book::hot::HotError;
use cws_book::hot_abi::Activity;
use cws_journal::{Entry, ParentOrder};
use cws_process::clock;
use cws_process::fault::Fault;

use super::gateway::Gateway;
use crate::oms::Note;
use crate::parents::{Action, ParentState};
use crate::style::{Earlier, hot_parent};

const DAY_NS: u64 = 86_400_000_000_000;

impl Gateway {
    pub fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                // The hot thread keeps to start and end by itself.
                Action::Arm(_) => {}
                Action::Disarm(id) => self.work(id, Activity::Stopping),
                // The hot thread cancels the children of a parent that stops; those of earlier lives it does not know.
                Action::Cancel(id) if self.is_earlier(id) => self.cancel_stray(id),
                Action::Cancel(_) => {}
                Action::Ended(id) => self.ended.push(id),
            }
        }
    }

    /// Takes a parent order that a socket handed over, once it is journaled. One that names no end is given that of the day
    /// on which it came: no later day works it.
    pub fn hand_over(&mut self, mut order: ParentOrder) -> Result<bool, Fault> {
        self.journal_holds()?;
        if order.end_ns == 0 {
            order.end_ns = self.day_end_ns();
        }
        let id = order.parent_id;
        let fresh = self.desk.add_parent(order.clone())?;
        if fresh {
            self.journal.stage(clock::utc_ns(), &Entry::Parent(order));
            self.commit();
            if let Err(fault) = self.journal_holds() {
                self.desk.parents.refuse(id);
                return Err(fault);
            }
            self.work(id, Activity::Working);
        }
        Ok(fresh)
    }

    fn journal_holds(&self) -> Result<(), Fault> {
        self.journal_fault.as_ref().map_or(Ok(()), |what| {
            Err(Fault::new(
                "CWS-GATEWAY-006",
                format!("nothing new is taken: {what}"),
                "gateway.journal",
                "make room or mend the disk, and start the gateway again",
            ))
        })
    }

    pub fn cancel(&mut self, id: u64, who: String) -> Result<(), Fault> {
        let actions = self.desk.cancel_parent(id)?;
        let entry = Entry::CancelParent { parent_id: id, who };
        self.journal.stage(clock::utc_ns(), &entry);
        self.commit();
        self.act(actions);
        Ok(())
    }

    /// After a restart: what is left of each open parent goes on.
    pub fn resume(&mut self) {
        let open: Vec<(u64, ParentState)> = self
            .desk
            .parents
            .iter()
            .filter(|parent| !parent.state.is_final())
            .map(|parent| (parent.order.parent_id, parent.state))
            .collect();
        for (id, state) in open {
            self.count_earlier(id);
            if state != ParentState::Canceling {
                self.work(id, Activity::Working);
            }
        }
    }

    /// Tells the hot thread how a parent is to be worked from now on.
    pub(super) fn work(&mut self, id: u64, activity: Activity) {
        let Some(parent) = self.desk.parents.get(id) else {
            return;
        };
        if activity != Activity::Retired && parent.state.is_final() {
            return;
        }
        let known = self.directory.locate(&parent.order.symbol);
        let Some(symbol) = known.filter(|_| self.ready || activity != Activity::Working) else {
            if activity == Activity::Working {
                self.unnamed.insert(id);
            }
            return;
        };
        self.unnamed.remove(&id);
        let earlier = self.earlier.get(&id).copied().unwrap_or_default();
        let activity = match activity {
            Activity::Working
                if self
                    .whose(id)
                    .is_some_and(|whose| self.pauses.is_on(&whose)) =>
            {
                Activity::Off
            }
            other => other,
        };
        let defaults = (self.config.hot.tick, self.day_end_ns());
        let told = hot_parent(&parent.order, symbol, earlier, defaults, activity);
        let told = told.and_then(|parent| match self.control.set_parent(&parent) {
            Err(HotError::ParentsFull) => {
                self.no_slot.insert(id);
                Ok(())
            }
            told => told.map_err(|error| hot_fault(&error)),
        });
        if let Err(fault) = told {
            self.desk.note(Note {
                code: fault.code,
                order_id: 0,
                what: format!("parent {id} is not worked: {}", fault.what),
            });
            self.desk.parents.refuse(id);
        }
    }

    /// Parents that are over, once the hot thread has heard all that was said about their orders: sooner it would cancel
    /// what has traded. Those that wait for a slot get what was given back.
    pub(super) fn retire(&mut self) {
        for id in std::mem::take(&mut self.ended) {
            self.work(id, Activity::Retired);
        }
        for id in std::mem::take(&mut self.no_slot) {
            if self.no_slot.is_empty() {
                self.work(id, Activity::Working);
            } else {
                self.no_slot.insert(id); // The one before it found none.
            }
        }
    }

    /// When the exchange's day ends that goes on now.
    fn day_end_ns(&self) -> u64 {
        let midnight_ns = match self.midnight_ns {
            0 => clock::utc_ns() / DAY_NS * DAY_NS,
            set => set,
        };
        midnight_ns + DAY_NS
    }

    pub(super) fn is_earlier(&self, order_id: u64) -> bool {
        OrderId::from_bits(order_id).is_none_or(|id| id.epoch() != self.epoch)
    }

    /// Orders of earlier lives ended or traded: the hot thread may work what they gave back.
    pub(super) fn count_earlier(&mut self, parent_id: u64) {
        let of =
            |order: &&crate::oms::Order| order.parent_id == parent_id && self.is_earlier(order.id);
        let mut sums = Earlier::default();
        for order in self.desk.orders.iter().filter(of) {
            sums.traded += order.cum;
            sums.exposure += order.exposure();
            sums.position += match order.side {
                Side::Buy => order.cum,
                Side::Sell | Side::SellShort => -order.cum,
            };
        }
        if self.earlier.insert(parent_id, sums) != Some(sums) {
            let working = self.desk.parents.get(parent_id).is_some_and(|parent| {
                matches!(parent.state, ParentState::Working | ParentState::Pending)
            });
            if working {
                self.work(parent_id, Activity::Working);
            }
        }
    }
}

fn hot_fault(error: &cws_book::hot::HotError) -> Fault {
    Fault::new(
        "CWS-GATEWAY-007",
        error.to_string(),
        "parent",
        "see gateway/README.md for the ranges",
    )
}
