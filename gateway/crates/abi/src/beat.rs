//! A heartbeat: one writer stores the time, readers measure its age. No system call on either side.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::mapping::Mapping;

const LEN: usize = 64;

pub struct Beat(Mapping);

impl Beat {
    pub fn open(path: &Path) -> io::Result<Self> {
        Mapping::writable(path, LEN).map(Self)
    }

    /// `now_ns` of the monotonic clock, which all processes of a machine share.
    pub fn beat(&self, now_ns: u64) {
        word(&self.0).store(now_ns, Ordering::Release);
    }
}

pub struct BeatReader(Mapping);

impl BeatReader {
    pub fn open(path: &Path) -> io::Result<Self> {
        let mapping = Mapping::readable(path)?;
        if mapping.len() != LEN {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no heartbeat"));
        }
        Ok(Self(mapping))
    }

    /// Time of the last beat; 0 if there was none, or its file was cut off. A beat from the future is the caller's to
    /// refuse.
    pub fn last_ns(&self) -> u64 {
        let last = word(&self.0).load(Ordering::Acquire);
        if self.0.torn() { 0 } else { last }
    }
}

fn word(mapping: &Mapping) -> &AtomicU64 {
    // SAFETY: page-aligned, at least LEN bytes, only ever touched as an atomic.
    unsafe { &*mapping.at(0).cast::<AtomicU64>() }
}
