//! Appends records. The first failure is final: its owner sees it on every later call and must stop trading.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use cws_abi::Stash;

use crate::commit::{Commit, EIO, HELD, commit_loop};
use crate::entry::Entry;
use crate::error::JournalError;
use crate::files::{file_of, files_behind, lock, options, stash_of};
use crate::format::{self, Staged};
use crate::owner;
use crate::reader::Journal;
use crate::record::{Record, Tail};
use crate::settings::Settings;
use crate::sink::{FileSink, Sink};

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    pub records: u64,
    /// What was cut off, if the last write had been torn.
    pub tail: Tail,
    /// Those of them that had been kept in shared memory and not been written.
    pub kept: u64,
}

/// The end of the chain. `seq` counts staged records, `hash` those that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: [u8; 32],
    pub created_ns: u64,
}

const ENOSPC: i32 = 28;

pub struct Writer {
    path: PathBuf,
    sink: Box<dyn Sink>,
    settings: Settings,
    head: Head,
    /// The hash before the next record.
    link: [u8; 32],
    /// All files, and the last of them.
    len: u64,
    file_len: u64,
    number: u32,
    /// The first file, which says who writes; a sink of a test has none, and no further files.
    lock: Option<File>,
    /// Records without their hashes, and how many.
    staged: Vec<u8>,
    waiting: u64,
    /// Whole records, until they are written.
    whole: Vec<u8>,
    stash: Option<Stash>,
    commit: Arc<Commit>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens or makes the journal, gives every record of it to `replay`, cuts a torn tail off, and writes what an earlier
    /// life had only kept in shared memory.
    ///
    /// # Errors
    /// Corrupt records are refused, never skipped; so is whatever `replay` refuses.
    pub fn open(
        path: &Path,
        now_ns: u64,
        settings: Settings,
        mut replay: impl FnMut(&Record) -> Result<(), JournalError>,
    ) -> Result<(Self, Opened), JournalError> {
        let io = |error| JournalError::Io {
            path: path.into(),
            error,
        };
        for later in files_behind(path)? {
            let file = File::open(&later).map_err(io)?;
            owner::check(&file, &later)?;
        }
        let first = options().create(true).open(path).map_err(io)?;
        owner::check(&first, path)?;
        lock(&first, path)?;
        let mut journal = Journal::open(path)?;
        for record in journal.by_ref() {
            replay(&record?)?;
        }
        let (end, tail) = (journal.end(), journal.tail());
        let last = file_of(path, end.number);
        let file = options().open(&last).map_err(io)?;
        if let Tail::Torn { at, .. } = tail {
            file.set_len(at).map_err(io)?;
        }
        let head = Head {
            seq: end.seq,
            hash: end.hash,
            created_ns: journal.created_ns(),
        };
        let mut writer = Self::new(path.into(), Box::new(FileSink(file)), settings, head)?;
        writer.lock = Some(first);
        (writer.link, writer.number) = (end.link, end.number);
        for file in (0..end.number).map(|number| file_of(path, number)) {
            writer.len += file.metadata().map_err(io)?.len();
        }
        (writer.len, writer.file_len) = (writer.len + end.offset, end.offset);
        match (end.offset, end.number) {
            (0, 0) => writer.begin(now_ns)?,
            (0, _) => writer.follow().map_err(io)?,
            _ => {}
        }
        let kept = match settings.stash {
            true => writer.take_kept(&stash_of(path), replay)?,
            false => 0,
        };
        let opened = Opened {
            records: writer.head.seq,
            tail,
            kept,
        };
        Ok((writer, opened))
    }

    /// Records that were kept and not written: those that follow the last one. A kill between the write and the clearing
    /// leaves records that are in the file already.
    fn take_kept(
        &mut self,
        path: &Path,
        mut replay: impl FnMut(&Record) -> Result<(), JournalError>,
    ) -> Result<u64, JournalError> {
        let io = |error| JournalError::Io {
            path: path.into(),
            error,
        };
        let stash = Stash::open(path).map_err(io)?;
        owner::check(&File::open(path).map_err(io)?, path)?;
        let left = stash.left(self.head.created_ns).unwrap_or_default();
        let mut kept = 0;
        for record in format::staged(&left) {
            if record.seq() != self.head.seq + 1 {
                continue;
            }
            let offset = self.file_len + self.whole.len() as u64;
            self.link = record.write(&mut self.whole, &self.link);
            (self.head.seq, self.head.hash) = (record.seq(), self.link);
            kept += 1;
            replay(&Record {
                seq: record.seq(),
                ts_ns: record.ts_ns(),
                kind: record.kind(),
                payload: record.payload.into(),
                hash: self.link,
                offset,
            })?;
        }
        self.stash = Some(stash);
        self.flush()?;
        self.clear_stash();
        Ok(kept)
    }

    /// A journal into any sink, from its header on.
    pub fn to_sink(
        sink: Box<dyn Sink>,
        now_ns: u64,
        settings: Settings,
    ) -> Result<Self, JournalError> {
        let head = Head {
            seq: 0,
            hash: [0; 32],
            created_ns: now_ns,
        };
        let mut writer = Self::new("sink".into(), sink, settings, head)?;
        writer.begin(now_ns)?;
        Ok(writer)
    }

    fn new(
        path: PathBuf,
        sink: Box<dyn Sink>,
        settings: Settings,
        head: Head,
    ) -> Result<Self, JournalError> {
        let commit = Arc::new(Commit::default());
        let sync = sink.sync_fn().map_err(|error| JournalError::Io {
            path: path.clone(),
            error,
        })?;
        commit.files.lock().expect(HELD).push(sync);
        let shared = Arc::clone(&commit);
        let thread = std::thread::spawn(move || commit_loop(&shared, settings.commit_every));
        Ok(Self {
            path,
            sink,
            settings,
            head,
            link: head.hash,
            len: 0,
            file_len: 0,
            number: 0,
            lock: None,
            staged: Vec::with_capacity(1 << 16),
            waiting: 0,
            whole: Vec::with_capacity(1 << 16),
            stash: None,
            commit,
            thread: Some(thread),
        })
    }

    fn begin(&mut self, now_ns: u64) -> Result<(), JournalError> {
        let header = format::header(now_ns, 0);
        self.head.hash = format::genesis(&header);
        self.link = self.head.hash;
        self.head.created_ns = now_ns;
        self.whole.extend_from_slice(&header);
        self.flush()
    }

    /// Puts one record behind the staged ones and returns its seq. It is nowhere else before [`Writer::keep`] or
    /// [`Writer::flush`].
    pub fn stage(&mut self, ts_ns: u64, entry: &Entry) -> u64 {
        self.head.seq += 1;
        self.waiting += 1;
        format::stage(&mut self.staged, self.head.seq, ts_ns, |out| {
            entry.encode(out)
        });
        self.head.seq
    }

    /// Afterwards all that is staged survives the death of this process: in shared memory where there is a stash with
    /// room for it, to be written by the next [`Writer::flush`]; else it is written now.
    pub fn keep(&mut self) -> Result<(), JournalError> {
        self.health()?;
        let fits = self.len_with_staged() <= self.settings.max_bytes;
        let stash = self.stash.as_mut().filter(|_| fits);
        if stash.is_some_and(|stash| stash.put(self.head.created_ns, &self.staged)) {
            return Ok(());
        }
        self.flush()
    }

    fn len_with_staged(&self) -> u64 {
        let staged = self.staged.len() as u64 + self.waiting * Staged::MISSING;
        self.len + staged + self.whole.len() as u64
    }

    /// One write(2) of all that is staged, with its hashes: afterwards it survives the death of this process.
    pub fn flush(&mut self) -> Result<(), JournalError> {
        self.health()?;
        let len = self.len_with_staged();
        if len == self.len {
            return Ok(());
        }
        if len > self.settings.max_bytes {
            self.fail(ENOSPC);
            return Err(JournalError::Full {
                path: self.path.clone(),
                max_bytes: self.settings.max_bytes,
            });
        }
        for record in format::staged(&self.staged) {
            self.link = record.write(&mut self.whole, &self.link);
            self.head.hash = self.link;
        }
        if let Err(error) = self.sink.append(&self.whole) {
            // What is kept stays kept: the next life writes it.
            self.fail(error.raw_os_error().unwrap_or(EIO));
            return Err(self.io(error));
        }
        (self.len, self.file_len) = (len, self.file_len + self.whole.len() as u64);
        self.staged.clear();
        self.whole.clear();
        self.waiting = 0;
        self.clear_stash();
        self.commit.appended.store(self.head.seq, Ordering::Release);
        if self.lock.is_some()
            && self.file_len >= self.settings.file_bytes
            && let Err(error) = self.next_file()
        {
            // What was staged is written: the next flush says that there is no going on.
            self.fail(error.raw_os_error().unwrap_or(EIO));
        }
        Ok(())
    }

    fn clear_stash(&mut self) {
        if let Some(stash) = self.stash.as_mut().filter(|stash| stash.holds()) {
            stash.clear();
        }
    }

    /// Everything before is written, and the commit thread keeps the old file until the disk has it.
    fn next_file(&mut self) -> io::Result<()> {
        let path = file_of(&self.path, self.number + 1);
        let file = options().create_new(true).open(path)?;
        (self.number, self.file_len) = (self.number + 1, 0);
        self.sink = Box::new(FileSink(file));
        let sync = self.sink.sync_fn()?;
        self.commit.files.lock().expect(HELD).push(sync);
        self.follow()
    }

    /// The header of a further file.
    fn follow(&mut self) -> io::Result<()> {
        let header = format::header(self.head.created_ns, self.number);
        self.sink.append(&header)?;
        self.link = format::go_on(&self.head.hash, &header);
        self.file_len = header.len() as u64;
        self.len += self.file_len;
        Ok(())
    }

    /// Stage and flush of one record.
    pub fn append(&mut self, ts_ns: u64, entry: &Entry) -> Result<u64, JournalError> {
        let seq = self.stage(ts_ns, entry);
        self.flush()?;
        Ok(seq)
    }

    /// The failure of an append or of the commit thread, as long as the writer lives.
    pub fn health(&self) -> Result<(), JournalError> {
        if !self.commit.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let errno = self.commit.errno.load(Ordering::Acquire);
        Err(self.io(io::Error::from_raw_os_error(errno)))
    }

    /// Last record that the disk has for certain.
    pub fn synced_seq(&self) -> u64 {
        self.commit.synced.load(Ordering::Acquire)
    }

    /// The end of the chain.
    pub fn head(&self) -> Head {
        self.head
    }

    /// All files together.
    pub fn len_bytes(&self) -> u64 {
        self.len
    }

    fn fail(&mut self, errno: i32) {
        self.commit.errno.store(errno, Ordering::Release);
        self.commit.failed.store(true, Ordering::Release);
    }

    fn io(&self, error: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            error,
        }
    }
}

impl Drop for Writer {
    /// Ends the commit thread, which commits once more before it goes.
    fn drop(&mut self) {
        self.commit.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            thread.join().ok();
        }
    }
}
