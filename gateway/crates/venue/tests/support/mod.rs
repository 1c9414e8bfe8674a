//! A client of the pure core: what a TCP client and two multicast receivers would see, without sockets.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use cws_venue::{Config, Now, Port, Venue};
use cws_wire::Price4;
use cws_wire::mold::Packet;
use cws_wire::ouch42::{CancelOrder, EnterOrder, Outbound, ReplaceOrder};
use cws_wire::soup::{FrameReader, encode_client, number_text};
use cws_wire::soup_bin_tcp::{Client, ClientData, LoginRequest, Server};
use serde_json::{Value, json};

pub const START_NS: u64 = 1_767_623_400_000_000_000;

pub fn config(change: impl FnOnce(&mut Config)) -> Config {
    let text = include_str!("../../../../config/venue.toml");
    let mut config: Config = toml::from_str(text).expect("the example is good");
    config.mode = cws_venue::Mode::Lockstep;
    config.sessions.push(cws_venue::Account {
        user: "RISK02".into(),
        password: "other".into(),
        firm: "CWS2".into(),
    });
    change(&mut config);
    config
}

pub fn at(ms: u64) -> Now {
    Now {
        monotonic_ns: 1_000_000_000_000 + ms * 1_000_000,
        utc_ns: START_NS + ms * 1_000_000,
    }
}

pub fn open(config: Config) -> Venue {
    let mut venue = Venue::new(config, START_NS, Vec::new()).expect("a good configuration");
    venue.start(Vec::new(), at(0));
    venue
}

pub fn command(venue: &mut Venue, request: Value) -> Value {
    let answer = venue.command(&request, at(0));
    assert_eq!(answer["ok"], json!(true), "{answer}");
    answer
}

pub fn token(text: &str) -> [u8; 14] {
    let mut token = [b' '; 14];
    token[..text.len()].copy_from_slice(text.as_bytes());
    token
}

/// A day order of AAPL, 100 shares lots; price in cents.
pub fn enter(name: &str, side: u8, shares: u32, cents: u32) -> EnterOrder {
    EnterOrder {
        order_token: token(name),
        side,
        shares,
        stock: *b"AAPL    ",
        price: Price4(cents * 100),
        time_in_force: 99_998,
        firm: *b"CWS1",
        display: b'Y',
        capacity: b'P',
        intermarket_sweep_eligibility: b'N',
        minimum_quantity: 0,
        cross_type: b'N',
        customer_type: b'R',
    }
}

pub fn replace(old: &str, new: &str, shares: u32, cents: u32) -> ReplaceOrder {
    ReplaceOrder {
        existing_order_token: token(old),
        replacement_order_token: token(new),
        shares,
        price: Price4(cents * 100),
        time_in_force: 99_998,
        display: b'Y',
        intermarket_sweep_eligibility: b'N',
        minimum_quantity: 0,
    }
}

pub fn cancel(name: &str, shares: u32) -> CancelOrder {
    CancelOrder {
        order_token: token(name),
        shares,
    }
}

pub struct Line {
    pub id: u64,
    reader: FrameReader,
    /// Every byte that the venue sent.
    pub bytes: Vec<u8>,
    /// Sequenced messages, as they came.
    pub messages: Vec<Vec<u8>>,
    /// Type bytes of all SoupBinTCP packets.
    pub packets: Vec<u8>,
    pub closed: bool,
}

impl Line {
    pub fn connect(venue: &mut Venue, port: Port, now: Now) -> Self {
        let id = venue.connect(port, now.monotonic_ns).expect("room");
        Self {
            id,
            reader: FrameReader::new(4096),
            bytes: Vec::new(),
            messages: Vec::new(),
            packets: Vec::new(),
            closed: false,
        }
    }

    /// Logged in from message `sequence` on.
    pub fn login(
        venue: &mut Venue,
        port: Port,
        (user, password): (&str, &str),
        sequence: u64,
    ) -> Self {
        let mut line = Self::connect(venue, port, at(0));
        line.say_login(venue, (user, password, ""), sequence, at(0));
        line
    }

    pub fn say_login(
        &mut self,
        venue: &mut Venue,
        (user, password, session): (&str, &str, &str),
        sequence: u64,
        now: Now,
    ) {
        fn pad<const N: usize>(text: &str) -> [u8; N] {
            let mut place = [b' '; N];
            place[..text.len()].copy_from_slice(text.as_bytes());
            place
        }
        let login = LoginRequest {
            username: pad(user),
            password: pad(password),
            requested_session: pad(session),
            requested_sequence_number: number_text(sequence),
        };
        self.say(venue, &Client::LoginRequest(login), now);
    }

    pub fn say(&mut self, venue: &mut Venue, packet: &Client<'_>, now: Now) {
        let mut place = [0; 512];
        let length = encode_client(packet, &mut place);
        self.send(venue, &place[..length], now);
    }

    pub fn order(&mut self, venue: &mut Venue, message: &[u8], now: Now) {
        self.say(
            venue,
            &Client::ClientData(ClientData { payload: message }),
            now,
        );
    }

    pub fn send(&mut self, venue: &mut Venue, mut bytes: &[u8], now: Now) {
        while !bytes.is_empty() {
            let space = venue.space(self.id);
            let count = space.len().min(bytes.len());
            if count == 0 {
                break;
            }
            space[..count].copy_from_slice(&bytes[..count]);
            venue.filled(self.id, count, now);
            bytes = &bytes[count..];
        }
        self.read(venue);
    }

    /// Takes what the venue has for this line, as the shell would.
    pub fn read(&mut self, venue: &mut Venue) {
        let Some(out) = venue.outgoing(self.id) else {
            self.closed = true;
            return;
        };
        let taken = std::mem::take(out);
        self.closed = venue.is_closing(self.id);
        if self.closed {
            venue.disconnect(self.id);
        }
        self.bytes.extend_from_slice(&taken);
        let mut rest = taken.as_slice();
        while !rest.is_empty() {
            let count = self.reader.push(rest);
            rest = &rest[count..];
            while let Some(packet) = self.reader.next_packet().expect("well framed") {
                self.packets.push(packet[0]);
                if let Server::SequencedData(data) = Server::decode(packet).expect("a packet") {
                    self.messages.push(data.payload.to_vec());
                }
            }
        }
    }

    pub fn outbound(&self) -> Vec<Outbound> {
        let messages = self.messages.iter();
        messages
            .map(|bytes| Outbound::decode(bytes).expect("OUCH"))
            .collect()
    }

    /// Type letters of the sequenced messages.
    pub fn letters(&self) -> String {
        self.messages
            .iter()
            .map(|message| message[0] as char)
            .collect()
    }
}

/// Both feeds put together, with requests for what is missing.
#[derive(Default)]
pub struct Receiver {
    /// By sequence number.
    pub messages: BTreeMap<u64, Vec<u8>>,
    pub datagrams: Vec<cws_venue::Datagram>,
    pub ended: bool,
    highest: u64,
}

impl Receiver {
    pub fn read(&mut self, venue: &mut Venue) {
        for datagram in std::mem::take(&mut venue.feeds.out) {
            self.take(&datagram.bytes);
            self.datagrams.push(datagram);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let Ok(packet) = Packet::decode(bytes) else {
            return;
        };
        let first = packet.header.sequence_number;
        if packet.header.session != *b"CWS0000001" || first > 1 << 32 {
            return;
        }
        self.ended |= packet.is_end_of_session();
        let count = packet.messages().count() as u64;
        self.highest = self.highest.max(first + count - 1);
        for (number, message) in (first..).zip(packet.messages()) {
            self.messages
                .entry(number)
                .or_insert_with(|| message.to_vec());
        }
    }

    /// Asks until nothing that was published is missing.
    pub fn recover(&mut self, venue: &mut Venue, now: Now) {
        let status = command(venue, json!({"cmd": "status"}));
        self.highest = status["published"].as_u64().expect("a number");
        while let Some(missing) = (1..=self.highest).find(|n| !self.messages.contains_key(n)) {
            let request = cws_wire::mold_udp64::Header {
                session: *b"CWS0000001",
                sequence_number: missing,
                message_count: 50,
            };
            let answer = venue
                .retransmission(&request.to_bytes(), now)
                .expect("published");
            let answer = answer.to_vec();
            self.take(&answer);
        }
    }

    pub fn sequence(&self) -> Vec<&Vec<u8>> {
        assert_eq!(self.messages.len() as u64, self.highest, "no gap");
        self.messages.values().collect()
    }
}
