//! Executions on their way to the gateway: what the ring has no room for waits here, in order.

use std::collections::VecDeque;
use std::path::Path;

use cws_abi::{Execution, Producer, RingError};

pub struct Outbox {
    ring: Producer<Execution>,
    waiting: VecDeque<Execution>,
    capacity: usize,
}

impl Outbox {
    pub fn open(run_dir: &Path, capacity: u64) -> Result<Self, RingError> {
        let ring = Producer::open(
            &run_dir.join("executions.ring"),
            &run_dir.join("executions.cursor"),
            capacity,
        )?;
        Ok(Self {
            ring,
            waiting: VecDeque::new(),
            capacity: capacity as usize,
        })
    }

    /// One that the ring already has (told before a restart) is passed over.
    pub fn push(&mut self, execution: Execution) {
        if execution.seq > self.ring.written() + self.waiting.len() as u64 {
            self.waiting.push_back(execution);
        }
        self.drain();
    }

    pub fn drain(&mut self) -> bool {
        let mut worked = false;
        while let Some(execution) = self.waiting.front() {
            if self.ring.try_push(execution).is_err() {
                break;
            }
            self.waiting.pop_front();
            worked = true;
        }
        worked
    }

    /// The gateway is so far behind that it should not ask for more.
    pub fn congested(&self) -> bool {
        self.waiting.len() >= self.capacity
    }

    pub fn written(&self) -> u64 {
        self.ring.written()
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
