//! Processes that a measurement starts, stops for a while, and always ends.

use std::io;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

pub struct Children(Vec<Child>);

impl Children {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    pub fn start(&mut self, command: &mut Command) -> io::Result<u32> {
        let child = command.spawn()?;
        let pid = child.id();
        self.0.push(child);
        Ok(pid)
    }

    /// All of them stand still: what is measured beside them has the machine for itself.
    pub fn pause(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn resume(&self) {
        self.signal(libc::SIGCONT);
    }

    /// True when a child has ended by itself.
    pub fn any_ended(&mut self) -> bool {
        self.0
            .iter_mut()
            .any(|child| matches!(child.try_wait(), Ok(Some(_)) | Err(_)))
    }

    fn signal(&self, signal: i32) {
        for child in &self.0 {
            // SAFETY: a process of ours that was not waited for, so its id is still its own.
            unsafe { libc::kill(child.id() as i32, signal) };
        }
    }
}

impl Default for Children {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Children {
    /// Asked first, ended after a second.
    fn drop(&mut self) {
        self.resume();
        self.signal(libc::SIGTERM);
        let patience = Instant::now() + Duration::from_secs(1);
        for child in &mut self.0 {
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(5));
            }
            child.kill().ok();
            child.wait().ok();
        }
    }
}
