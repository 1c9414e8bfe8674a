//! Capture files to payloads, MoldUDP64 packets to messages.

use cws_wire::WireError;
use cws_wire::capture::{CaptureReader, Captured};
use cws_wire::mold::Packet;
use cws_wire::net::{Endpoint, Transport, decode_frame};

use crate::error::Refusal;

/// What [`pcap_payloads`] gives for one payload; packed without holes, little-endian. Addresses are IPv4 as numbers.
pub static PAYLOAD_FIELDS: [(&str, &str); 9] = [
    ("ts_event", "<i8"),
    ("packet", "<u8"),
    ("offset", "<u8"),
    ("length", "<u4"),
    ("source", "<u4"),
    ("destination", "<u4"),
    ("source_port", "<u2"),
    ("destination_port", "<u2"),
    ("protocol", "u1"),
];
const TCP: u8 = 6;
const UDP: u8 = 17;

/// The payloads of UDP and TCP, one behind the other, and a record of each. Packets of anything else are passed over.
///
/// # Errors
/// A file that is no capture or is cut off, headers that are cut off, a time that int64 cannot say.
pub fn pcap_payloads(file: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    let (mut payloads, mut records) = (Vec::new(), Vec::new());
    let at = |packet: u64| {
        move |error: WireError| Refusal::Wire {
            place: "packet",
            at: packet,
            error,
        }
    };
    for (packet, captured) in (0..).zip(CaptureReader::new(file).map_err(at(0))?) {
        let captured = captured.map_err(at(packet))?;
        let transport = decode_frame(captured.link_type, captured.bytes).map_err(at(packet))?;
        if let Some((protocol, ends, payload)) = payload_of(transport) {
            let offset = payloads.len() as u64;
            record(
                &mut records,
                &captured,
                packet,
                protocol,
                ends,
                offset,
                payload.len(),
            )?;
            payloads.extend_from_slice(payload);
        }
    }
    Ok((payloads, records))
}

fn payload_of(transport: Transport<'_>) -> Option<(u8, [Endpoint; 2], &[u8])> {
    match transport {
        Transport::Udp(udp) => Some((UDP, [udp.source, udp.destination], udp.payload)),
        Transport::Tcp(tcp) => Some((TCP, [tcp.source, tcp.destination], tcp.payload)),
        Transport::Other => None,
    }
}

fn record(
    out: &mut Vec<u8>,
    captured: &Captured<'_>,
    packet: u64,
    protocol: u8,
    [source, destination]: [Endpoint; 2],
    offset: u64,
    length: usize,
) -> Result<(), Refusal> {
    let ts = i64::try_from(captured.ts_ns).map_err(|_| Refusal::Time { packet })?;
    let length = u32::try_from(length).expect("a packet is shorter than its limit");
    out.extend_from_slice(&ts.to_le_bytes());
    out.extend_from_slice(&packet.to_le_bytes());
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    for end in [source, destination] {
        out.extend_from_slice(&u32::from_be_bytes(end.address).to_le_bytes());
    }
    for end in [source, destination] {
        out.extend_from_slice(&end.port.to_le_bytes());
    }
    out.push(protocol);
    Ok(())
}

/// What [`mold_udp64_messages`] gives for one packet; packed without holes, little-endian.
pub static PACKET_FIELDS: [(&str, &str); 3] = [
    ("session", "S10"),
    ("sequence_number", "<u8"),
    ("message_count", "<u2"),
];

/// The messages of all packets, each behind its length, and a record of each packet.
///
/// # Errors
/// A packet that its blocks do not tile; its number stands in the error.
pub fn mold_udp64_messages(packets: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    let (mut blocks, mut records) = (Vec::new(), Vec::new());
    for (number, bytes) in packets.iter().enumerate() {
        let packet = Packet::decode(bytes).map_err(|error| Refusal::Wire {
            place: "packet",
            at: number as u64,
            error,
        })?;
        for message in packet.messages() {
            let length = u16::try_from(message.len()).expect("its length was 16 bits");
            blocks.extend_from_slice(&length.to_be_bytes());
            blocks.extend_from_slice(message);
        }
        let header = packet.header;
        records.extend_from_slice(&header.session);
        records.extend_from_slice(&header.sequence_number.to_le_bytes());
        records.extend_from_slice(&header.message_count.to_le_bytes());
    }
    Ok((blocks, records))
}
