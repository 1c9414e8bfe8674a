//! What a journal gives back: records, and how it ends.

use crate::entry::Entry;
use crate::error::JournalError;

/// One record whose hash was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub seq: u64,
    pub ts_ns: u64,
    pub kind: u16,
    pub payload: Vec<u8>,
    /// Of the chain up to and with this record.
    pub hash: [u8; 32],
    /// Where it starts in its file; in a buffer that holds all files, in that.
    pub offset: u64,
}

impl Record {
    pub fn entry(&self) -> Result<Entry, JournalError> {
        Entry::decode(self.kind, &self.payload)
    }
}

/// How a journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    Whole,
    /// The write of the last record was cut short; `at`, in the last file, is the end of what is sound, `bytes` what lies behind.
    Torn {
        at: u64,
        bytes: u64,
    },
}
