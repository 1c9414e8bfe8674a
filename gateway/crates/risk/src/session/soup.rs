//! A SoupBinTCP 3.00 client as a state machine: bytes and times in, bytes and events out.

use cws_wire::soup::{FrameReader, MAX_PACKET, encode_client, number_text, parse_number};
use cws_wire::soup_bin_tcp::{Client, ClientHeartbeat, LoginRequest, LogoutRequest, Server};
use cws_wire::{padded, trimmed};

/// The specification: a heartbeat after a second without another packet.
const HEARTBEAT_NS: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoupState {
    Disconnected,
    LoggingIn,
    LoggedIn,
    /// The venue ended the session: there is nothing to come back to.
    Ended,
}

/// No message of OUCH 4.2 is longer than 80 bytes; of a longer one the start is kept, and its decoder refuses it.
const PAYLOAD_MAX: usize = 128;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    bytes: [u8; PAYLOAD_MAX],
    len: usize,
}

impl Payload {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn of(payload: &[u8]) -> Self {
        let len = payload.len().min(PAYLOAD_MAX);
        let mut bytes = [0; PAYLOAD_MAX];
        bytes[..len].copy_from_slice(&payload[..len]);
        Self { bytes, len }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoupEvent {
    LoggedIn {
        /// The venue opened another session than the one we were in: its messages are numbered from 1 again.
        new_session: bool,
    },
    /// The next sequenced message; `seq` is its number.
    Message {
        seq: u64,
        payload: Payload,
    },
    /// The venue has had nothing to say for a second: every replay is over.
    Idle,
    /// The connection is of no use any more.
    Broken {
        why: String,
    },
    Ended,
}

#[derive(Debug)]
pub struct Soup {
    user: [u8; 6],
    password: [u8; 10],
    session: [u8; 10],
    /// Number of the next sequenced message.
    next_seq: u64,
    state: SoupState,
    reader: FrameReader,
    sent_ns: u64,
    heard_ns: u64,
    silence_ns: u64,
    /// Our session is over: ask for the one that is open now, from its start.
    over: bool,
}

impl Soup {
    /// `session` and `next_seq` as the journal has them; an empty name and 1 for a start. None where user or password
    /// are too long or not printable.
    pub fn new(
        user: &str,
        password: &str,
        session: &str,
        next_seq: u64,
        silence_ns: u64,
    ) -> Option<Self> {
        Some(Self {
            user: padded(user)?,
            password: padded(password)?,
            session: padded(session)?,
            next_seq,
            state: SoupState::Disconnected,
            reader: FrameReader::new(MAX_PACKET),
            sent_ns: 0,
            heard_ns: 0,
            silence_ns,
            over: false,
        })
    }

    pub fn state(&self) -> SoupState {
        self.state
    }

    pub fn session(&self) -> String {
        String::from_utf8_lossy(trimmed(&self.session)).into_owned()
    }

    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The connection stands: asks for everything that we have not seen.
    pub fn connected(&mut self, mono_ns: u64, out: &mut Vec<u8>) {
        self.reader = FrameReader::new(MAX_PACKET);
        self.state = SoupState::LoggingIn;
        self.heard_ns = mono_ns;
        let (session, seq) = match self.over {
            true => ([b' '; 10], 1),
            false => (self.session, self.next_seq),
        };
        let login = LoginRequest {
            username: self.user,
            password: self.password,
            requested_session: session,
            requested_sequence_number: number_text(seq),
        };
        self.say(&Client::LoginRequest(login), mono_ns, out);
    }

    pub fn disconnected(&mut self) {
        if self.state != SoupState::Ended {
            self.state = SoupState::Disconnected;
        }
    }

    /// Bytes of ours left: the heartbeat can wait.
    pub fn sent(&mut self, mono_ns: u64) {
        self.sent_ns = mono_ns;
    }

    pub fn logout(&mut self, mono_ns: u64, out: &mut Vec<u8>) {
        self.say(&Client::LogoutRequest(LogoutRequest {}), mono_ns, out);
    }

    /// Heartbeats; and `Broken` where the venue has been silent for too long.
    pub fn tick(&mut self, mono_ns: u64, out: &mut Vec<u8>) -> Option<SoupEvent> {
        if !matches!(self.state, SoupState::LoggingIn | SoupState::LoggedIn) {
            return None;
        }
        if mono_ns.saturating_sub(self.heard_ns) > self.silence_ns {
            self.state = SoupState::Disconnected;
            return Some(SoupEvent::Broken {
                why: "the venue is silent".into(),
            });
        }
        if mono_ns.saturating_sub(self.sent_ns) >= HEARTBEAT_NS {
            self.say(&Client::ClientHeartbeat(ClientHeartbeat {}), mono_ns, out);
        }
        None
    }

    /// Where to read the socket into; say how much it was by [`Soup::filled`].
    pub fn space(&mut self) -> &mut [u8] {
        self.reader.space()
    }

    pub fn filled(&mut self, count: usize, mono_ns: u64) {
        self.reader.filled(count);
        if count > 0 {
            self.heard_ns = mono_ns;
        }
    }

    /// The next thing that the bytes so far say.
    pub fn next_event(&mut self) -> Option<SoupEvent> {
        loop {
            let packet = match self.reader.next_packet() {
                Ok(None) => return None,
                Ok(Some(packet)) => Server::decode(packet),
                Err(error) => Err(error),
            };
            return Some(match packet {
                Ok(Server::LoginAccepted(accepted)) => {
                    let seq = parse_number("sequence number", &accepted.sequence_number);
                    let session = accepted.session;
                    match seq {
                        Ok(seq) => self.logged_in(session, seq),
                        Err(error) => self.broken(error.to_string()),
                    }
                }
                Ok(Server::LoginRejected(rejected)) => self.rejected(rejected.reason),
                Ok(Server::SequencedData(_)) if self.state != SoupState::LoggedIn => {
                    self.broken("data before the login".into())
                }
                Ok(Server::SequencedData(data)) => {
                    let payload = Payload::of(data.payload);
                    let seq = self.next_seq;
                    self.next_seq += 1;
                    SoupEvent::Message { seq, payload }
                }
                Ok(Server::ServerHeartbeat(_)) if self.state == SoupState::LoggedIn => {
                    SoupEvent::Idle
                }
                Ok(Server::EndOfSession(_)) => {
                    self.state = SoupState::Ended;
                    SoupEvent::Ended
                }
                Ok(_) => continue,
                Err(error) => self.broken(error.to_string()),
            });
        }
    }

    fn logged_in(&mut self, session: [u8; 10], seq: u64) -> SoupEvent {
        let was_in_one = !trimmed(&self.session).is_empty();
        let new_session = was_in_one && self.session != session;
        self.over = false;
        if new_session {
            self.next_seq = 1;
        }
        if seq != self.next_seq {
            let asked = self.next_seq;
            return self.broken(format!(
                "asked for message {asked}, the venue goes on with {seq}: messages are lost, or it is another stream"
            ));
        }
        self.session = session;
        self.state = SoupState::LoggedIn;
        SoupEvent::LoggedIn { new_session }
    }

    /// `S`: the session that we were in is over; the next login asks for the one that is open now, from its start.
    fn rejected(&mut self, reason: u8) -> SoupEvent {
        let session = self.session();
        if reason == b'S' {
            self.over = true;
        }
        self.broken(format!(
            "login to session {session:?} rejected: {}",
            reason.escape_ascii()
        ))
    }

    fn broken(&mut self, why: String) -> SoupEvent {
        self.state = SoupState::Disconnected;
        SoupEvent::Broken { why }
    }

    fn say(&mut self, packet: &Client<'_>, mono_ns: u64, out: &mut Vec<u8>) {
        let mut bytes = [0; 64];
        let len = encode_client(packet, &mut bytes);
        out.extend_from_slice(&bytes[..len]);
        self.sent_ns = mono_ns;
    }
}
