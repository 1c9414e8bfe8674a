//! The journal, read again: after it the core stands where it stood.

use cws_abi::{ExecKind, Execution, OrderIntent};
use cws_journal::{Entry, JournalError, KillScope, Record};

use super::Core;
use super::intents::refusal;
use super::venue::{
    DROP_LOGGED_IN, DROP_NEW_SESSION, LOGGED_IN, NEW_RING, NEW_SESSION, is_about_trade,
};
use crate::Now;
use crate::book::OrderState;
use crate::checks::Code;
use crate::effects::Effects;
use crate::limits::Phase;
use crate::order::{Request, read};
use crate::status::State;

impl Core {
    /// One record, in the order of the journal; executions that it tells of (and the ring may lack) go to `fx`.
    pub fn replay(&mut self, record: &Record, fx: &mut Effects) -> Result<(), JournalError> {
        let now = Now {
            utc_ns: record.ts_ns,
            mono_ns: 0,
        };
        let entry = record.entry()?;
        // Journals from before days were told: each began with its first record.
        if !self.days_told && !matches!(entry, Entry::Day { .. }) {
            self.book.roll(now.utc_ns, self.day_starts_s());
        }
        match entry {
            Entry::Start { .. } | Entry::CancelParent { .. } => {}
            Entry::State { state, .. } => self.status.reducing |= state == State::Reducing as u8,
            Entry::Limits { version, hash } => self.knows_limits(version, hash),
            Entry::Mark { symbol, price, ns } => {
                self.book.exposure.set_mark(symbol, price, ns);
            }
            Entry::Day { day } => {
                self.days_told = true;
                self.book.begin(day, now.utc_ns);
            }
            Entry::Epoch { epoch, .. } => self.book.epoch = self.book.epoch.max(epoch),
            Entry::Parent(parent) => self.book.register(parent),
            Entry::Intent(intent) => {
                self.intent_seq = intent.seq;
                self.undecided = Some(intent);
            }
            Entry::Decision { reason, .. } if reason != 0 => self.replay_refusal(reason, now, fx),
            Entry::Decision { .. } => {}
            Entry::Sent {
                order_id,
                orig_order_id,
                bytes,
            } => self.replay_sent(order_id, orig_order_id, &bytes),
            Entry::Execution(execution) => self.replay_execution(&execution, fx),
            Entry::DropCopy(told) => self.apply_drop_copy(&told, 0),
            Entry::Difference { order_id, exec_id } => self.drop_copy.asked((order_id, exec_id)),
            Entry::Kill { scope, name, .. } => self.replay_kill(scope, &name),
            Entry::Rearm { scope, name, .. } => {
                self.set_killed(scope, &name, false);
                if scope == KillScope::Firm {
                    self.status.reducing = false;
                    // Journals from before differences were told do not say which of them the person had seen.
                    if !self.days_told {
                        self.drop_copy.seen();
                    }
                }
            }
            Entry::Session {
                event,
                venue_seq,
                text,
            } => self.replay_session(event, venue_seq, text),
        }
        Ok(())
    }

    fn replay_refusal(&mut self, reason: u16, now: Now, fx: &mut Effects) {
        let Some(intent) = self.undecided.take() else {
            return;
        };
        self.execution_seq += 1;
        fx.executions.push(Execution {
            seq: self.execution_seq,
            ..refusal(&intent, reason, now.utc_ns)
        });
    }

    fn replay_sent(&mut self, order_id: u64, target: u64, bytes: &[u8]) {
        let intent = self.undecided.take_if(|intent| intent.order_id == order_id);
        match intent.as_ref().map(read) {
            Some(Ok(Request::Place(order))) if !self.book.orders.contains_key(&order_id) => {
                self.book.place(order, 0);
            }
            _ => {
                if let Some(open) = self.book.orders.get_mut(&target).filter(|open| open.open()) {
                    // A cancel ends with the shares that shall stay; one that had no session to leave on has no bytes.
                    open.cancel_wanted |= bytes.is_empty() || bytes.ends_with(&[0; 4]);
                    if order_id != 0 {
                        open.cancel_id = order_id;
                    }
                }
            }
        }
    }

    fn replay_execution(&mut self, execution: &Execution, fx: &mut Effects) {
        self.execution_seq = execution.seq;
        self.venue_seq = self.venue_seq.max(execution.venue_seq);
        if let Some(phase) = self.book.apply(execution, 0) {
            self.status.phase = phase;
        }
        if ExecKind::try_from(execution.kind).is_ok_and(is_about_trade) {
            self.drop_copy.heard(execution, 0);
        }
        if self
            .undecided
            .is_some_and(|intent| intent.order_id == execution.order_id)
        {
            self.undecided = None;
        }
        fx.executions.push(*execution);
    }

    /// What a kill wants gone is asked for again after the login; where no limits name the strategy, all of it.
    fn replay_kill(&mut self, scope: KillScope, name: &str) {
        self.set_killed(scope, name, true);
        let named = self.limits().and_then(|limits| limits.strategy_named(name));
        let strategy = named.map(|strategy| strategy.no);
        for open in self.book.orders.values_mut().filter(|open| open.open()) {
            open.cancel_wanted |=
                scope != KillScope::Strategy || strategy.is_none_or(|no| no == open.order.strategy);
        }
    }

    fn replay_session(&mut self, event: u8, number: u64, text: String) {
        match event {
            LOGGED_IN => self.session = text,
            NEW_SESSION => {
                self.session = text;
                self.venue_seq = 0;
                self.status.phase = Phase::Before;
            }
            NEW_RING => (self.ring_birth, self.intent_seq) = (number, 0),
            DROP_LOGGED_IN => self.drop_copy.session = text,
            DROP_NEW_SESSION => {
                self.drop_copy.session = text;
                self.drop_copy.seq = 0;
            }
            _ => {}
        }
    }

    /// After the last record: an intent without a decision is refused (its bytes never left), orders without an answer
    /// are UNKNOWN until the venue's replay.
    pub fn replayed(&mut self, now: Now, fx: &mut Effects) {
        self.book.meters = Default::default();
        if let Some(intent) = self.undecided.take() {
            let OrderIntent { seq, order_id, .. } = intent;
            let reason = Code::R16.reason();
            let entry = Entry::Decision {
                intent_seq: seq,
                order_id,
                reason,
            };
            fx.entries.push((now.utc_ns, entry));
            self.undecided = Some(intent);
            self.replay_refusal(reason, now, fx);
        }
        let sent = self.book.open_ids(|open| open.state == OrderState::Sent);
        self.lose(&sent, now, fx);
    }
}
