//! What can go wrong with a journal, each with its code, its place and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

#[derive(Debug)]
pub enum JournalError {
    /// The system refused (ENOSPC, EIO, EFBIG, ...). A writer that met this writes nothing more.
    Io { path: PathBuf, error: io::Error },
    /// Not a journal, or one of another version.
    Foreign { path: PathBuf, what: String },
    /// A record does not match its hash: bytes were changed after they were written.
    Corrupt {
        path: PathBuf,
        /// From 1; 0 is the file header.
        record: u64,
        /// Where the record starts in the file.
        offset: u64,
        /// Byte in the file and bit in the byte, where one flipped bit explains the mismatch.
        flip: Option<(u64, u8)>,
    },
    /// The setting `max_bytes` is reached.
    Full { path: PathBuf, max_bytes: u64 },
    /// Another process writes it.
    Locked { path: PathBuf },
    /// A file between the first and the last is not there.
    Missing { path: PathBuf, last: PathBuf },
    /// The file belongs to another user, who can write whatever pleases.
    Owner { path: PathBuf, owner: u32 },
    /// A payload that its kind cannot have, or an unknown kind.
    Payload { kind: u16, what: &'static str },
    /// A checkpoint whose signature, or whose hash at that seq, is another one.
    Checkpoint { what: String },
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(
                f,
                "CWS-JOURNAL-001 {error}; {}; make room or replace the disk, then restart",
                path.display()
            ),
            Self::Foreign { path, what } => write!(
                f,
                "CWS-JOURNAL-002 {what}; {}; name a journal of this version or a new file",
                path.display()
            ),
            Self::Corrupt {
                path,
                record,
                offset,
                flip,
            } => {
                write!(
                    f,
                    "CWS-JOURNAL-003 bytes changed; {} record {record} at offset {offset}",
                    path.display()
                )?;
                if let Some((byte, bit)) = flip {
                    write!(f, ", one flipped bit: byte {byte} bit {bit}")?;
                }
                write!(
                    f,
                    "; keep the file, restore it from a copy that its checkpoints prove"
                )
            }
            Self::Full { path, max_bytes } => write!(
                f,
                "CWS-JOURNAL-004 journal_max_bytes {max_bytes} reached; {}; archive it and start a new one",
                path.display()
            ),
            Self::Locked { path } => write!(
                f,
                "CWS-JOURNAL-005 another process writes it; {}; stop that one first",
                path.display()
            ),
            Self::Missing { path, last } => write!(
                f,
                "CWS-JOURNAL-008 a file is missing before {}; {}; restore it from a copy, all files belong together",
                last.display(),
                path.display()
            ),
            Self::Owner { path, owner } => write!(
                f,
                "CWS-JOURNAL-009 it belongs to user {owner}; {}; find out who made it, and move it away",
                path.display()
            ),
            Self::Payload { kind, what } => write!(
                f,
                "CWS-JOURNAL-006 {what}; record of kind {kind}; read it with the version that wrote it"
            ),
            Self::Checkpoint { what } => write!(
                f,
                "CWS-JOURNAL-007 {what}; checkpoint; do not trust this copy of the journal"
            ),
        }
    }
}

impl std::error::Error for JournalError {}
