//! One TCP connection with a SoupBinTCP client on it, never waiting for the other side.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use cws_risk::Now;
use cws_risk::effects::Outgoing;
use cws_risk::session::{About, SendQueue, Soup, SoupEvent, SoupState};
use cws_wire::net::{TcpConversation, TcpEnd};

use super::capture::{Capture, endpoint};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(50);
const RETRY_NS: u64 = 200_000_000;
/// Bytes that the venue has not taken; beyond it the connection is of no use.
const UNSENT_MAX: usize = 1 << 20;

pub struct Connection {
    address: SocketAddrV4,
    interface: u32,
    pub soup: Soup,
    stream: Option<TcpStream>,
    talk: Option<TcpConversation>,
    unsent: SendQueue,
    retry_ns: u64,
    /// An order or cancel went out and nothing has come back since.
    answer_due: bool,
}

/// What a capture or a socket could not do.
pub enum Trouble {
    Capture(io::Error),
    Line(String),
}

impl Connection {
    pub fn new(address: SocketAddrV4, interface: u32, soup: Soup) -> Self {
        Self {
            address,
            interface,
            soup,
            stream: None,
            talk: None,
            unsent: SendQueue::default(),
            retry_ns: 0,
            answer_due: false,
        }
    }

    pub fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Connects and asks to log in, if it is time to; a refused connection is tried again later.
    pub fn open(&mut self, capture: &mut Capture, now: Now) -> Result<(), Trouble> {
        if self.stream.is_some()
            || now.mono_ns < self.retry_ns
            || self.soup.state() == SoupState::Ended
        {
            return Ok(());
        }
        self.retry_ns = now.mono_ns + RETRY_NS;
        let Ok(stream) = TcpStream::connect_timeout(&SocketAddr::V4(self.address), CONNECT_TIMEOUT)
        else {
            return Ok(());
        };
        let ready = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_nonblocking(true))
            .and_then(|()| keep_unsent_here(&stream));
        let (Ok(()), Ok(SocketAddr::V4(local))) = (ready, stream.local_addr()) else {
            return Ok(());
        };
        let mut talk = TcpConversation::new(endpoint(local), endpoint(self.address));
        capture
            .opened(self.interface, &mut talk, now.utc_ns)
            .map_err(Trouble::Capture)?;
        (self.stream, self.talk) = (Some(stream), Some(talk));
        self.unsent.clear();
        let mut login = Vec::new();
        self.soup.connected(now.mono_ns, &mut login);
        self.say(&login, capture, now)
    }

    pub fn close(&mut self) {
        self.stream = None;
        self.talk = None;
        self.unsent.clear();
        self.answer_due = false;
        self.soup.disconnected();
    }

    /// Puts a frame behind what is unsent.
    pub fn queue(&mut self, outgoing: &Outgoing) {
        let Outgoing {
            order_id, cancels, ..
        } = *outgoing;
        self.answer_due = true;
        self.unsent
            .push(outgoing.frame.bytes(), About { order_id, cancels });
    }

    /// The venue owes an answer, or the socket room: every look may find something.
    pub fn expects(&self) -> bool {
        self.answer_due || !self.unsent.is_empty()
    }

    /// Takes back queued orders of which no byte has left.
    pub fn withdraw(&mut self, unwanted: impl Fn(u64) -> bool) -> Vec<u64> {
        self.unsent.withdraw(unwanted)
    }

    pub fn unsent_bytes(&self) -> usize {
        self.unsent.bytes().len()
    }

    fn say(&mut self, bytes: &[u8], capture: &mut Capture, now: Now) -> Result<(), Trouble> {
        self.unsent.push(bytes, About::default());
        self.send(capture, now)
    }

    /// Sends what the socket takes of what is queued, and captures that; the rest follows.
    pub fn send(&mut self, capture: &mut Capture, now: Now) -> Result<(), Trouble> {
        let (Some(stream), Some(talk)) = (self.stream.as_mut(), self.talk.as_mut()) else {
            return Err(Trouble::Line("not connected".into()));
        };
        self.soup.sent(now.mono_ns);
        let mut captured = Ok(());
        while !self.unsent.is_empty() {
            let bytes = self.unsent.bytes();
            match stream.write(bytes) {
                Ok(0) => return Err(Trouble::Line("the venue takes nothing".into())),
                Ok(count) => {
                    let (to, sent) = (self.interface, &bytes[..count]);
                    captured = captured
                        .and_then(|()| capture.segment(to, talk, TcpEnd::Client, sent, now.utc_ns));
                    self.unsent.took(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Trouble::Line(error.to_string())),
            }
        }
        captured
            .and_then(|()| capture.flush())
            .map_err(Trouble::Capture)?;
        if self.unsent.bytes().len() > UNSENT_MAX {
            return Err(Trouble::Line("the venue does not read".into()));
        }
        Ok(())
    }

    /// Heartbeats, the rest of what is unsent, and what arrived; true if anything did. Events go to `act`.
    pub fn poll(
        &mut self,
        capture: &mut Capture,
        now: Now,
        mut act: impl FnMut(SoupEvent, &Soup),
    ) -> Result<bool, Trouble> {
        let Some(stream) = self.stream.as_mut() else {
            return Ok(false);
        };
        let count = match stream.read(self.soup.space()) {
            Ok(0) => return Err(Trouble::Line("the venue closed the connection".into())),
            Ok(count) => count,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                0
            }
            Err(error) => return Err(Trouble::Line(error.to_string())),
        };
        if count > 0 {
            self.answer_due = false;
            self.received(count, capture, now)?;
            while let Some(event) = self.soup.next_event() {
                let over = matches!(event, SoupEvent::Broken { .. } | SoupEvent::Ended);
                act(event, &self.soup);
                if over {
                    return Err(Trouble::Line("session over".into()));
                }
            }
        }
        if !self.unsent.is_empty() {
            self.send(capture, now)?;
        }
        Ok(count > 0)
    }

    fn received(&mut self, count: usize, capture: &mut Capture, now: Now) -> Result<(), Trouble> {
        let captured = match self.talk.as_mut() {
            Some(talk) => {
                let bytes = &self.soup.space()[..count];
                capture.segment(self.interface, talk, TcpEnd::Server, bytes, now.utc_ns)
            }
            None => Ok(()),
        };
        self.soup.filled(count, now.mono_ns);
        captured.map_err(Trouble::Capture)
    }

    /// Whatever is due by the clock.
    pub fn tick(&mut self, capture: &mut Capture, now: Now) -> Result<(), Trouble> {
        if self.stream.is_none() {
            return Ok(());
        }
        let mut out = Vec::new();
        if let Some(SoupEvent::Broken { why }) = self.soup.tick(now.mono_ns, &mut out) {
            return Err(Trouble::Line(why));
        }
        if out.is_empty() {
            return Ok(());
        }
        self.say(&out, capture, now)
    }

    /// Says goodbye; the rest is the venue's.
    pub fn logout(&mut self, capture: &mut Capture, now: Now) {
        let mut out = Vec::new();
        self.soup.logout(now.mono_ns, &mut out);
        self.say(&out, capture, now).ok();
    }
}

/// The kernel takes bytes only while those before them have left: what it holds, nobody can take back.
fn keep_unsent_here(stream: &TcpStream) -> io::Result<()> {
    let most: libc::c_int = 1;
    // SAFETY: the place and its length belong together.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            (&raw const most).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
