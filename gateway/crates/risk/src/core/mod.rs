//! One machine: intents, messages of the venue, commands and time go in, effects come out. What it is follows from what
//! the journal holds, and from nothing else.

mod cancels;
mod control;
mod drop_copy;
mod intents;
mod kill;
mod replay;
mod venue;

use cws_abi::{Execution, OrderIntent};
use cws_journal::Entry;

pub use drop_copy::DropCopy;
pub use kill::KillRefused;

use crate::Now;
use crate::book::Book;
use crate::effects::Effects;
use crate::limits::Limits;
use crate::order::Order;
use crate::settings::Settings;
use crate::signing::SignedLimits;
use crate::status::{State, Status};
use venue::NEW_RING;

/// Counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub intents: u64,
    pub approved: u64,
    /// By the number of the check; 0 is not used.
    pub refused: [u64; 24],
    pub cancels_sent: u64,
    pub messages: u64,
    pub fills: u64,
    pub unknown: u64,
    pub resolved_not_at_venue: u64,
    pub limits_refused: u64,
    /// Messages of the order session that are none of OUCH 4.2.
    pub unreadable: u64,
}

#[derive(Debug)]
pub struct Core {
    pub settings: Settings,
    pub limits: Option<SignedLimits>,
    /// Newest limits that the journal tells of: version and hash.
    limits_known: Option<(u64, [u8; 32])>,
    pub book: Book,
    pub status: Status,
    pub drop_copy: DropCopy,
    pub counters: Counters,
    /// Last record of `executions.ring`, and of `intents.ring` that was decided on.
    execution_seq: u64,
    intent_seq: u64,
    /// Birth of the `intents.ring` that `intent_seq` counts in.
    ring_birth: u64,
    /// Last sequenced message of the order session, and the name of the session.
    venue_seq: u64,
    session: String,
    /// Replay: approved, and not yet seen to be sent.
    undecided: Option<OrderIntent>,
    /// Replay: the journal says where days begin.
    days_told: bool,
    /// Approved last, and not yet in the book: [`Core::settle`].
    unsettled: Option<(Order, Now)>,
    told: Option<(State, &'static str)>,
    beat_lost_ns: Option<u64>,
    recovering_since_ns: u64,
    searched_ns: u64,
}

impl Core {
    pub fn new(settings: Settings) -> Self {
        let status = Status::new(settings.beat_timeout_ns);
        Self {
            settings,
            limits: None,
            limits_known: None,
            book: Book::default(),
            status,
            drop_copy: DropCopy::default(),
            counters: Counters::default(),
            execution_seq: 0,
            intent_seq: 0,
            ring_birth: 0,
            venue_seq: 0,
            session: String::new(),
            undecided: None,
            days_told: false,
            unsettled: None,
            told: None,
            beat_lost_ns: None,
            recovering_since_ns: 0,
            searched_ns: 0,
        }
    }

    pub fn execution_seq(&self) -> u64 {
        self.execution_seq
    }

    pub fn intent_seq(&self) -> u64 {
        self.intent_seq
    }

    /// The ring that intents come from now, and its cursor: where the journal knows of less, it was made after the ring.
    /// One that was made anew, the old one having been removed, counts anew: by the old count its intents would all be
    /// ones that were decided on before.
    pub fn reads_ring(&mut self, birth: u64, taken: u64, now: Now, fx: &mut Effects) {
        if birth == self.ring_birth {
            self.intent_seq = self.intent_seq.max(taken);
            return;
        }
        (self.ring_birth, self.intent_seq) = (birth, taken);
        self.note_session(NEW_RING, birth, "intents.ring".into(), now, fx);
    }

    /// The ring has more than the journal: that failed while executions were still told. Theirs are numbers that were used.
    pub fn skip_executions(&mut self, written: u64) {
        self.execution_seq = self.execution_seq.max(written);
    }

    pub fn venue_seq(&self) -> u64 {
        self.venue_seq
    }

    /// The venue's name of the session that `venue_seq` counts in; empty before the first login.
    pub fn session(&self) -> &str {
        &self.session
    }

    pub fn state(&self, now: Now) -> (State, &'static str) {
        let valid_until_ns = self
            .limits
            .as_ref()
            .map(|signed| signed.limits.valid_until_ns);
        let state = self.status.state(valid_until_ns, now);
        let why = match self.status.halted_by(valid_until_ns, now) {
            Some(why) => why,
            None if state == State::Reducing => "loss, or by command",
            None => "",
        };
        (state, why)
    }

    fn limits(&self) -> Option<&Limits> {
        self.limits.as_ref().map(|signed| &signed.limits)
    }

    fn day_starts_s(&self) -> u32 {
        self.limits().map_or(0, |limits| limits.firm.day_starts_s)
    }

    /// Numbers an execution and gives it to the ring and to the book; `journaled` where the journal must have it as it
    /// is (a refusal of our own follows from its decision).
    fn execute(&mut self, mut execution: Execution, journaled: bool, now: Now, fx: &mut Effects) {
        self.execution_seq += 1;
        execution.seq = self.execution_seq;
        debug_assert!(self.unsettled.is_none(), "the book knows what was sent");
        if let Some(phase) = self.book.apply(&execution, now.mono_ns) {
            self.status.phase = phase;
        }
        if journaled {
            fx.entries.push((now.utc_ns, Entry::Execution(execution)));
        }
        fx.executions.push(execution);
    }

    /// Writes down that the state changed, if it did.
    fn tell_state(&mut self, now: Now, fx: &mut Effects) {
        let (state, why) = self.state(now);
        if self.told == Some((state, why)) {
            return;
        }
        self.told = Some((state, why));
        let entry = Entry::State {
            state: state as u8,
            reason: why.into(),
        };
        fx.entries.push((now.utc_ns, entry));
    }
}
