//! What goes wrong on purpose, each by its own seeded numbers.

use cws_process::fault::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::rng::Rng;

/// Probabilities 0..=1 a packet (the first five), an order message or an execution; and the two that are no chances.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chances {
    pub drop: f64,
    pub duplicate: f64,
    /// The packet goes after its successor.
    pub reorder: f64,
    pub delay: f64,
    /// A byte is changed or the end is cut off.
    pub garble: f64,
    /// The order session breaks: half of the times before the order is taken, half of the times after.
    pub disconnect: f64,
    /// The acknowledgement and what follows it are numbered but not sent on this connection; a new login replays them.
    pub ack_lost: f64,
    pub fill_before_ack: f64,
    /// A fill of a resting order is held back until a cancel or replace of it was answered.
    pub late_fill: f64,
    /// An execution is sent twice, under one match number.
    pub duplicate_execution: f64,
    /// How long a delayed packet waits, ms.
    pub delay_ms: u64,
    /// The longest that a held-back fill waits, ms.
    pub late_fill_ms: u64,
    /// Order messages a session is served within one second; 0 = any number.
    pub throttle_per_s: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Drop,
    Duplicate,
    Reorder,
    Delay,
    Garble,
    Disconnect,
    AckLost,
    FillBeforeAck,
    LateFill,
    DuplicateExecution,
}

const KINDS: [(FaultKind, &str); 10] = [
    (FaultKind::Drop, "drop"),
    (FaultKind::Duplicate, "duplicate"),
    (FaultKind::Reorder, "reorder"),
    (FaultKind::Delay, "delay"),
    (FaultKind::Garble, "garble"),
    (FaultKind::Disconnect, "disconnect"),
    (FaultKind::AckLost, "ack_lost"),
    (FaultKind::FillBeforeAck, "fill_before_ack"),
    (FaultKind::LateFill, "late_fill"),
    (FaultKind::DuplicateExecution, "duplicate_execution"),
];

impl Chances {
    fn of(&self, kind: FaultKind) -> f64 {
        match kind {
            FaultKind::Drop => self.drop,
            FaultKind::Duplicate => self.duplicate,
            FaultKind::Reorder => self.reorder,
            FaultKind::Delay => self.delay,
            FaultKind::Garble => self.garble,
            FaultKind::Disconnect => self.disconnect,
            FaultKind::AckLost => self.ack_lost,
            FaultKind::FillBeforeAck => self.fill_before_ack,
            FaultKind::LateFill => self.late_fill,
            FaultKind::DuplicateExecution => self.duplicate_execution,
        }
    }

    /// The first chance that is none.
    pub fn validate(&self) -> Result<(), Fault> {
        for (kind, name) in KINDS {
            if !(0.0..=1.0).contains(&self.of(kind)) {
                let what = format!("{name} = {} is no probability", self.of(kind));
                return Err(Fault::new(
                    "CWS-VENUE-002",
                    what,
                    "faults",
                    "say 0.0 to 1.0",
                ));
            }
        }
        if self.delay_ms > 60_000 || self.late_fill_ms > 3_600_000 {
            let what = "delay_ms at most 60,000, late_fill_ms at most 3,600,000";
            return Err(Fault::new("CWS-VENUE-003", what, "faults", "wait less"));
        }
        Ok(())
    }
}

#[derive(Debug)]
pub struct Faults {
    pub chances: Chances,
    rngs: Vec<Rng>,
    counts: [u64; KINDS.len()],
}

impl Faults {
    pub fn new(seed: u64, chances: Chances) -> Self {
        let rngs = KINDS.iter().map(|(_, name)| Rng::new(seed, name));
        Self {
            chances,
            rngs: rngs.collect(),
            counts: [0; KINDS.len()],
        }
    }

    /// Whether this fault happens now; counted.
    pub fn happens(&mut self, kind: FaultKind) -> bool {
        let happens = self.rngs[kind as usize].chance(self.chances.of(kind));
        self.counts[kind as usize] += u64::from(happens);
        happens
    }

    /// A number of this fault's own seed.
    pub fn below(&mut self, kind: FaultKind, bound: u64) -> u64 {
        self.rngs[kind as usize].below(bound)
    }

    /// Sets the named ones; all or nothing.
    pub fn set(&mut self, fields: &Map<String, Value>) -> Result<(), Fault> {
        let mut wanted = serde_json::to_value(&self.chances).expect("plain data");
        let object = wanted.as_object_mut().expect("a struct");
        object.extend(fields.clone());
        let chances: Chances = serde_json::from_value(wanted).map_err(|error| {
            Fault::new(
                "CWS-VENUE-004",
                error.to_string(),
                "fault",
                "name a fault of the configuration",
            )
        })?;
        chances.validate()?;
        self.chances = chances;
        Ok(())
    }

    /// Settings, and how often each happened.
    pub fn report(&self) -> Value {
        let counts: Map<String, Value> = KINDS
            .iter()
            .map(|(kind, name)| ((*name).to_owned(), json!(self.counts[*kind as usize])))
            .collect();
        json!({"settings": self.chances, "counts": counts})
    }
}
