//! One direction each: intents in, effects out, the venue's words in.

use cws_risk::Now;
use cws_risk::session::SoupEvent;

use super::connection::Trouble;
use super::runner::{Runner, now, say};

/// Intents taken before the venue is listened to again.
const BATCH: usize = 64;

impl Runner {
    pub(super) fn take_intents(&mut self) -> bool {
        let Some(ring) = self.intents.as_mut().filter(|_| !self.outbox.congested()) else {
            return false;
        };
        let mut taken = 0;
        let mut taken_at = None;
        let mut broken = None;
        while taken < BATCH {
            match ring.take() {
                // The time after the record was taken: by one from before, a fresh intent would come from the future.
                Ok(Some(intent)) => {
                    let at = *taken_at.insert(now());
                    self.core.intent(&intent, at, &mut self.fx);
                }
                Ok(None) => break,
                Err(error) => {
                    broken = Some(error.to_string());
                    break;
                }
            }
            taken += 1;
        }
        if taken == 0 && broken.is_none() && self.fx.is_empty() {
            return false;
        }
        let at = taken_at.unwrap_or_else(now);
        if let Some(why) = broken {
            say(&why);
            self.intents = None;
            self.core.ring_failed(&why, at, &mut self.fx);
        }
        if taken > 0 || !self.fx.is_empty() {
            self.commit(at);
        }
        if let Some(ring) = self.intents.as_mut().filter(|_| taken > 0) {
            ring.release();
        }
        taken > 0
    }

    /// Makes what the core decided happen. It is kept before any byte of it leaves, and written after: hashes and the write
    /// are a quarter of an order's way from the ring to the socket.
    pub(super) fn commit(&mut self, now: Now) {
        if self.fx.is_empty() {
            return;
        }
        self.withdraw(now);
        if !self.core.status.journal_failed {
            for (ts_ns, entry) in self.fx.entries.drain(..) {
                self.journal.stage(ts_ns, &entry);
            }
            if let Err(error) = self.journal.keep() {
                self.give_up_orders(&error.to_string(), now);
            }
        }
        let mut trouble = None;
        if !self.fx.outgoing.is_empty() && self.orders.is_open() {
            for outgoing in &self.fx.outgoing {
                self.orders.queue(outgoing);
            }
            trouble = self.orders.send(&mut self.capture, now).err();
        }
        // The bytes are out: now there is time for the book.
        self.core.settle();
        self.fx.outgoing.clear();
        let relogin = std::mem::take(&mut self.fx.relogin);
        self.fx.entries.clear();
        self.fx
            .executions
            .drain(..)
            .for_each(|execution| self.outbox.push(execution));
        if !self.core.status.journal_failed
            && let Err(error) = self.journal.flush()
        {
            self.journal_broke(&error.to_string(), now);
        }
        if relogin {
            trouble.get_or_insert(Trouble::Line("an answer is overdue".into()));
        }
        if let Some(trouble) = trouble {
            self.orders_broke(trouble, now);
        }
    }

    /// The journal said no: orders of this batch stay here, cancels go.
    pub(super) fn give_up_orders(&mut self, why: &str, now: Now) {
        say(&format!("HALTED: {why}"));
        let (orders, cancels): (Vec<_>, Vec<_>) = self
            .fx
            .outgoing
            .drain(..)
            .partition(|outgoing| outgoing.order_id != 0);
        self.fx.outgoing = cancels;
        for order in orders.iter().rev() {
            self.core.unsent(order.order_id, now, &mut self.fx);
        }
        self.core.journal_failed(now, &mut self.fx);
        self.withdraw(now);
    }

    /// What is kept could not be written. Its orders may have left, and the next life knows of them; from here on none does.
    fn journal_broke(&mut self, why: &str, now: Now) {
        say(&format!("HALTED: {why}"));
        self.core.journal_failed(now, &mut self.fx);
        self.commit(now);
    }

    /// Orders that a kill met before the socket did stay here.
    fn withdraw(&mut self, now: Now) {
        if std::mem::take(&mut self.fx.withdraw) {
            let core = &self.core;
            let given_back = self.orders.withdraw(|order_id| core.unwanted(order_id));
            self.core.withdraw(given_back, now, &mut self.fx);
        }
    }

    pub(super) fn orders_broke(&mut self, trouble: Trouble, now: Now) {
        match trouble {
            Trouble::Capture(error) => {
                // What cannot be captured may not be sent; cancels still may.
                self.give_up_orders(&format!("capture: {error}"), now);
                self.commit(now);
            }
            Trouble::Line(why) => {
                self.orders.close();
                self.core.session_down(&why, now, &mut self.fx);
                self.commit(now);
            }
        }
    }

    /// What the venue said, on both sessions.
    pub(super) fn listen(&mut self, now: Now) -> bool {
        let (core, fx) = (&mut self.core, &mut self.fx);
        let heard = self
            .orders
            .poll(&mut self.capture, now, |event, soup| match event {
                SoupEvent::LoggedIn { new_session } => {
                    core.session_up(&soup.session(), new_session, now, fx)
                }
                SoupEvent::Message { seq, payload } => core.message(seq, payload.bytes(), now, fx),
                SoupEvent::Idle => core.session_idle(now, fx),
                SoupEvent::Broken { why } => core.session_down(&why, now, fx),
                SoupEvent::Ended => core.session_down("the venue ended the session", now, fx),
            });
        let worked = self.settle(heard, now);
        self.commit(now);
        worked
    }

    pub(super) fn settle(&mut self, heard: Result<bool, Trouble>, now: Now) -> bool {
        match heard {
            Ok(worked) => worked,
            Err(trouble) => {
                self.orders_broke(trouble, now);
                true
            }
        }
    }

    pub(super) fn listen_drop_copy(&mut self, now: Now) -> bool {
        let Some(line) = self.drop_copy.as_mut() else {
            return false;
        };
        let (core, fx) = (&mut self.core, &mut self.fx);
        let heard = line
            .open(&mut self.capture, now)
            .and_then(|()| line.tick(&mut self.capture, now))
            .and_then(|()| {
                line.poll(&mut self.capture, now, |event, soup| match event {
                    SoupEvent::LoggedIn { new_session } => {
                        core.drop_copy_up(&soup.session(), new_session, now, fx);
                    }
                    SoupEvent::Message { seq, payload } => {
                        core.drop_copy_message(seq, payload.bytes(), now, fx);
                    }
                    SoupEvent::Broken { .. } | SoupEvent::Ended => core.drop_copy_down(),
                    SoupEvent::Idle => {}
                })
            });
        self.commit(now);
        match heard {
            Ok(worked) => worked,
            Err(Trouble::Capture(error)) => {
                self.orders_broke(Trouble::Capture(error), now);
                true
            }
            Err(Trouble::Line(_)) => {
                self.core.drop_copy_down();
                if let Some(line) = self.drop_copy.as_mut() {
                    line.close();
                }
                true
            }
        }
    }
}
