//! Our ends of shared memory: executions in, and a look at what our own hot thread put out.

use std::path::{Path, PathBuf};

use cws_abi::{Consumer, Execution, OrderIntent, RingError};

/// Reads our own `intents.ring` behind the hot thread; risk's cursor is another's, so this holds up nobody.
pub struct Intents {
    consumer: Consumer<OrderIntent>,
    /// Records that the hot thread wrote over before they were read: their orders are adopted by their executions.
    pub missed: u64,
}

impl Intents {
    pub fn open(run_dir: &Path) -> Result<Self, RingError> {
        let (ring, seen) = (run_dir.join("intents.ring"), run_dir.join("intents.seen"));
        Ok(Self {
            consumer: Consumer::open(&ring, &seen)?,
            missed: 0,
        })
    }

    pub fn take(&mut self) -> Result<Option<OrderIntent>, RingError> {
        let expected = self.consumer.taken() + 1;
        match self.consumer.take() {
            Ok(Some(intent)) if intent.seq == expected => Ok(Some(intent)),
            Ok(Some(_)) => {
                self.missed += 1; // Written over while it was read.
                Ok(None)
            }
            Ok(None) => Ok(None),
            // The hot thread is more than a ring ahead: what it wrote over is gone.
            Err(RingError::Foreign(_)) => {
                self.missed += self.consumer.pass_over()?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What was read so far is in the journal.
    pub fn release(&mut self) {
        self.consumer.release();
    }
}

/// `executions.ring`, which risk makes when it starts: perhaps after us.
pub struct Executions {
    ring: PathBuf,
    cursor: PathBuf,
    consumer: Option<Consumer<Execution>>,
}

impl Executions {
    pub fn new(run_dir: &Path) -> Self {
        Self {
            ring: run_dir.join("executions.ring"),
            cursor: run_dir.join("executions.cursor"),
            consumer: None,
        }
    }

    /// True once the ring is there.
    pub fn attach(&mut self) -> Result<bool, RingError> {
        // Asked before it is opened: afterwards a ring that was too young may have grown up, and would pass for foreign.
        if self.consumer.is_none() && !is_young(&self.ring) {
            match Consumer::open(&self.ring, &self.cursor) {
                Ok(consumer) => self.consumer = Some(consumer),
                Err(RingError::Io(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.consumer.is_some())
    }

    pub fn take(&mut self) -> Result<Option<Execution>, RingError> {
        self.consumer.as_mut().map_or(Ok(None), Consumer::take)
    }

    pub fn release(&mut self) {
        if let Some(consumer) = &mut self.consumer {
            consumer.release();
        }
    }
}

/// Its maker sets the length first and the header then, the magic last; a file without one is being made, or is not there.
fn is_young(ring: &Path) -> bool {
    use std::io::Read;
    let mut magic = [0; 8];
    let read = std::fs::File::open(ring).and_then(|mut file| file.read_exact(&mut magic));
    read.is_err() || magic == [0; 8]
}
