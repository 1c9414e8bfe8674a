//! One entry that feeds bytes to every decoder, for tests and the fuzzer.

use crate::capture::{CaptureReader, LINK_ETHERNET};
use crate::net::{Transport, decode_frame};
use crate::soup::FrameReader;
use crate::soup_bin_tcp::{Client, Server};
use crate::{itch50, jnx_itch16, jnx_ouch111, mold, mold_udp64, ouch42};

/// Longer messages than this are not offered to the stream reader.
const FRAME_LIMIT: usize = 512;
const SCRATCH: usize = 4096;

/// Feeds `bytes` to every decoder, as a message, a packet, a stream and a file, and gives how many messages and packets
/// were accepted.
///
/// # Panics
/// Where an accepted message does not encode to the bytes that it came from, or a decoder panics: both are defects here.
pub fn fuzz_one(bytes: &[u8]) -> usize {
    messages(bytes) + mold_packet(bytes) + soup_stream(bytes) + frame(bytes) + capture(bytes)
}

/// Decodes, encodes, compares; 1 where the decoder accepts.
macro_rules! round_trip {
    ($bytes:expr, $decoder:path) => {
        match $decoder($bytes) {
            Ok(message) if $bytes.len() <= SCRATCH => {
                let mut again = [0; SCRATCH];
                let length = message.encode(&mut again);
                assert_eq!(&again[..length], $bytes, "encoding gives the bytes back");
                1
            }
            Ok(_) => 1,
            Err(_) => 0,
        }
    };
}

fn messages(bytes: &[u8]) -> usize {
    round_trip!(bytes, itch50::Message::decode)
        + round_trip!(bytes, ouch42::Inbound::decode)
        + round_trip!(bytes, ouch42::Outbound::decode)
        + round_trip!(bytes, Client::decode)
        + round_trip!(bytes, Server::decode)
        + round_trip!(bytes, jnx_itch16::Message::decode)
        + round_trip!(bytes, jnx_ouch111::Inbound::decode)
        + round_trip!(bytes, jnx_ouch111::Outbound::decode)
        + round_trip!(bytes, mold_udp64::RequestPacket::decode)
}

fn mold_packet(bytes: &[u8]) -> usize {
    let Ok(packet) = mold::Packet::decode(bytes) else {
        return 0;
    };
    let messages = packet.messages();
    1 + messages
        .map(|m| round_trip!(m, itch50::Message::decode))
        .sum::<usize>()
}

fn soup_stream(bytes: &[u8]) -> usize {
    let mut reader = FrameReader::new(FRAME_LIMIT);
    let mut rest = bytes;
    let mut accepted = 0;
    while !rest.is_empty() {
        let taken = reader.push(rest);
        assert!(taken > 0, "a reader whose packets were taken has room");
        rest = &rest[taken..];
        loop {
            match reader.next_packet() {
                Ok(Some(packet)) => accepted += 1 + inner(packet),
                Ok(None) => break,
                Err(_) => return accepted,
            }
        }
    }
    accepted
}

fn inner(packet: &[u8]) -> usize {
    let client = match Client::decode(packet) {
        Ok(Client::ClientData(data)) => round_trip!(data.payload, ouch42::Inbound::decode),
        _ => 0,
    };
    let server = match Server::decode(packet) {
        Ok(Server::SequencedData(data)) => round_trip!(data.payload, ouch42::Outbound::decode),
        _ => 0,
    };
    client + server
}

fn frame(bytes: &[u8]) -> usize {
    match decode_frame(LINK_ETHERNET, bytes) {
        Ok(Transport::Udp(udp)) => 1 + mold_packet(udp.payload),
        Ok(Transport::Tcp(tcp)) => 1 + soup_stream(tcp.payload),
        Ok(Transport::Other) | Err(_) => 0,
    }
}

fn capture(bytes: &[u8]) -> usize {
    let Ok(reader) = CaptureReader::new(bytes) else {
        return 0;
    };
    let packets = reader.map_while(Result::ok);
    packets.map(|packet| 1 + frame(packet.bytes)).sum()
}
