//! Valid packets of every protocol.

use cws_book::flow::{Flow, FlowConfig};
use cws_book::random::Random;
use cws_wire::capture::{Direction, Interface, LINK_ETHERNET, PcapngWriter, Section};
use cws_wire::mold::PacketBuilder;
use cws_wire::net::{Endpoint, TcpConversation, TcpEnd, UdpFlow};
use cws_wire::{
    Layout, WireError, capture, itch50, jnx_itch16, jnx_ouch111, mold, mold_udp64, net, ouch42,
    soup_bin_tcp,
};

pub const SESSION: [u8; 10] = *b"FUZZ000001";
pub const SYMBOLS: u16 = 50;
pub const LIVE: usize = 800;
/// Bytes that follow the fixed part of a message, at most.
const REST_MAX: u64 = 64;

/// What a case was before it was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Itch50,
    Ouch42,
    JnxItch16,
    JnxOuch111,
    SoupBinTcp,
    MoldUdp64,
    MoldRequest,
    Frame,
    Pcapng,
    Pcap,
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::Itch50,
        Self::Ouch42,
        Self::JnxItch16,
        Self::JnxOuch111,
        Self::SoupBinTcp,
        Self::MoldUdp64,
        Self::MoldRequest,
        Self::Frame,
        Self::Pcapng,
        Self::Pcap,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Itch50 => "itch50",
            Self::Ouch42 => "ouch42",
            Self::JnxItch16 => "jnx_itch16",
            Self::JnxOuch111 => "jnx_ouch111",
            Self::SoupBinTcp => "soup_bin_tcp",
            Self::MoldUdp64 => "mold_udp64",
            Self::MoldRequest => "mold_request",
            Self::Frame => "frame",
            Self::Pcapng => "pcapng",
            Self::Pcap => "pcap",
        }
    }

    pub fn reaches_a_book(self) -> bool {
        matches!(self, Self::Itch50 | Self::MoldUdp64)
    }

    /// What the protocol's own decoder says: the code of its refusal, None where it accepts.
    pub fn refusal(self, bytes: &[u8]) -> Option<&'static str> {
        let decoded = match self {
            Self::Itch50 => itch50::Message::decode(bytes).map(drop),
            Self::Ouch42 => ouch42::Inbound::decode(bytes)
                .map(drop)
                .or(ouch42::Outbound::decode(bytes).map(drop)),
            Self::JnxItch16 => jnx_itch16::Message::decode(bytes).map(drop),
            Self::JnxOuch111 => jnx_ouch111::Inbound::decode(bytes)
                .map(drop)
                .or(jnx_ouch111::Outbound::decode(bytes).map(drop)),
            Self::SoupBinTcp => super::stream::refusal(bytes),
            Self::MoldUdp64 => mold::Packet::decode(bytes).map(drop),
            Self::MoldRequest => mold_udp64::RequestPacket::decode(bytes).map(drop),
            Self::Frame => net::decode_frame(LINK_ETHERNET, bytes).map(drop),
            Self::Pcapng | Self::Pcap => file(bytes),
        };
        decoded.err().map(|error| error.code())
    }
}

fn file(bytes: &[u8]) -> Result<(), WireError> {
    for packet in capture::CaptureReader::new(bytes)? {
        packet?;
    }
    Ok(())
}

fn flow(seed: u64) -> Flow {
    Flow::new(FlowConfig {
        seed,
        symbols: SYMBOLS,
        live: LIVE,
        hostile_one_in: 0,
    })
}

/// The first packet of a session: the market opens.
pub fn opening() -> Vec<u8> {
    let mut builder = PacketBuilder::new(SESSION, 1);
    for message in flow(0).opening() {
        assert!(builder.push(&message), "the states of few symbols fit");
    }
    builder.finish().to_vec()
}

/// A source of valid packets.
pub struct Source {
    flow: Flow,
    message: Vec<u8>,
    builder: PacketBuilder,
}

impl Source {
    pub fn new(seed: u64) -> Self {
        Self {
            flow: flow(seed),
            message: Vec::new(),
            builder: PacketBuilder::new(SESSION, 1),
        }
    }

    /// Writes a valid packet over `out`; `sequence` is what a packet of market data begins at.
    pub fn fill(&mut self, random: &mut Random, kind: Kind, sequence: u64, out: &mut Vec<u8>) {
        out.clear();
        match kind {
            Kind::Itch50 if random.chance(3, 4) => self.flow.next(out),
            Kind::Itch50 => message(random, itch50::LAYOUTS, out),
            Kind::Ouch42 => message(random, ouch42::LAYOUTS, out),
            Kind::JnxItch16 => message(random, jnx_itch16::LAYOUTS, out),
            Kind::JnxOuch111 => message(random, jnx_ouch111::LAYOUTS, out),
            Kind::SoupBinTcp => soup(random, out),
            Kind::MoldUdp64 => out.extend_from_slice(self.mold(random, sequence)),
            Kind::MoldRequest => {
                out.extend_from_slice(&SESSION);
                out.extend_from_slice(&sequence.to_be_bytes());
                out.extend_from_slice(&[0, 5]);
            }
            Kind::Frame => self.frame(random, sequence, out),
            Kind::Pcapng => self.pcapng(random, sequence, out),
            Kind::Pcap => self.pcap(random, sequence, out),
        }
    }

    fn mold(&mut self, random: &mut Random, sequence: u64) -> &[u8] {
        self.builder.reset(sequence);
        for _ in 0..random.below(6) {
            self.flow.next(&mut self.message);
            assert!(self.builder.push(&self.message), "a few messages fit");
        }
        self.builder.finish()
    }

    fn frame(&mut self, random: &mut Random, sequence: u64, out: &mut Vec<u8>) {
        let (source, destination) = (end(1, 5_000), end(2, 6_000));
        if random.chance(1, 2) {
            let payload = self.mold(random, sequence);
            let flow = UdpFlow {
                source,
                destination,
            };
            out.extend_from_slice(&flow.headers(payload));
            out.extend_from_slice(payload);
        } else {
            let mut payload = Vec::new();
            soup(random, &mut payload);
            let mut conversation = TcpConversation::new(source, destination);
            out.extend_from_slice(&conversation.segment(TcpEnd::Client, &payload));
            out.extend_from_slice(&payload);
        }
    }

    fn pcapng(&mut self, random: &mut Random, sequence: u64, out: &mut Vec<u8>) {
        let section = Section {
            application: "cws-fuzz",
            clock_source: "none",
        };
        let interface = Interface {
            name: "feed-a",
            description: "made up",
            link_type: LINK_ETHERNET,
        };
        let writer = PcapngWriter::new(std::mem::take(out), section, &[interface]);
        let mut writer = writer.expect("memory takes it");
        let mut frame = Vec::new();
        for _ in 0..random.below(3) {
            frame.clear();
            self.frame(random, sequence, &mut frame);
            let written = writer.write(0, random.below(1 << 60), Direction::In, &[&frame]);
            written.expect("memory takes it");
        }
        *out = writer.into_inner();
    }

    /// Classic pcap with nanoseconds, of either byte order.
    fn pcap(&mut self, random: &mut Random, sequence: u64, out: &mut Vec<u8>) {
        let big_endian = random.chance(1, 2);
        let word = |number: u32| match big_endian {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        };
        let version: [u8; 4] = if big_endian {
            [0, 2, 0, 4]
        } else {
            [2, 0, 4, 0]
        };
        out.extend_from_slice(&word(0xA1B2_3C4D));
        out.extend_from_slice(&version);
        for number in [0, 0, 65_535, u32::from(LINK_ETHERNET)] {
            out.extend_from_slice(&word(number));
        }
        let mut frame = Vec::new();
        for second in 0..random.below(3) as u32 {
            frame.clear();
            self.frame(random, sequence, &mut frame);
            let length = frame.len() as u32;
            for number in [second, 999_999_999, length, length] {
                out.extend_from_slice(&word(number));
            }
            out.extend_from_slice(&frame);
        }
    }
}

fn end(last: u8, port: u16) -> Endpoint {
    let address = [10, 0, 0, last];
    Endpoint { address, port }
}

/// Random bytes behind the type of one of the messages.
fn message(random: &mut Random, layouts: &[Layout], out: &mut Vec<u8>) {
    let typed: Vec<&Layout> = layouts.iter().filter(|l| l.type_byte.is_some()).collect();
    let layout = typed[random.below(typed.len() as u64) as usize];
    let rest = if layout.has_rest {
        random.below(REST_MAX)
    } else {
        0
    };
    out.extend(layout.type_byte);
    let more = layout.length - 1 + rest as usize;
    out.extend((0..more).map(|_| random.next_u64() as u8));
}

/// A stream of packets, some with an order in them.
fn soup(random: &mut Random, out: &mut Vec<u8>) {
    let mut packet = Vec::new();
    for _ in 0..1 + random.below(4) {
        packet.clear();
        if random.chance(1, 2) {
            packet.push(b"US"[random.below(2) as usize]);
            message(random, ouch42::LAYOUTS, &mut packet);
        } else {
            message(random, soup_bin_tcp::LAYOUTS, &mut packet);
        }
        out.extend_from_slice(&(packet.len() as u16).to_be_bytes());
        out.extend_from_slice(&packet);
    }
}
