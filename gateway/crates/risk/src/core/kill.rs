//! Kills: per strategy, venue, firm; by our own checks, by command, by the dead man. Ended by a person alone.

use std::collections::HashSet;

use cws_journal::{Entry, KillScope, Trigger};

use super::Core;
use crate::Now;
use crate::effects::Effects;
use crate::status::State;

/// Nothing goes by that name here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillRefused {
    pub name: String,
}

impl Core {
    /// Ends trading in a scope and cancels all that is open in it. `by` is who and why.
    pub fn kill(
        &mut self,
        scope: KillScope,
        name: &str,
        trigger: Trigger,
        by: (&str, &str),
        now: Now,
        fx: &mut Effects,
    ) -> Option<KillRefused> {
        let strategy = match self.scope(scope, name) {
            Ok(strategy) => strategy,
            Err(refused) => return Some(refused),
        };
        if self.set_killed(scope, name, true) {
            let entry = Entry::Kill {
                scope,
                trigger,
                name: name.into(),
                who: by.0.into(),
                reason: by.1.into(),
            };
            fx.entries.push((now.utc_ns, entry));
        }
        self.cancel_all(strategy, now, fx);
        self.tell_state(now, fx);
        None
    }

    /// Lets a scope trade again. `by` is who and why; the caller has made sure that somebody said both.
    pub fn rearm(
        &mut self,
        scope: KillScope,
        name: &str,
        by: (&str, &str),
        now: Now,
        fx: &mut Effects,
    ) -> Option<KillRefused> {
        let strategy = match self.scope(scope, name) {
            Ok(strategy) => strategy,
            Err(refused) => return Some(refused),
        };
        self.set_killed(scope, name, false);
        if scope == KillScope::Firm {
            self.status.ring_failed = false;
            self.status.reducing = false;
        }
        self.book.meters.forget_executions(strategy);
        let entry = Entry::Rearm {
            scope,
            name: name.into(),
            who: by.0.into(),
            reason: by.1.into(),
        };
        fx.entries.push((now.utc_ns, entry));
        self.tell_state(now, fx);
        None
    }

    /// The strategy that the scope means; None for all of them.
    fn scope(&self, scope: KillScope, name: &str) -> Result<Option<u16>, KillRefused> {
        let refused = KillRefused { name: name.into() };
        match scope {
            KillScope::Firm => Ok(None),
            KillScope::Venue if name == self.settings.venue => Ok(None),
            KillScope::Venue => Err(refused),
            // Nobody knows the names now: the kill holds when limits come, and until then nothing stays open.
            KillScope::Strategy if self.limits.is_none() => Ok(None),
            KillScope::Strategy => {
                let named = self.limits().and_then(|limits| limits.strategy_named(name));
                named.map(|strategy| Some(strategy.no)).ok_or(refused)
            }
        }
    }

    /// True where that is news.
    pub(super) fn set_killed(&mut self, scope: KillScope, name: &str, killed: bool) -> bool {
        let status = &mut self.status;
        match scope {
            KillScope::Firm => std::mem::replace(&mut status.killed_firm, killed) != killed,
            KillScope::Venue => std::mem::replace(&mut status.killed_venue, killed) != killed,
            KillScope::Strategy if killed => status.killed_strategies.insert(name.into()),
            KillScope::Strategy => status.killed_strategies.remove(name),
        }
    }

    /// Cancels what is open, of one strategy or of all, unless it was asked for just now. What has not begun to leave is
    /// taken back instead: see [`Core::withdraw`].
    pub fn cancel_all(&mut self, strategy: Option<u16>, now: Now, fx: &mut Effects) {
        self.settle();
        let again = self.settings.cancel_again_ns;
        let wanted = self.book.open_ids(|open| {
            let sent = open.cancel_sent_mono_ns;
            let just_now =
                open.cancel_wanted && sent != 0 && now.mono_ns.saturating_sub(sent) < again;
            strategy.is_none_or(|no| no == open.order.strategy) && !just_now
        });
        for id in wanted {
            self.send_cancel(id, 0, 0, now, fx);
        }
        fx.withdraw = true;
    }

    /// Orders that are not wanted any more: those that the line gave back, in the order in which they stood there, and those
    /// of `fx` itself. They end as refused, and nothing asks the venue for their end. The journal has their bytes as about to
    /// leave, and behind it that they did not.
    pub fn withdraw(&mut self, given_back: Vec<u64>, now: Now, fx: &mut Effects) {
        self.settle();
        let mut gone = given_back;
        let here = fx.outgoing.iter().map(|outgoing| outgoing.order_id);
        gone.extend(here.filter(|id| self.unwanted(*id)));
        let set: HashSet<u64> = gone.iter().copied().collect();
        let cancels = fx.outgoing.iter();
        let spared = cancels.filter(|outgoing| set.contains(&outgoing.cancels));
        self.counters.cancels_sent -= spared.count() as u64;
        fx.outgoing.retain(|outgoing| {
            !set.contains(&outgoing.order_id) && !set.contains(&outgoing.cancels)
        });
        let orders = &self.book.orders;
        fx.entries.retain(|(_, entry)| match entry {
            Entry::Sent {
                order_id,
                orig_order_id,
                ..
            } => !set.contains(orig_order_id) || orders.contains_key(order_id),
            _ => true,
        });
        for id in gone.into_iter().rev() {
            self.unsent(id, now, fx);
        }
    }

    /// An order that is to be gone.
    pub fn unwanted(&self, order_id: u64) -> bool {
        let open = self.book.orders.get(&order_id);
        open.is_some_and(|open| open.open() && open.cancel_wanted)
    }

    /// R08 from the other side: the loss itself kills, not only the next order.
    pub(super) fn loss_kills(&mut self, strategy_no: u16, now: Now, fx: &mut Effects) {
        let Some(limits) = self.limits() else {
            return;
        };
        let exposure = &self.book.exposure;
        let lost = -exposure.firm_pnl;
        let firm = lost >= limits.firm.max_daily_loss;
        let reduce = lost >= limits.firm.reduce_at_loss;
        let made = exposure
            .strategy_pnl
            .get(&strategy_no)
            .copied()
            .unwrap_or(0);
        let strategy = limits.strategies.get(&strategy_no);
        let strategy = strategy
            .filter(|row| -made >= row.max_daily_loss)
            .map(|row| row.name.clone());
        let by = ("risk", "daily loss");
        if reduce && !self.status.reducing {
            self.status.reducing = true;
            // Written down where HALTED hides it, too: it outlives what halts, and a restart.
            let entry = Entry::State {
                state: State::Reducing as u8,
                reason: by.1.into(),
            };
            fx.entries.push((now.utc_ns, entry));
            self.tell_state(now, fx);
        }
        if firm {
            self.kill(KillScope::Firm, "", Trigger::OwnChecks, by, now, fx);
        }
        if let Some(name) = strategy {
            self.kill(KillScope::Strategy, &name, Trigger::OwnChecks, by, now, fx);
        }
    }

    /// R12 from the other side.
    pub(super) fn repeat_kills(&mut self, order_id: u64, now: Now, fx: &mut Effects) {
        let Some(order) = self.book.orders.get(&order_id).map(|open| open.order) else {
            return;
        };
        let strategy = self
            .limits()
            .and_then(|limits| limits.strategies.get(&order.strategy));
        let Some(strategy) = strategy else {
            return;
        };
        let window_ns = u64::from(strategy.repeated_window_ms) * 1_000_000;
        let max = strategy.max_repeated_executions.saturating_add(1);
        let meters = &self.book.meters;
        if meters.repeated(&order, max, window_ns, now.mono_ns) {
            let name = strategy.name.clone();
            let by = ("risk", "repeated executions");
            self.kill(KillScope::Strategy, &name, Trigger::OwnChecks, by, now, fx);
        }
    }
}
