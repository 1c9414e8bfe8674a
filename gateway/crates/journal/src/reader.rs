//! Reads a journal from its start and checks every link of the chain.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::error::JournalError;
use crate::files::{files_behind, open};
use crate::format::{self, HEADER_LEN, Hash, RECORD_HEAD_LEN};
use crate::record::{Record, Tail};

/// An iterator over records, through all files; [`Journal::tail`] tells afterwards how the last file ends.
pub struct Journal {
    /// The file that is read, its number and its length; and those that follow.
    path: PathBuf,
    file: Box<dyn Read + Send>,
    number: u32,
    len: u64,
    waiting: VecDeque<PathBuf>,
    /// Bytes in memory: further files follow in the same buffer.
    joined: bool,
    offset: u64,
    seq: u64,
    hash: Hash,
    /// The hash before the next record.
    link: Hash,
    created_ns: u64,
    tail: Tail,
    done: bool,
}

/// Where a journal ends: what a writer goes on with.
pub(crate) struct End {
    pub seq: u64,
    pub hash: Hash,
    pub link: Hash,
    pub number: u32,
    /// In the last file.
    pub offset: u64,
}

impl Journal {
    /// Opens a journal; a file shorter than a header that begins like one is a torn tail and nothing else.
    ///
    /// # Errors
    /// `Missing` where a file between the first and the last is not there.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let waiting = files_behind(path)?;
        let (file, len) = open(path)?;
        Self::begin(path.into(), file, len, waiting.into(), false)
    }

    /// A journal that lies in memory, its files one behind the other; errors name it `buffer`.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn of_bytes(bytes: Vec<u8>) -> Result<Self, JournalError> {
        let len = bytes.len() as u64;
        let file = Box::new(Cursor::new(bytes));
        Self::begin("buffer".into(), file, len, VecDeque::new(), true)
    }

    fn begin(
        path: PathBuf,
        file: Box<dyn Read + Send>,
        len: u64,
        waiting: VecDeque<PathBuf>,
        joined: bool,
    ) -> Result<Self, JournalError> {
        let mut journal = Self {
            path,
            file,
            number: 0,
            len,
            waiting,
            joined,
            offset: 0,
            seq: 0,
            hash: [0; 32],
            link: [0; 32],
            created_ns: 0,
            tail: Tail::Whole,
            done: false,
        };
        if let Some(header) = journal.header_bytes()? {
            (journal.created_ns, journal.number) = journal.read_header(&header)?;
            if journal.number != 0 {
                return Err(journal.foreign("not the first file of its journal".into()));
            }
            journal.hash = format::genesis(&header);
            journal.link = journal.hash;
        }
        Ok(journal)
    }

    /// None where the file is torn within its header.
    fn header_bytes(&mut self) -> Result<Option<[u8; HEADER_LEN]>, JournalError> {
        let mut header = [0; HEADER_LEN];
        let held = (self.len - self.offset).min(HEADER_LEN as u64) as usize;
        self.read(&mut header[..held])?;
        if held == HEADER_LEN {
            self.offset += HEADER_LEN as u64;
            return Ok(Some(header));
        }
        if !format::begins_a_header(&header[..held]) {
            return Err(self.foreign("no journal".into()));
        }
        self.tear()?;
        Ok(None)
    }

    fn read_header(&self, header: &[u8; HEADER_LEN]) -> Result<(u64, u32), JournalError> {
        format::read_header(header).map_err(|what| match what {
            Some(what) => self.foreign(what),
            None => self.corrupt(0, self.offset - HEADER_LEN as u64, None),
        })
    }

    /// The next file: it must be the one that follows, of the same journal.
    fn open_next(&mut self, path: PathBuf) -> Result<(), JournalError> {
        (self.file, self.len) = open(&path)?;
        (self.path, self.offset) = (path, 0);
        self.number += 1;
        match self.header_bytes()? {
            Some(header) => self.follow(&header),
            None => Ok(()),
        }
    }

    fn follow(&mut self, header: &[u8; HEADER_LEN]) -> Result<(), JournalError> {
        let (created_ns, number) = self.read_header(header)?;
        if (created_ns, number) != (self.created_ns, self.number) {
            let what = format!("not file {} of the journal before it", self.number);
            return Err(self.foreign(what));
        }
        self.link = format::go_on(&self.hash, header);
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

    pub(crate) fn end(&self) -> End {
        End {
            seq: self.seq,
            hash: self.hash,
            link: self.link,
            number: self.number,
            offset: self.offset,
        }
    }

    fn step(&mut self) -> Result<Option<Record>, JournalError> {
        while self.len == self.offset
            && let Some(next) = self.waiting.pop_front()
        {
            self.open_next(next)?;
        }
        if self.done {
            return Ok(None);
        }
        let mut bytes = [0; RECORD_HEAD_LEN];
        if self.joined && self.len - self.offset >= HEADER_LEN as u64 {
            // A record's head is longer than a header, and its first field is a length that no payload has.
            self.read(&mut bytes[..HEADER_LEN])?;
            let header: [u8; HEADER_LEN] = bytes[..HEADER_LEN].try_into().expect("32 bytes");
            if format::begins_a_header(&header) {
                self.offset += HEADER_LEN as u64;
                self.number += 1;
                self.follow(&header)?;
                return self.step();
            }
            let held = (self.len - self.offset).min(RECORD_HEAD_LEN as u64) as usize;
            self.read(&mut bytes[HEADER_LEN..held])?;
        }
        let left = self.len - self.offset;
        if left < RECORD_HEAD_LEN as u64 {
            return self.tear();
        }
        if !self.joined {
            self.read(&mut bytes)?;
        }
        self.record(&bytes, left)
    }

    fn record(
        &mut self,
        bytes: &[u8; RECORD_HEAD_LEN],
        left: u64,
    ) -> Result<Option<Record>, JournalError> {
        let record = self.seq + 1;
        let Some(head) = format::read_head(bytes) else {
            // A file system that lost power may leave zeros where the last write should be.
            if *bytes == [0; RECORD_HEAD_LEN] && self.rest_is_zero()? {
                return self.tear();
            }
            return Err(self.corrupt(record, self.offset, format::flip_in_head(bytes)));
        };
        let whole = (RECORD_HEAD_LEN + head.payload_len) as u64;
        if left < whole {
            return self.tear();
        }
        let mut payload = vec![0; head.payload_len];
        self.read(&mut payload)?;
        let hash = format::chain(&self.link, bytes, &payload);
        if hash != head.hash || head.seq != record {
            let flip = format::flip_in_body(&self.link, bytes, &payload);
            return Err(self.corrupt(record, self.offset, flip));
        }
        let offset = self.offset;
        (self.seq, self.hash, self.link, self.offset) = (record, hash, hash, offset + whole);
        Ok(Some(Record {
            seq: head.seq,
            ts_ns: head.ts_ns,
            kind: head.kind,
            payload,
            hash,
            offset,
        }))
    }

    /// The end: whole, or torn; a file that another follows was whole when that one was made.
    fn tear(&mut self) -> Result<Option<Record>, JournalError> {
        let bytes = self.len - self.offset;
        if !self.waiting.is_empty() {
            return Err(self.corrupt(self.seq + 1, self.offset, None));
        }
        if bytes > 0 {
            let at = self.offset;
            self.tail = Tail::Torn { at, bytes };
        }
        self.done = true;
        Ok(None)
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
