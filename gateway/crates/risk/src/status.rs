//! What must hold, apart from numbers, before an order may leave: state, kills, session, clocks. All of it is told from
//! outside; nothing here reads a clock.

use std::collections::HashSet;

use crate::Now;
use crate::limits::Phase;
use crate::numbers::Numbered;

/// The worse of several holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    Active = 1,
    /// Only what brings a position nearer to zero passes.
    Reducing = 2,
    /// Nothing but cancels passes.
    Halted = 3,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Reducing => "REDUCING",
            Self::Halted => "HALTED",
        }
    }
}

/// The order session, as far as new orders care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    Down,
    /// Logged in; what was missed is still being replayed.
    Recovering,
    Up,
}

#[derive(Clone, Debug)]
pub struct Status {
    pub session: SessionState,
    pub phase: Phase,
    /// The journal failed: for good, until a restart.
    pub journal_failed: bool,
    /// Someone wrote shared memory who should not have: for good, until a re-arm.
    pub ring_failed: bool,
    /// Drop copy is not heard: nobody confirms what the order session tells. Heals by itself.
    pub drop_copy_lost: bool,
    /// Set by loss or by command; not by what heals by itself.
    pub reducing: bool,
    pub killed_firm: bool,
    pub killed_venue: bool,
    /// By name: a kill outlives the limits that number the strategy.
    pub killed_strategies: HashSet<String>,
    /// Symbols that the venue says are halted, and until when (monotonic) we believe it.
    pub halted_until: Numbered<u16, u64>,
    /// Monotonic time of the gateway's last beat; 0 for none.
    pub beat_ns: u64,
    pub beat_timeout_ns: u64,
    /// BLAKE3 of the gateway that beats, hex; empty where nobody said.
    pub gateway_build: String,
}

impl Status {
    pub fn new(beat_timeout_ns: u64) -> Self {
        Self {
            session: SessionState::Down,
            phase: Phase::Before,
            journal_failed: false,
            ring_failed: false,
            drop_copy_lost: false,
            reducing: false,
            killed_firm: false,
            killed_venue: false,
            killed_strategies: HashSet::new(),
            halted_until: Numbered::default(),
            beat_ns: 0,
            beat_timeout_ns,
            gateway_build: String::new(),
        }
    }

    /// A beat from the future is no beat: its writer lies or its clock is not ours.
    pub fn beating(&self, now: Now) -> bool {
        now.mono_ns
            .checked_sub(self.beat_ns)
            .is_some_and(|age| self.beat_ns != 0 && age <= self.beat_timeout_ns)
    }

    /// Why nothing may leave, worst first; None where something may.
    pub fn halted_by(&self, valid_until_ns: Option<u64>, now: Now) -> Option<&'static str> {
        let limits_valid = valid_until_ns.is_some_and(|until| now.utc_ns < until);
        [
            (self.journal_failed, "the journal failed"),
            (self.ring_failed, "shared memory was tampered with"),
            (self.killed_firm, "firm killed"),
            (self.killed_venue, "venue killed"),
            (valid_until_ns.is_none(), "no limits"),
            (!limits_valid, "limits are stale"),
            (!self.beating(now), "no heartbeat of the gateway"),
            (self.session != SessionState::Up, "order session is not up"),
            (self.drop_copy_lost, "drop copy is not up"),
        ]
        .into_iter()
        .find_map(|(halted, why)| halted.then_some(why))
    }

    pub fn state(&self, valid_until_ns: Option<u64>, now: Now) -> State {
        if self.halted_by(valid_until_ns, now).is_some() {
            State::Halted
        } else if self.reducing {
            State::Reducing
        } else {
            State::Active
        }
    }

    pub fn symbol_halted(&self, symbol: u16, now: Now) -> bool {
        self.halted_until
            .get(&symbol)
            .is_some_and(|until| now.mono_ns < *until)
    }
}
