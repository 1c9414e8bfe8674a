//! A page that survives the death of the process that writes it: for what must not be lost, and has no time for a write(2).
//!
//! Layout: 0 magic, 8 whose bytes they are, 16 their check, 24 how many (0: none), 64 bytes.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::mapping::Mapping;

const MAGIC: u64 = 0x3148_5341_5453_5743; // "CWSTASH1", little-endian
const OWNER: usize = 8;
const CHECK: usize = 16;
const LENGTH: usize = 24;
const BYTES: usize = 64;
const FILE_LEN: usize = 4096;

/// One writer. What it put is kept until it clears it, through kill -9 of the process; not through the loss of the machine.
pub struct Stash(Mapping);

impl Stash {
    /// Most bytes that it holds.
    pub const ROOM: usize = FILE_LEN - BYTES;

    /// Makes the file, or goes on with it as an earlier process left it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let stash = Self(Mapping::writable(path, FILE_LEN)?);
        match stash.word(0).load(Ordering::Acquire) {
            0 => stash.word(0).store(MAGIC, Ordering::Release),
            MAGIC => {}
            _ => {
                let what = format!("{} is no stash", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        }
        Ok(stash)
    }

    /// What was put and not cleared, if it was put for `owner`; None also where a bit of it has changed.
    pub fn left(&self, owner: u64) -> Option<Vec<u8>> {
        let length = self.word(LENGTH).load(Ordering::Acquire) as usize;
        if length == 0 || length > Self::ROOM || self.word(OWNER).load(Ordering::Acquire) != owner {
            return None;
        }
        // SAFETY: inside the mapping, and nobody but this process writes it.
        let bytes = unsafe { std::slice::from_raw_parts(self.0.at(BYTES), length) }.to_vec();
        (self.word(CHECK).load(Ordering::Acquire) == check(&bytes)).then_some(bytes)
    }

    /// Keeps `bytes` for `owner` from the moment it returns; false where they do not fit, and nothing has changed.
    ///
    /// # Panics
    /// Where what was put before has not been cleared.
    pub fn put(&mut self, owner: u64, bytes: &[u8]) -> bool {
        assert!(!self.holds(), "cleared before the next");
        if bytes.is_empty() || bytes.len() > Self::ROOM {
            return false;
        }
        // SAFETY: inside the mapping, and the length that makes them count is stored after them.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.at(BYTES), bytes.len());
        }
        self.word(OWNER).store(owner, Ordering::Relaxed);
        self.word(CHECK).store(check(bytes), Ordering::Relaxed);
        self.word(LENGTH)
            .store(bytes.len() as u64, Ordering::Release);
        true
    }

    /// Its bytes are safe elsewhere.
    pub fn clear(&mut self) {
        self.word(LENGTH).store(0, Ordering::Release);
    }

    pub fn holds(&self) -> bool {
        self.word(LENGTH).load(Ordering::Acquire) != 0
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: page-aligned, inside the mapping, only ever touched as an atomic.
        unsafe { &*self.0.at(offset).cast::<AtomicU64>() }
    }
}

/// Tells a changed bit, no forger: each step can be undone, so two texts that differ in one word never have one sum.
fn check(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 / golden ratio
    let mut sum = bytes.len() as u64;
    for part in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        sum = (sum ^ u64::from_le_bytes(word)).wrapping_mul(ODD);
        sum ^= sum >> 29;
    }
    sum
}
