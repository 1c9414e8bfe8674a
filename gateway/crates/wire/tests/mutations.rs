//! Sound packets, then damaged ones: no decoder panics, and what is accepted encodes to the same bytes.

mod support;

use cws_layouts::load;
use cws_wire::capture::{Direction, Interface, LINK_ETHERNET, PcapngWriter, Section};
use cws_wire::fuzz_one;
use cws_wire::mold::PacketBuilder;
use cws_wire::net::{Endpoint, TcpConversation, TcpEnd, UdpFlow};
use cws_wire::soup::{encode_client, encode_server};
use cws_wire::soup_bin_tcp::{Client, ClientData, SequencedData, Server};
use support::{noise, sample};

const CLIENT: Endpoint = Endpoint {
    address: [10, 0, 0, 2],
    port: 40_001,
};
const VENUE: Endpoint = Endpoint {
    address: [10, 0, 0, 1],
    port: 7_001,
};

fn mold_packet() -> Vec<u8> {
    let mut builder = PacketBuilder::new(*b"CWS0000001", 1);
    for message in &load("itch50").messages {
        assert!(builder.push(&sample(message, 40)));
    }
    builder.finish().to_vec()
}

/// Both directions, one behind the other, as no session has them: each packet is looked at by itself.
fn order_stream() -> Vec<u8> {
    let mut stream = Vec::new();
    for message in &load("ouch42").messages {
        let payload = &sample(message, 40)[..];
        let mut place = [0; 128];
        let length = match message.family.as_deref() {
            Some("Inbound") => {
                encode_client(&Client::ClientData(ClientData { payload }), &mut place)
            }
            _ => encode_server(
                &Server::SequencedData(SequencedData { payload }),
                &mut place,
            ),
        };
        stream.extend_from_slice(&place[..length]);
    }
    stream
}

/// A message, a packet, a stream, a captured packet of each kind, a file of both.
fn seeds() -> Vec<Vec<u8>> {
    let (mold, stream) = (mold_packet(), order_stream());
    let udp = UdpFlow {
        source: VENUE,
        destination: CLIENT,
    }
    .headers(&mold);
    let tcp = TcpConversation::new(CLIENT, VENUE).segment(TcpEnd::Client, &stream);
    let section = Section {
        application: "test",
        clock_source: "none",
    };
    let interface = Interface {
        name: "i",
        description: "d",
        link_type: LINK_ETHERNET,
    };
    let mut file = PcapngWriter::new(Vec::new(), section, &[interface]).expect("memory");
    file.write(0, 1, Direction::In, &[&udp, &mold])
        .expect("memory");
    file.write(0, 2, Direction::Out, &[&tcp, &stream])
        .expect("memory");
    let file = file.into_inner();
    let (udp, tcp) = ([&udp[..], &mold].concat(), [&tcp[..], &stream].concat());
    vec![
        sample(&load("itch50").messages[0], 40),
        mold,
        stream,
        udp,
        tcp,
        file,
    ]
}

#[test]
fn sound_packets_reach_the_innermost_decoder() {
    let accepted: Vec<_> = seeds().iter().map(|seed| fuzz_one(seed)).collect();
    // 23 messages of ITCH behind a packet; 18 of OUCH, each behind its frame; a header; both of them in a file. A system
    // event is sequenced data too, and the 02:00 of a MAC address is a length of 512 to a stream.
    assert_eq!(accepted, [1 + 1, 24, 36, 25 + 1, 37 + 1, 62 + 2]);
}

#[test]
fn damaged_packets_never_panic() {
    let seeds = seeds();
    let mut accepted = 0;
    for (round, random) in noise(7, 20_000 * 8).chunks_exact(8).enumerate() {
        let mut bytes = seeds[round % seeds.len()].clone();
        let place = usize::from(u16::from_be_bytes([random[0], random[1]])) % bytes.len();
        match random[2] % 4 {
            0 => bytes[place] ^= 1 << (random[3] % 8),
            1 => bytes[place] = random[3],
            2 => bytes.truncate(place),
            _ => bytes.insert(place, random[3]),
        }
        accepted += fuzz_one(&bytes);
    }
    assert!(accepted > 20_000, "{accepted}");
}
