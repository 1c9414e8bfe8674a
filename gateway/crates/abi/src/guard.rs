//! Memory that another process owns may be cut off under us: reading behind its end is SIGBUS. Instead of dying, a
//! guarded process finds zeros there and learns that the mapping is torn.
//!
//! The handler does what is safe in one: a look at a table of atomics, and mmap(2), which puts a page of zeros where the
//! file's page was; the read that failed is then repeated by the processor. Whoever reads asks [`Slot::torn`] after it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const SLOTS: usize = 64;

struct Entry {
    start: AtomicUsize,
    len: AtomicUsize,
    torn: AtomicBool,
}

static TABLE: [Entry; SLOTS] = [const {
    Entry {
        start: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
        torn: AtomicBool::new(false),
    }
}; SLOTS];
static PAGE: AtomicUsize = AtomicUsize::new(4096);

/// A mapping that the handler knows; forgotten on drop.
pub(crate) struct Slot(usize);

impl Slot {
    pub(crate) fn of(start: usize, len: usize) -> io::Result<Self> {
        for (number, entry) in TABLE.iter().enumerate() {
            let free = entry
                .start
                .compare_exchange(0, start, Ordering::AcqRel, Ordering::Relaxed);
            if free.is_ok() {
                entry.torn.store(false, Ordering::Release);
                entry.len.store(len, Ordering::Release);
                return Ok(Self(number));
            }
        }
        Err(io::Error::other("more foreign mappings than are guarded"))
    }

    /// A part of the mapping is gone: what was read from it since may be zeros.
    pub(crate) fn torn(&self) -> bool {
        TABLE[self.0].torn.load(Ordering::Acquire)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        TABLE[self.0].len.store(0, Ordering::Release);
        TABLE[self.0].start.store(0, Ordering::Release);
    }
}

/// From here on a mapping of another's file that is cut off is noticed instead of deadly. Once in a `main`.
pub fn guard_foreign_memory() -> io::Result<()> {
    // SAFETY: the action is fully set before it is installed; the handler is async-signal-safe.
    let installed = unsafe {
        PAGE.store(
            libc::sysconf(libc::_SC_PAGESIZE) as usize,
            Ordering::Release,
        );
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_bus_error as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO;
        libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut())
    };
    if installed == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

extern "C" fn on_bus_error(
    _signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: the kernel hands a valid siginfo to a handler with SA_SIGINFO.
    let address = unsafe { (*info).si_addr() } as usize;
    // SAFETY: errno is this thread's own.
    let errno = unsafe { *libc::__errno_location() };
    let mended = TABLE.iter().any(|entry| mend(entry, address));
    // SAFETY: as above; and where the address is no guarded one, the default action ends the process on return.
    unsafe {
        if !mended {
            libc::signal(libc::SIGBUS, libc::SIG_DFL);
        }
        *libc::__errno_location() = errno;
    }
}

fn mend(entry: &Entry, address: usize) -> bool {
    let (start, len) = (
        entry.start.load(Ordering::Acquire),
        entry.len.load(Ordering::Acquire),
    );
    if start == 0 || address < start || address >= start + len {
        return false;
    }
    entry.torn.store(true, Ordering::Release);
    let page = PAGE.load(Ordering::Acquire);
    // SAFETY: a page inside a mapping of ours that nothing but this process's readers touch.
    let zeros = unsafe {
        libc::mmap(
            (address & !(page - 1)) as *mut libc::c_void,
            page,
            libc::PROT_READ,
            libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    zeros != libc::MAP_FAILED
}
