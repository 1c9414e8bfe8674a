//! Appends records. The first failure is final: its owner sees it on every later call and must stop trading.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::entry::Entry;
use crate::error::JournalError;
use crate::format;
use crate::owner;
use crate::reader::{Journal, Record, Tail};
use crate::sink::{FileSink, Sink, SyncFn};

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// An append that would pass this fails.
    pub max_bytes: u64,
    /// How often the commit thread looks for something to commit.
    pub commit_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 36,
            commit_every: Duration::from_millis(5),
        }
    }
}

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    pub records: u64,
    /// What was cut off, if the last write had been torn.
    pub tail: Tail,
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: [u8; 32],
    pub created_ns: u64,
}

/// For errors that carry no number of their own.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// What the commit thread and the writer tell each other.
#[derive(Default)]
struct Commit {
    appended: AtomicU64,
    synced: AtomicU64,
    failed: AtomicBool,
    errno: AtomicI32,
    stop: AtomicBool,
}

pub struct Writer {
    path: PathBuf,
    sink: Box<dyn Sink>,
    settings: Settings,
    head: Head,
    len: u64,
    staged: Vec<u8>,
    payload: Vec<u8>,
    commit: Arc<Commit>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens or makes the journal, gives every record of it to `replay`, cuts a torn tail off.
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
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o640)
            .open(path)
            .map_err(io)?;
        owner::check(&file, path)?;
        lock(&file, path)?;
        let mut journal = Journal::open(path)?;
        for record in journal.by_ref() {
            replay(&record?)?;
        }
        let (seq, hash, len) = journal.position();
        let tail = journal.tail();
        if let Tail::Torn { at, .. } = tail {
            file.set_len(at).map_err(io)?;
        }
        let opened = Opened { records: seq, tail };
        let head = Head {
            seq,
            hash,
            created_ns: journal.created_ns(),
        };
        let mut writer = Self::new(path.into(), Box::new(FileSink(file)), settings, head, len)?;
        if len == 0 {
            writer.begin(now_ns)?;
        }
        Ok((writer, opened))
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
        let mut writer = Self::new("sink".into(), sink, settings, head, 0)?;
        writer.begin(now_ns)?;
        Ok(writer)
    }

    fn new(
        path: PathBuf,
        sink: Box<dyn Sink>,
        settings: Settings,
        head: Head,
        len: u64,
    ) -> Result<Self, JournalError> {
        let commit = Arc::new(Commit::default());
        let sync = sink.sync_fn().map_err(|error| JournalError::Io {
            path: path.clone(),
            error,
        })?;
        let shared = Arc::clone(&commit);
        let thread = std::thread::spawn(move || commit_loop(&shared, sync, settings.commit_every));
        Ok(Self {
            path,
            sink,
            settings,
            head,
            len,
            staged: Vec::with_capacity(1 << 16),
            payload: Vec::with_capacity(1 << 10),
            commit,
            thread: Some(thread),
        })
    }

    fn begin(&mut self, now_ns: u64) -> Result<(), JournalError> {
        let header = format::header(now_ns);
        self.head.hash = format::genesis(&header);
        self.head.created_ns = now_ns;
        self.staged.extend_from_slice(&header);
        self.flush()
    }

    /// Puts one record behind the staged ones and returns its seq. Nothing is written before [`Writer::flush`].
    pub fn stage(&mut self, ts_ns: u64, entry: &Entry) -> u64 {
        self.payload.clear();
        let kind = entry.encode(&mut self.payload);
        self.head.seq += 1;
        self.head.hash = format::write_record(
            &mut self.staged,
            &self.head.hash,
            kind,
            self.head.seq,
            ts_ns,
            &self.payload,
        );
        self.head.seq
    }

    /// One write(2) of all that is staged: afterwards it survives the death of this process.
    pub fn flush(&mut self) -> Result<(), JournalError> {
        self.health()?;
        if self.staged.is_empty() {
            return Ok(());
        }
        let len = self.len + self.staged.len() as u64;
        if len > self.settings.max_bytes {
            self.fail(ENOSPC);
            return Err(JournalError::Full {
                path: self.path.clone(),
                max_bytes: self.settings.max_bytes,
            });
        }
        if let Err(error) = self.sink.append(&self.staged) {
            self.fail(error.raw_os_error().unwrap_or(EIO));
            return Err(self.io(error));
        }
        self.len = len;
        self.staged.clear();
        self.commit.appended.store(self.head.seq, Ordering::Release);
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

    /// The end of the chain, staged records included.
    pub fn head(&self) -> Head {
        self.head
    }

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

fn commit_loop(commit: &Commit, mut sync: SyncFn, every: Duration) {
    let mut synced = 0;
    loop {
        let stop = commit.stop.load(Ordering::Acquire);
        let appended = commit.appended.load(Ordering::Acquire);
        if appended != synced {
            if let Err(error) = sync() {
                let errno = error.raw_os_error().unwrap_or(EIO);
                commit.errno.store(errno, Ordering::Release);
                commit.failed.store(true, Ordering::Release);
                return;
            }
            synced = appended;
            commit.synced.store(synced, Ordering::Release);
        }
        if stop {
            return;
        }
        std::thread::park_timeout(every);
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: path.into() }),
        Err(TryLockError::Error(error)) => Err(JournalError::Io {
            path: path.into(),
            error,
        }),
    }
}
