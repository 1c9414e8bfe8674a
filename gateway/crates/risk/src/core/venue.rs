//! The order session: what the venue says, and what becomes of orders when it stops saying anything.

use cws_abi::{ExecKind, Execution, VENUE_REASON};
use cws_journal::{Entry, KillScope, Trigger};
use cws_wire::ouch42::Outbound;

use super::Core;
use crate::Now;
use crate::book::{OpenOrder, OrderState};
use crate::effects::Effects;
use crate::limits::Phase;
use crate::session::translate;
use crate::status::SessionState;

/// Numbers of a `Session` record.
pub(super) const LOGGED_IN: u8 = 1;
pub(super) const DOWN: u8 = 2;
pub(super) const NEW_SESSION: u8 = 3;
pub(super) const DROP_LOGGED_IN: u8 = 4;
pub(super) const DROP_NEW_SESSION: u8 = 5;
/// Of shared memory: its birth stands where the others have the venue's last message.
pub(super) const NEW_RING: u8 = 6;
/// SoupBinTCP: whoever has something to say says it within a second.
const RECOVERY_NS: u64 = 1_000_000_000;
/// OUCH 4.2, reasons of Rejected: the symbol is halted.
const HALTED: u16 = VENUE_REASON + b'H' as u16;
/// OUCH 4.2: Executed and Executed with Reference Price.
const TRADES: [u8; 2] = [b'E', b'G'];
/// OUCH 4.2: Broken Trade and Price Correction.
const AMENDS: [u8; 2] = [b'B', b'K'];

impl Core {
    /// Sequenced message `seq` of the order session.
    pub fn message(&mut self, seq: u64, payload: &[u8], now: Now, fx: &mut Effects) {
        if seq <= self.venue_seq {
            return;
        }
        self.venue_seq = seq;
        self.counters.messages += 1;
        let midnight_ns = self.settings.midnight_ns;
        let execution = translate(&self.book, payload, seq, now.utc_ns, midnight_ns);
        let kind = ExecKind::try_from(execution.kind).expect("translate makes known kinds");
        let is_any = |of: [u8; 2]| payload.first().is_some_and(|first| of.contains(first));
        let is_trade = is_any(TRADES);
        let untold = is_any(AMENDS) && !self.book.knows(&execution);
        let stranger = is_trade && !self.book.orders.contains_key(&execution.order_id);
        let before = [execution.order_id, execution.orig_order_id]
            .map(|id| self.book.orders.get(&id).copied());
        let too_much = is_trade
            && !self.book.knows(&execution)
            && before[0].is_some_and(|order| execution.last_qty > order.may_trade());
        self.execute(execution, true, now, fx);
        let why = if execution.order_id == 0 && Outbound::decode(payload).is_err() {
            self.counters.unreadable += 1;
            Some("the venue says what cannot be read, and it may be a trade")
        } else if stranger {
            Some("the venue tells of a trade of an order that was never sent from here")
        } else if untold {
            Some("the venue takes back or corrects a trade that nobody here knows")
        } else if too_much {
            Some("the venue traded more of an order than was left of it")
        } else {
            None
        };
        if let Some(why) = why {
            let by = ("risk", why);
            self.kill(KillScope::Firm, "", Trigger::OwnChecks, by, now, fx);
        }
        if kind == ExecKind::RejectedByVenue && execution.reason == HALTED {
            let until = now.mono_ns.saturating_add(self.settings.halt_hold_ns);
            self.status.halted_until.insert(execution.symbol, until);
        }
        for before in before.into_iter().flatten() {
            self.conclude_rivals(&before, now, fx);
            self.cancel_revived(&before, now, fx);
        }
        if kind == ExecKind::Filled {
            self.counters.fills += 1;
            self.repeat_kills(execution.order_id, now, fx);
        }
        if is_about_trade(kind) {
            self.drop_copy.heard(&execution, now.mono_ns);
            self.loss_kills(execution.strategy, now, fx);
        }
    }

    /// An order that was given up as never at the venue is there: whoever sent it has forgotten it, so it goes.
    fn cancel_revived(&mut self, before: &OpenOrder, now: Now, fx: &mut Effects) {
        let id = before.order.id.bits();
        if !before.open() && self.unwanted(id) {
            self.send_cancel(id, 0, 0, now, fx);
        }
    }

    /// An order ended: a cancel or replace of it that is still out came too late, and the venue says nothing about it.
    pub(super) fn conclude_rivals(&mut self, before: &OpenOrder, now: Now, fx: &mut Effects) {
        let id = before.order.id.bits();
        let Some(after) = self.book.orders.get(&id).copied() else {
            return;
        };
        if !before.open() || after.open() {
            return;
        }
        // One that the venue answered waits no more.
        if after.cancel_id != 0 {
            let mut answer = about(&after, ExecKind::CancelRejected, now);
            (answer.order_id, answer.orig_order_id) = (after.cancel_id, id);
            self.execute(answer, true, now, fx);
        }
        let rival = self.book.orders.get(&after.replaced_by).copied();
        if let Some(rival) = rival.filter(|rival| rival.state == OrderState::Sent) {
            let answer = about(&rival, ExecKind::RejectedByVenue, now);
            self.execute(answer, true, now, fx);
        }
    }

    /// Logged in. Orders that are out wait for the replay of what was missed; without any there is nothing to wait for.
    pub fn session_up(&mut self, name: &str, new_session: bool, now: Now, fx: &mut Effects) {
        let event = if new_session { NEW_SESSION } else { LOGGED_IN };
        self.note_session(event, self.venue_seq, name.into(), now, fx);
        self.session = name.into();
        if new_session {
            self.venue_seq = 0;
            self.status.phase = Phase::Before;
            let open = self.book.open_ids(|_| true);
            self.lose(&open, now, fx);
        }
        let out = self.book.open().next().is_some();
        self.status.session = if out {
            SessionState::Recovering
        } else {
            SessionState::Up
        };
        self.recovering_since_ns = now.mono_ns;
        for id in self.book.open_ids(|open| open.cancel_wanted) {
            let cancel_id = self.book.orders[&id].cancel_id;
            self.send_cancel(id, cancel_id, 0, now, fx);
        }
        self.tell_state(now, fx);
    }

    /// The venue has nothing more to say: what is still unknown, it never had.
    pub fn session_idle(&mut self, now: Now, fx: &mut Effects) {
        if self.status.session != SessionState::Recovering {
            return;
        }
        for id in self.book.open_ids(|open| open.state == OrderState::Unknown) {
            let Some(open) = self.book.orders.get(&id).copied() else {
                continue;
            };
            self.counters.resolved_not_at_venue += 1;
            self.execute(about(&open, ExecKind::NotAtVenue, now), true, now, fx);
            self.conclude_rivals(&open, now, fx);
        }
        self.status.session = SessionState::Up;
        self.tell_state(now, fx);
    }

    /// A session that is never idle is caught up when nothing is unknown and a second has passed.
    pub(super) fn recovered(&mut self, now: Now, fx: &mut Effects) {
        let since = now.mono_ns.saturating_sub(self.recovering_since_ns);
        let unknown = |open: &OpenOrder| open.state == OrderState::Unknown;
        if self.status.session == SessionState::Recovering
            && since > RECOVERY_NS
            && !self.book.open().any(unknown)
        {
            self.status.session = SessionState::Up;
            self.tell_state(now, fx);
        }
    }

    /// Whatever has no answer is UNKNOWN now. Nothing is ever sent again because of that.
    pub fn session_down(&mut self, why: &str, now: Now, fx: &mut Effects) {
        if self.status.session == SessionState::Down {
            return;
        }
        self.status.session = SessionState::Down;
        self.note_session(DOWN, self.venue_seq, why.into(), now, fx);
        let sent = self.book.open_ids(|open| open.state == OrderState::Sent);
        self.lose(&sent, now, fx);
        self.tell_state(now, fx);
    }

    /// Orders whose answer is overdue are UNKNOWN, and the session is opened again to have everything repeated.
    pub(super) fn overdue(&mut self, now: Now, fx: &mut Effects) {
        let timeout = self.settings.ack_timeout_ns;
        if timeout == 0 || self.status.session != SessionState::Up {
            return;
        }
        let late = |since: u64| since != 0 && now.mono_ns.saturating_sub(since) > timeout;
        let overdue = self.book.open().any(|open| {
            open.state == OrderState::Sent && late(open.sent_mono_ns)
                || open.cancel_wanted && late(open.cancel_sent_mono_ns)
        });
        if overdue {
            fx.relogin = true;
            self.session_down("an answer is overdue", now, fx);
        }
    }

    pub(super) fn lose(&mut self, ids: &[u64], now: Now, fx: &mut Effects) {
        for id in ids {
            if let Some(open) = self.book.orders.get(id).copied() {
                self.counters.unknown += 1;
                self.execute(about(&open, ExecKind::Unknown, now), true, now, fx);
            }
        }
    }

    pub(super) fn note_session(
        &self,
        event: u8,
        venue_seq: u64,
        text: String,
        now: Now,
        fx: &mut Effects,
    ) {
        let entry = Entry::Session {
            event,
            venue_seq,
            text,
        };
        fx.entries.push((now.utc_ns, entry));
    }
}

/// It makes a trade, or changes one.
pub(super) fn is_about_trade(kind: ExecKind) -> bool {
    matches!(
        kind,
        ExecKind::Filled | ExecKind::Broken | ExecKind::Corrected
    )
}

/// Something that risk itself has to say about an order.
fn about(open: &OpenOrder, kind: ExecKind, now: Now) -> Execution {
    let order = open.order;
    Execution {
        order_id: order.id.bits(),
        parent_id: order.parent_id,
        orig_order_id: order.replaces,
        ts_recv_ns: now.utc_ns,
        price: order.price,
        cum_qty: open.cum,
        leaves_qty: open.leaves,
        symbol: order.symbol,
        strategy: order.strategy,
        kind: kind as u8,
        side: order.side as u8,
        ts_trigger_ns: order.ts_recv_ns,
        ..Execution::default()
    }
}
