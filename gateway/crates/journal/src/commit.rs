//! Group commit: a thread that makes what was appended survive the machine, behind the writer and never before it.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use crate::sink::SyncFn;

pub(crate) const HELD: &str = "nobody panics while holding it";
/// For errors that carry no number of their own.
pub(crate) const EIO: i32 = 5;

/// What the commit thread and the writer tell each other.
#[derive(Default)]
pub(crate) struct Commit {
    pub appended: AtomicU64,
    pub synced: AtomicU64,
    /// Of every file that is not known to be on the disk; the last is the one that is written.
    pub files: Mutex<Vec<SyncFn>>,
    pub failed: AtomicBool,
    pub errno: AtomicI32,
    pub stop: AtomicBool,
}

/// Until `stop` is set, and once more then.
pub(crate) fn commit_loop(commit: &Commit, every: Duration) {
    let mut synced = 0;
    loop {
        let stop = commit.stop.load(Ordering::Acquire);
        let appended = commit.appended.load(Ordering::Acquire);
        if appended != synced {
            if let Err(error) = sync_all(commit) {
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

/// Every file but the last has all that it will ever have: once on the disk, it needs no more.
fn sync_all(commit: &Commit) -> io::Result<()> {
    // The writer must not wait for the disk.
    let mut files = std::mem::take(&mut *commit.files.lock().expect(HELD));
    for file in &mut files {
        file()?;
    }
    // What was last is written on, or was until just now.
    let last = files.pop();
    commit.files.lock().expect(HELD).splice(0..0, last);
    Ok(())
}
