//! A Unix socket that answers one JSON object a line with one JSON object a line, polled from a main loop.
//!
//! Bounded in everything: clients, length of a line, lines a poll. A client that sends what is no JSON object gets a
//! refusal; one that does not read its answers is dropped. Whoever comes when all places are taken gets the place of the
//! user that holds most of them: nobody can keep others away by holding connections.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use crate::credentials::credentials;
use crate::crowd::who_makes_room;
use crate::fault::Fault;
use crate::trusted_folder::{self, own_uid};

pub const CLIENTS_MAX: usize = 16;
pub const LINE_BYTES_MAX: usize = 1 << 16;
pub const LINES_A_POLL_MAX: usize = 256;

/// Who asks: stable for the life of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub number: u64,
    pub pid: u32,
    pub uid: u32,
}

struct Client {
    peer: Peer,
    stream: UnixStream,
    pending: Vec<u8>,
    /// Answers that the socket has not taken yet.
    unsent: Vec<u8>,
    /// It says nothing more; what it has said is answered all the same.
    ended: bool,
    /// When it came or last said something.
    heard: Instant,
}

pub struct LineSocket {
    listener: UnixListener,
    path: PathBuf,
    clients: Vec<Client>,
    next_number: u64,
    polled: Vec<libc::pollfd>,
}

impl LineSocket {
    /// Listens at `path`, readable and writable by `mode` (0o600 or 0o660); replaces what a dead process of ours left.
    ///
    /// # Errors
    /// With a code where the folder is not to be trusted, or another user has the name.
    pub fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        trusted_folder::check(folder_of(path)).map_err(io::Error::other)?;
        let taken = path.symlink_metadata().ok().map(|found| found.uid());
        if let Some(owner) = taken.filter(|owner| *owner != own_uid()) {
            return Err(io::Error::other(strange(path, owner)));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(
                ErrorKind::AddrInUse,
                format!("{} is served by another process", path.display()),
            ));
        }
        if taken.is_some() {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            path: path.into(),
            clients: Vec::new(),
            next_number: 1,
            polled: Vec::new(),
        })
    }

    /// Takes what arrived and answers it; true if anything was done. Never blocks.
    pub fn poll(&mut self, answer: impl FnMut(Peer, &Value) -> Value) -> bool {
        let worked = self.take(answer);
        self.tell();
        worked
    }

    /// Takes what arrived; the answers wait for `tell`, so that what they promise can be written down first.
    pub fn take(&mut self, mut answer: impl FnMut(Peer, &Value) -> Value) -> bool {
        if !self.is_ready() {
            return false;
        }
        let mut worked = self.accept();
        self.clients
            .retain_mut(|client| match client.serve(&mut answer) {
                Ok(done) => {
                    worked |= done;
                    true
                }
                Err(_) => false,
            });
        worked
    }

    /// Sends the answers, as far as they are taken.
    pub fn tell(&mut self) {
        self.clients.retain_mut(|client| {
            let heard = client.write().is_ok();
            let more = !client.unsent.is_empty() || client.pending.contains(&b'\n');
            heard && (more || !client.ended)
        });
    }

    /// What a `poll(2)` of the main loop waits on: the listener and every client.
    pub fn fds(&self) -> impl Iterator<Item = RawFd> {
        let clients = self.clients.iter().map(|client| client.stream.as_raw_fd());
        std::iter::once(self.listener.as_raw_fd()).chain(clients)
    }

    /// Whether anybody has come, spoken, or may still be owed an answer: one cheap question, where accept(2) makes a
    /// whole socket before it finds that nobody is there.
    fn is_ready(&mut self) -> bool {
        let owed = |client: &Client| !client.unsent.is_empty() || client.pending.contains(&b'\n');
        if self.clients.iter().any(owed) {
            return true;
        }
        self.polled.clear();
        let fds = self.clients.iter().map(|client| client.stream.as_raw_fd());
        for fd in std::iter::once(self.listener.as_raw_fd()).chain(fds) {
            self.polled.push(libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            });
        }
        let count = self.polled.len() as libc::nfds_t;
        // SAFETY: the places and their count belong together. An error is for the calls that follow to find.
        unsafe { libc::poll(self.polled.as_mut_ptr(), count, 0) != 0 }
    }

    fn accept(&mut self) -> bool {
        let mut worked = false;
        for _ in 0..CLIENTS_MAX {
            let Ok((stream, _)) = self.listener.accept() else {
                break;
            };
            let Ok((pid, uid)) = credentials(&stream) else {
                continue;
            };
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            let peer = Peer {
                number: self.next_number,
                pid,
                uid,
            };
            self.next_number += 1;
            if self.clients.len() == CLIENTS_MAX {
                let held: Vec<_> = self.clients.iter().map(|c| (c.peer.uid, c.heard)).collect();
                self.clients.remove(who_makes_room(&held));
            }
            self.clients.push(Client {
                peer,
                stream,
                pending: Vec::new(),
                unsent: Vec::new(),
                ended: false,
                heard: Instant::now(),
            });
            worked = true;
        }
        worked
    }
}

impl Drop for LineSocket {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

impl Client {
    fn serve(&mut self, answer: &mut impl FnMut(Peer, &Value) -> Value) -> io::Result<bool> {
        let mut worked = self.read()?;
        for _ in 0..LINES_A_POLL_MAX {
            let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') else {
                break;
            };
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let reply = match serde_json::from_slice::<Value>(&line) {
                Ok(request) if request.is_object() => answer(self.peer, &request),
                Ok(_) => no_object("no JSON object"),
                Err(error) => no_object(&error.to_string()),
            };
            self.unsent.extend_from_slice(reply.to_string().as_bytes());
            self.unsent.push(b'\n');
            worked = true;
        }
        if self.pending.len() > LINE_BYTES_MAX {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "a line without an end",
            ));
        }
        Ok(worked)
    }

    fn read(&mut self) -> io::Result<bool> {
        let mut chunk = [0_u8; 4096];
        let mut worked = false;
        while !self.ended && self.pending.len() <= LINE_BYTES_MAX {
            match self.stream.read(&mut chunk) {
                Ok(0) => self.ended = true,
                Ok(count) => self.pending.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            worked = true;
            self.heard = Instant::now();
        }
        Ok(worked)
    }

    /// Sends what the socket takes. Answers are long (lists of orders), so the bound is on what piles up.
    fn write(&mut self) -> io::Result<()> {
        const UNSENT_MAX: usize = 64 << 20;
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
        }
        let piled_up = self.unsent.len() > UNSENT_MAX;
        if piled_up {
            Err(io::Error::other("answers are not read"))
        } else {
            Ok(())
        }
    }
}

/// A connection to what user `served_by` serves at `path`, and nobody else.
///
/// # Errors
/// Of the system; of kind `Other`, and with a code, where the folder is not to be trusted or another user serves there.
pub fn connect(path: &Path, served_by: u32) -> io::Result<UnixStream> {
    trusted_folder::check(folder_of(path)).map_err(io::Error::other)?;
    let stream = UnixStream::connect(path)?;
    match credentials(&stream)? {
        (_, uid) if uid == served_by => Ok(stream),
        (_, uid) => Err(io::Error::other(strange(path, uid))),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn strange(path: &Path, owner: u32) -> Fault {
    Fault::new(
        "CWS-SOCKET-004",
        format!("the name is user {owner}'s"),
        path.display().to_string(),
        "find out who that is before anything is asked of it, then remove it",
    )
}

fn no_object(what: &str) -> Value {
    Fault::new(
        "CWS-SOCKET-001",
        what,
        "request",
        "send one JSON object a line",
    )
    .to_json()
}

/// The answer of a command that went well.
pub fn ok(mut fields: Value) -> Value {
    fields
        .as_object_mut()
        .expect("an answer is an object")
        .insert("ok".into(), json!(true));
    fields
}
