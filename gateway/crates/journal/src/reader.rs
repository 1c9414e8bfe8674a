//! Reads a journal from its start and checks every link of the chain.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::entry::Entry;
use crate::error::JournalError;
use crate::format::{self, HEADER_LEN, Hash, RECORD_HEAD_LEN};

/// One record whose hash was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub seq: u64,
    pub ts_ns: u64,
    pub kind: u16,
    pub payload: Vec<u8>,
    /// Of the chain up to and with this record.
    pub hash: [u8; 32],
    /// Where it starts in the file.
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
    /// The write of the last record was cut short; `at` is the end of what is sound, `bytes` what lies behind.
    Torn {
        at: u64,
        bytes: u64,
    },
}

/// An iterator over records; [`Journal::tail`] tells afterwards how the file ends.
pub struct Journal {
    path: PathBuf,
    file: Box<dyn Read + Send>,
    len: u64,
    offset: u64,
    seq: u64,
    hash: Hash,
    created_ns: u64,
    tail: Tail,
    done: bool,
}

impl Journal {
    /// Opens a journal; a file shorter than a header that begins like one is a torn tail and nothing else.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let io = |error| JournalError::Io {
            path: path.into(),
            error,
        };
        let file = File::open(path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        let file = BufReader::with_capacity(1 << 16, file);
        Self::begin(path.into(), Box::new(file), len)
    }

    /// A journal that lies in memory; errors name it `buffer`.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn of_bytes(bytes: Vec<u8>) -> Result<Self, JournalError> {
        let len = bytes.len() as u64;
        Self::begin("buffer".into(), Box::new(Cursor::new(bytes)), len)
    }

    fn begin(path: PathBuf, file: Box<dyn Read + Send>, len: u64) -> Result<Self, JournalError> {
        let mut journal = Self {
            path,
            file,
            len,
            offset: 0,
            seq: 0,
            hash: [0; 32],
            created_ns: 0,
            tail: Tail::Whole,
            done: false,
        };
        journal.read_header()?;
        Ok(journal)
    }

    fn read_header(&mut self) -> Result<(), JournalError> {
        let mut header = [0; HEADER_LEN];
        let held = self.len.min(HEADER_LEN as u64) as usize;
        self.read(&mut header[..held])?;
        if held < HEADER_LEN {
            if !format::begins_a_header(&header[..held]) {
                return Err(self.foreign("no journal".into()));
            }
            self.tear(0);
            return Ok(());
        }
        match format::read_header(&header) {
            Ok(created_ns) => self.created_ns = created_ns,
            Err(Some(what)) => return Err(self.foreign(what)),
            Err(None) => return Err(self.corrupt(0, 0, None)),
        }
        self.hash = format::genesis(&header);
        self.offset = HEADER_LEN as u64;
        Ok(())
    }

    /// Known once the iterator gave None.
    pub fn tail(&self) -> Tail {
        self.tail
    }

    /// When the journal was made, UTC ns.
    pub fn created_ns(&self) -> u64 {
        self.created_ns
    }

    /// Seq and hash of the last record read, and the end of it in the file.
    pub(crate) fn position(&self) -> (u64, Hash, u64) {
        (self.seq, self.hash, self.offset)
    }

    fn step(&mut self) -> Result<Option<Record>, JournalError> {
        let left = self.len - self.offset;
        if left < RECORD_HEAD_LEN as u64 {
            self.tear(left);
            return Ok(None);
        }
        let record = self.seq + 1;
        let mut bytes = [0; RECORD_HEAD_LEN];
        self.read(&mut bytes)?;
        let Some(head) = format::read_head(&bytes) else {
            // A file system that lost power may leave zeros where the last write should be.
            if bytes == [0; RECORD_HEAD_LEN] && self.rest_is_zero()? {
                self.tear(left);
                return Ok(None);
            }
            return Err(self.corrupt(record, self.offset, format::flip_in_head(&bytes)));
        };
        let whole = (RECORD_HEAD_LEN + head.payload_len) as u64;
        if left < whole {
            self.tear(left);
            return Ok(None);
        }
        let mut payload = vec![0; head.payload_len];
        self.read(&mut payload)?;
        let hash = format::chain(&self.hash, &bytes, &payload);
        if hash != head.hash || head.seq != record {
            let flip = format::flip_in_body(&self.hash, &bytes, &payload);
            return Err(self.corrupt(record, self.offset, flip));
        }
        let offset = self.offset;
        (self.seq, self.hash, self.offset) = (record, hash, offset + whole);
        Ok(Some(Record {
            seq: head.seq,
            ts_ns: head.ts_ns,
            kind: head.kind,
            payload,
            hash,
            offset,
        }))
    }

    fn tear(&mut self, bytes: u64) {
        if bytes > 0 || self.len > self.offset {
            self.tail = Tail::Torn {
                at: self.offset,
                bytes: self.len - self.offset,
            };
        }
        self.done = true;
    }

    fn rest_is_zero(&mut self) -> Result<bool, JournalError> {
        let mut chunk = [0; 4096];
        loop {
            match self.file.read(&mut chunk) {
                Ok(0) => return Ok(true),
                Ok(n) if chunk[..n].iter().any(|byte| *byte != 0) => return Ok(false),
                Ok(_) => {}
                Err(error) => return Err(self.io(error)),
            }
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), JournalError> {
        self.file.read_exact(bytes).map_err(|error| self.io(error))
    }

    fn io(&self, error: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            error,
        }
    }

    fn foreign(&self, what: String) -> JournalError {
        JournalError::Foreign {
            path: self.path.clone(),
            what,
        }
    }

    fn corrupt(&self, record: u64, offset: u64, flip: Option<(u64, u8)>) -> JournalError {
        JournalError::Corrupt {
            path: self.path.clone(),
            record,
            offset,
            flip: flip.map(|(byte, bit)| (offset + byte, bit)),
        }
    }
}

impl Iterator for Journal {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step();
        self.done |= step.is_err();
        step.transpose()
    }
}
