//! SIGTERM and SIGINT ask the main loop to end; nothing is done inside the handler.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

extern "C" fn ask(_signal: libc::c_int) {
    ASKED.store(true, Ordering::Relaxed);
}

/// From here on the two signals set the flag; SIGPIPE becomes an error of `write`.
pub fn listen() -> io::Result<()> {
    for (signal, handler) in [
        (libc::SIGTERM, ask as *const () as libc::sighandler_t),
        (libc::SIGINT, ask as *const () as libc::sighandler_t),
        (libc::SIGPIPE, libc::SIG_IGN),
    ] {
        // SAFETY: the action is fully set before it is installed; `ask` only stores an atomic.
        let result = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler;
            libc::sigaction(signal, &action, std::ptr::null_mut())
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// For C++ loops: the flag's address, one byte, 0 or 1.
pub fn flag() -> &'static AtomicBool {
    &ASKED
}
