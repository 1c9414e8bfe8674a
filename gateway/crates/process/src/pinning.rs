//! A thread to a core, for loops that answer within microseconds: left alone, two that only yield may share a core while
//! another one stands idle, for the scheduler moves no thread that has just run.

use std::io;

/// Pins the calling thread alone; a negative core leaves it where it is.
///
/// # Errors
/// A core that is not there, or not ours.
pub fn pin(core: i64) -> io::Result<()> {
    let Ok(core) = usize::try_from(core) else {
        return Ok(());
    };
    if core >= libc::CPU_SETSIZE as usize {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: a set of bits, all of them off.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the core was compared with the size of the set.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: the place and its length belong together; 0 is the calling thread.
    match unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Cores of the machine, whatever this thread is pinned to.
pub fn cores() -> usize {
    // SAFETY: a question without a place to write to.
    let found = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    usize::try_from(found).unwrap_or(1).max(1)
}
