//! Who is at the other end of a socket: the kernel says so, nobody else can.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Process and user of the peer, as they were when the connection was made.
pub(crate) fn credentials(stream: &UnixStream) -> io::Result<(u32, u32)> {
    let mut found = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the place and its length belong together.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &mut len,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((u32::try_from(found.pid).unwrap_or(0), found.uid))
}
