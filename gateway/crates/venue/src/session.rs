//! One SoupBinTCP connection, as the server sees it. Pure: bytes and times in, bytes out.

use cws_wire::WireError;
use cws_wire::soup::{FrameReader, encode_server, number_text, parse_number};
use cws_wire::soup_bin_tcp::{
    Client, EndOfSession, LoginAccepted, LoginRejected, LoginRequest, SequencedData, Server,
    ServerHeartbeat,
};

use crate::stream::Stream;

/// The longest packet of a client; the reader holds four, so that one read takes many orders.
const PACKET_MAX: usize = cws_wire::soup::MAX_PACKET;
/// Bytes that wait for the socket; the stream keeps the rest.
const OUT_MAX: usize = 1 << 16;
const LOGIN_WITHIN_NS: u64 = 15_000_000_000;

/// Which of the venue's two TCP ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Orders,
    DropCopy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Until then it has to log in, monotonic ns.
    BeforeLogin { until_ns: u64 },
    /// Number of the account.
    LoggedIn(usize),
    /// What is in `out` is still sent, then the connection ends.
    Closing,
}

/// What a client's packet asks of the venue.
#[derive(Debug)]
pub enum Asked {
    Login(LoginRequest),
    Order(Vec<u8>),
    Nothing,
}

#[derive(Debug)]
pub struct Connection {
    pub id: u64,
    pub port: Port,
    pub state: State,
    reader: FrameReader,
    /// Bytes for the socket.
    pub out: Vec<u8>,
    /// Number of the next message to send.
    next: u64,
    /// From this message on nothing is sent: lost on its way, until a new login asks for it.
    lost_from: Option<u64>,
    end_sent: bool,
    last_in_ns: u64,
    last_out_ns: u64,
    /// Second in which `served` messages were taken.
    second: u64,
    served: u64,
}

impl Connection {
    pub fn new(id: u64, port: Port, now_ns: u64) -> Self {
        Self {
            id,
            port,
            state: State::BeforeLogin {
                until_ns: now_ns + LOGIN_WITHIN_NS,
            },
            reader: FrameReader::new(PACKET_MAX),
            out: Vec::new(),
            next: 1,
            lost_from: None,
            end_sent: false,
            last_in_ns: now_ns,
            last_out_ns: now_ns,
            second: 0,
            served: 0,
        }
    }

    /// Where the shell reads to; empty while the client must wait.
    pub fn space(&mut self) -> &mut [u8] {
        self.reader.space()
    }

    pub fn filled(&mut self, count: usize, now_ns: u64) {
        self.reader.filled(count);
        self.last_in_ns = now_ns;
    }

    /// The next packet's meaning; None when none is whole or the throttle holds it back. What is no packet closes.
    pub fn next_asked(&mut self, throttle_per_s: u64, now_ns: u64) -> Option<Asked> {
        if self.state == State::Closing || !self.within_rate(throttle_per_s, now_ns) {
            return None;
        }
        match self.read_packet() {
            Ok(Some(asked)) => {
                self.served += 1;
                Some(asked)
            }
            Ok(None) => None,
            Err(_) => {
                self.state = State::Closing;
                None
            }
        }
    }

    fn within_rate(&mut self, throttle_per_s: u64, now_ns: u64) -> bool {
        let second = now_ns / 1_000_000_000;
        if second != self.second {
            (self.second, self.served) = (second, 0);
        }
        throttle_per_s == 0 || self.served < throttle_per_s
    }

    fn read_packet(&mut self) -> Result<Option<Asked>, WireError> {
        let Some(bytes) = self.reader.next_packet()? else {
            return Ok(None);
        };
        let logged_in = matches!(self.state, State::LoggedIn(_));
        Ok(Some(match Client::decode(bytes)? {
            Client::LoginRequest(login) if !logged_in => Asked::Login(login),
            Client::ClientData(data) if logged_in => Asked::Order(data.payload.to_vec()),
            Client::ClientHeartbeat(_) | Client::ClientDebug(_) => Asked::Nothing,
            Client::LogoutRequest(_) | Client::LoginRequest(_) | Client::ClientData(_) => {
                self.state = State::Closing;
                Asked::Nothing
            }
        }))
    }

    /// Answers a login whose account and session are right; `last` is the stream's last number.
    pub fn accept(
        &mut self,
        account: usize,
        session: [u8; 10],
        wanted: &[u8; 20],
        last: u64,
        now_ns: u64,
    ) {
        // Zero asks for what comes from now on; nobody has more than we sent.
        let next = match parse_number("requested_sequence_number", wanted) {
            Ok(0) => last + 1,
            Ok(wanted) if wanted <= last + 1 => wanted,
            Ok(_) | Err(_) => return self.reject(b'S', now_ns),
        };
        self.next = next;
        self.state = State::LoggedIn(account);
        let answer = LoginAccepted {
            session,
            sequence_number: number_text(next),
        };
        self.write(&Server::LoginAccepted(answer), now_ns);
    }

    pub fn reject(&mut self, reason: u8, now_ns: u64) {
        self.write(&Server::LoginRejected(LoginRejected { reason }), now_ns);
        self.state = State::Closing;
    }

    pub fn account(&self) -> Option<usize> {
        match self.state {
            State::LoggedIn(account) => Some(account),
            State::BeforeLogin { .. } | State::Closing => None,
        }
    }

    /// Everything up to the end of the session was handed to the socket.
    pub fn is_told(&self) -> bool {
        self.account().is_none() || (self.end_sent && self.out.is_empty())
    }

    /// From message `number` on nothing reaches the client.
    pub fn lose_from(&mut self, number: u64) {
        self.lost_from.get_or_insert(number);
    }

    /// Moves the stream's messages towards the socket, as many as have room.
    pub fn fill(&mut self, stream: &Stream, ended: bool, now_ns: u64) {
        if self.account().is_none() {
            return;
        }
        while self.out.len() < OUT_MAX && self.lost_from.is_none_or(|lost| self.next < lost) {
            let Some(payload) = stream.get(self.next) else {
                break;
            };
            self.write(&Server::SequencedData(SequencedData { payload }), now_ns);
            self.next += 1;
        }
        if ended && !self.end_sent && self.next > stream.last() {
            self.write(&Server::EndOfSession(EndOfSession {}), now_ns);
            self.end_sent = true;
        }
    }

    /// Heartbeats, and the end of whoever is silent.
    pub fn tick(&mut self, heartbeat_ns: u64, silence_ns: u64, now_ns: u64) {
        match self.state {
            State::BeforeLogin { until_ns } if now_ns >= until_ns => self.state = State::Closing,
            State::LoggedIn(_) if now_ns.saturating_sub(self.last_in_ns) >= silence_ns => {
                self.state = State::Closing;
            }
            State::LoggedIn(_) if now_ns.saturating_sub(self.last_out_ns) >= heartbeat_ns => {
                self.write(&Server::ServerHeartbeat(ServerHeartbeat {}), now_ns);
            }
            _ => {}
        }
    }

    fn write(&mut self, packet: &Server<'_>, now_ns: u64) {
        // OUCH's longest outbound message has 80 bytes.
        let mut place = [0; 128];
        let length = encode_server(packet, &mut place);
        self.out.extend_from_slice(&place[..length]);
        self.last_out_ns = now_ns;
    }
}
