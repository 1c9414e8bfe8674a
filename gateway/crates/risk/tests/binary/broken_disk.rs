//! A disk that fails: the kernel itself answers EIO, by a filter of system calls (seccomp) that the process is born with,
//! or EFBIG, by its limit on the size of files.
//!
//! The file, the process and the errno are real; what is not is the reason, a filter in the place of a broken medium.

use std::io;
use std::mem::offset_of;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Which calls of the process end with EIO; or with EFBIG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// write(2) of so many bytes or more.
    Writes(u32),
    /// fdatasync(2).
    Commits,
    /// write(2) beyond so many bytes of a file: EFBIG.
    NoMoreThan(u64),
}

const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}

/// Of the system call `number`, where its third argument is `least` or more.
fn program(number: libc::c_long, least: u32) -> Vec<libc::sock_filter> {
    let call = offset_of!(libc::seccomp_data, nr) as u32;
    // The third argument of write(2); its low half, x86 being little-endian.
    let count = (offset_of!(libc::seccomp_data, args) + 2 * size_of::<u64>()) as u32;
    vec![
        instruction(LOAD, call, 0, 0),
        instruction(EQUAL, number as u32, 0, 3),
        instruction(LOAD, count, 0, 0),
        instruction(AT_LEAST, least, 0, 1),
        instruction(RETURN, libc::SECCOMP_RET_ERRNO | libc::EIO as u32, 0, 0),
        instruction(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
    ]
}

/// The process that `command` starts has this disk.
pub fn breaks(command: &mut Command, broken: Broken) {
    match broken {
        Broken::Writes(least) => filters(command, program(libc::SYS_write, least)),
        Broken::Commits => filters(command, program(libc::SYS_fdatasync, 0)),
        Broken::NoMoreThan(bytes) => limits(command, bytes),
    }
}

fn limits(command: &mut Command, bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: bytes,
    };
    // SAFETY: setrlimit may be called between fork and exec.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_FSIZE, &limit) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

fn filters(command: &mut Command, mut filter: Vec<libc::sock_filter>) {
    // SAFETY: prctl may be called between fork and exec; the filter lives as long as the closure.
    unsafe {
        command.pre_exec(move || {
            let program = libc::sock_fprog {
                len: filter.len() as u16,
                filter: filter.as_mut_ptr(),
            };
            if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) != 0
            {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
}
