//! Everybody else's orders: synthetic by seed, or replayed from a file. One step is a few requests at one time.

use cws_matching::{Engine, Event, Request};

use crate::replay::Replay;
use crate::synthetic::Synthetic;

/// The flow's orders belong to nobody; only these may trade with each other.
pub const BACKGROUND: u32 = 0;

#[derive(Debug)]
pub enum Flow {
    None,
    Synthetic(Synthetic),
    Replay(Replay),
}

impl Flow {
    /// Event time of the next step, UTC ns.
    pub fn next_ns(&self) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Synthetic(flow) => flow.next_ns(),
            Self::Replay(flow) => flow.next_ns(),
        }
    }

    /// Takes the step; `now_ns` is its time, not before [`Flow::next_ns`].
    pub fn step(&mut self, now_ns: u64, engine: &Engine) -> Vec<Request> {
        match self {
            Self::None => Vec::new(),
            Self::Synthetic(flow) => flow.step(now_ns, engine),
            Self::Replay(flow) => flow.step(now_ns),
        }
    }

    /// What became of one of its requests; to be called for everybody's events too, since others trade with its orders.
    pub fn observe(&mut self, events: &[Event], from_flow: bool) {
        match self {
            Self::None => {}
            Self::Synthetic(flow) => flow.observe(events),
            Self::Replay(flow) => flow.observe(events, from_flow),
        }
    }
}
