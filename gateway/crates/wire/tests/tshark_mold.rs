//! Wireshark reads our MoldUDP64: nothing malformed, every block where it is. Without tshark there is nothing to do.

mod support;
#[path = "support/tshark.rs"]
mod wireshark;

use cws_layouts::load;
use cws_wire::capture::Direction;
use cws_wire::mold::PacketBuilder;
use cws_wire::mold_udp64::RequestPacket;
use cws_wire::net::{Endpoint, UdpFlow};
use support::sample;
use wireshark::{START_NS, assert_sound, tshark, writer};

const FEED: Endpoint = Endpoint {
    address: [10, 0, 0, 1],
    port: 30_001,
};
const GROUP: Endpoint = Endpoint {
    address: [239, 192, 0, 1],
    port: 26_400,
};

#[test]
fn moldudp64_with_every_message_of_itch() {
    let flow = UdpFlow {
        source: FEED,
        destination: GROUP,
    };
    let mut builder = PacketBuilder::new(*b"CWS0000001", 1);
    let mut packets = Vec::new();
    for (index, message) in load("itch50").messages.iter().enumerate() {
        builder.reset(2 * index as u64 + 1);
        for seed in [0, 40] {
            assert!(builder.push(&sample(message, seed)));
        }
        packets.push((
            builder.finish().to_vec(),
            2 * index + 1,
            vec![message.length; 2],
        ));
    }
    let next = 2 * packets.len() + 1;
    builder.reset(next as u64);
    packets.push((builder.finish().to_vec(), next, vec![]));
    packets.push((
        PacketBuilder::end_of_session(*b"CWS0000001", next as u64).to_vec(),
        next,
        vec![],
    ));
    let request = RequestPacket {
        session: *b"CWS0000001",
        sequence_number: 3,
        requested_message_count: 2,
    };
    packets.push((request.to_bytes().to_vec(), 3, vec![]));
    let mut writer = writer();
    for (index, (payload, ..)) in packets.iter().enumerate() {
        let headers = flow.headers(payload);
        writer
            .write(
                0,
                START_NS + index as u64,
                Direction::Out,
                &[&headers, payload],
            )
            .expect("memory");
    }
    let fields = [
        "_ws.malformed",
        "_ws.expert.severity",
        "ip.checksum.status",
        "udp.checksum.status",
        "frame.interface_name",
        "frame.time_epoch",
        "moldudp64.session",
        "moldudp64.sequence",
        "moldudp64.msglen",
    ];
    let Some(rows) = tshark("mold.pcapng", writer, "udp.port==26400,moldudp64", &fields) else {
        return;
    };
    assert_eq!(rows.len(), packets.len());
    for (index, (row, (_, sequence, lengths))) in rows.iter().zip(&packets).enumerate() {
        let lengths: Vec<_> = lengths.iter().map(usize::to_string).collect();
        let time = format!("1700000000.{}", 123_456_789 + index);
        let sequence = sequence.to_string();
        let lengths = lengths.join(";");
        let expected = ["1", "1", "cws0", &time, "CWS0000001", &sequence, &lengths];
        assert_sound(row);
        assert_eq!(row[2..], expected);
    }
}
