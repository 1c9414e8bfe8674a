//! Append-only journal of one process: every record is chained to the one before it by BLAKE3.
//!
//! All integers little-endian. A file is a header and records:
//!
//! | bytes | header | | bytes | record |
//! |---|---|---|---|---|
//! | 8 | magic `CWSJRNL1` | | 4 | payload length |
//! | 4 | version 1 | | 2 | kind, see [`Entry`] |
//! | 4 | number of the file, from 0 | | 2 | zero |
//! | 8 | created, UTC ns | | 8 | seq, from 1 |
//! | 8 | BLAKE3 of the 24 before | | 8 | UTC ns |
//! | | | | 8 | BLAKE3 of the 24 before: a flipped length is told from a torn tail |
//! | | | | 32 | BLAKE3 of (hash of the record before, the 32 bytes before, payload) |
//! | | | | n | payload |
//!
//! The hash before the first record is BLAKE3 of the file header. Text is its length (u16) and UTF-8.
//!
//! A file that has reached its size is followed by another (`risk.journal`, `risk.journal.1`, ...) whose header has the
//! same creation time and its own number. Seq goes on; the hash before its first record is BLAKE3 of (hash of the last
//! record before, its header). Only the last file may end in a torn record.
//!
//! An append is one write(2): what the page cache holds survives kill -9 of the process. Against the loss of the
//! machine a thread calls fdatasync behind; no order waits for it. Where not even the hashes and the write may be waited
//! for, records are kept in a page of shared memory (`PATH.stash`) that survives kill -9 as well, and are written after
//! what could not wait; who opens the journal to write it first writes what an earlier life left there.

mod checkpoint;
mod codec;
mod commit;
mod entry;
mod error;
mod files;
mod format;
mod owner;
mod reader;
mod record;
mod settings;
mod sink;
mod writer;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use entry::{Entry, KillScope, ParentOrder, TEXT_MAX, Trigger};
pub use error::JournalError;
pub use files::{file_of, files_behind, stash_of};
pub use format::{HEADER_LEN, PAYLOAD_MAX, RECORD_HEAD_LEN};
pub use reader::Journal;
pub use record::{Record, Tail};
pub use settings::{COMMIT_MS, Settings};
pub use sink::{FileSink, Sink, SyncFn};
pub use writer::{Head, Opened, Writer};
