//! A file in shared memory: made by its one writer, mapped by others for reading only.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;

use crate::guard::Slot;

/// The folder is another's too: no link is followed to a file of ours, no pipe is waited for.
const NEVER_ELSEWHERE: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK;

pub(crate) struct Mapping {
    start: NonNull<u8>,
    len: usize,
    /// Of a file that another process writes, and may cut off.
    foreign: Option<Slot>,
}

// SAFETY: the mapping is memory that lives until drop; who may touch which byte is the ring's business.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Opens or makes the file with exactly `len` bytes; others may read it and nothing more.
    pub(crate) fn writable(path: &Path, len: usize) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .custom_flags(NEVER_ELSEWHERE)
            .open(path)?;
        let found = file.metadata()?.len();
        if found == 0 {
            reserve(&file, len)?;
        } else if found != len as u64 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{} has {found} bytes, {len} expected: another capacity or version",
                    path.display()
                ),
            ));
        }
        Self::map(&file, len, libc::PROT_READ | libc::PROT_WRITE)
    }

    /// Maps an existing file for reading; its length is the writer's.
    pub(crate) fn readable(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(NEVER_ELSEWHERE)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no plain file"));
        }
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let mut mapping = Self::map(&file, len, libc::PROT_READ)?;
        mapping.foreign = Some(Slot::of(mapping.start.as_ptr() as usize, len)?);
        Ok(mapping)
    }

    fn map(file: &File, len: usize, protection: i32) -> io::Result<Self> {
        if len == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "an empty file is no ring yet",
            ));
        }
        // SAFETY: a fresh shared mapping of a file that we hold open; the result is checked.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                protection,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at null"))?;
        Ok(Self {
            start,
            len,
            foreign: None,
        })
    }

    /// Its writer cut the file off while we read: see [`crate::guard_foreign_memory`].
    pub(crate) fn torn(&self) -> bool {
        self.foreign.as_ref().is_some_and(Slot::torn)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset < self.len, "inside the mapping");
        // SAFETY: inside the mapping, asserted above.
        unsafe { self.start.as_ptr().add(offset) }
    }
}

/// A page that the disk has no room for would be noticed at the first write to it, by death (SIGBUS).
fn reserve(file: &File, len: usize) -> io::Result<()> {
    let len = libc::off_t::try_from(len).map_err(io::Error::other)?;
    // SAFETY: no memory is handed over.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) } {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.foreign = None;
        // SAFETY: the very range that mmap gave.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
