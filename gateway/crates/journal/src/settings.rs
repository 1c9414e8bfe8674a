//! Sizes and intervals of a writer.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// An append that would pass this, all files together, fails.
    pub max_bytes: u64,
    /// A file that has reached this is followed by another.
    pub file_bytes: u64,
    /// Whether staged records can be kept in shared memory, in `PATH.stash`, until there is time to write them.
    pub stash: bool,
    /// How often the commit thread looks for something to commit: what the loss of the machine can take with it. No order
    /// waits for it, and the venue tells again what risk missed; each commit takes a core from those in a hurry.
    pub commit_every: Duration,
}

/// Of `commit_every`, in ms: never again and again without a rest, and never longer than a second behind.
pub const COMMIT_MS: std::ops::RangeInclusive<u64> = 1..=1_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 36,
            file_bytes: 1 << 28,
            stash: false,
            commit_every: Duration::from_millis(50),
        }
    }
}
