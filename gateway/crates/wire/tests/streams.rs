//! SoupBinTCP and MoldUDP64 in whatever pieces and states they come.

use cws_wire::mold::{END_OF_SESSION, MAX_PACKET, Packet, PacketBuilder};
use cws_wire::mold_udp64::Header;
use cws_wire::soup::{FrameReader, encode_server, number_text, parse_number};
use cws_wire::soup_bin_tcp::{SequencedData, Server};
use proptest::prelude::*;

fn stream(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for payload in payloads {
        let mut place = vec![0; payload.len() + 3];
        let length = encode_server(
            &Server::SequencedData(SequencedData { payload }),
            &mut place,
        );
        stream.extend_from_slice(&place[..length]);
    }
    stream
}

fn payloads(packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let payload = |packet: &Vec<u8>| match Server::decode(packet) {
        Ok(Server::SequencedData(data)) => data.payload.to_vec(),
        other => panic!("sequenced data, not {other:?}"),
    };
    packets.iter().map(payload).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn split_and_coalesced_reads_give_the_same_packets(
        sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..30),
        cuts in prop::collection::vec(1_usize..200, 1..20),
    ) {
        let stream = stream(&sent);
        let mut reader = FrameReader::new(61);
        let mut found = Vec::new();
        let mut rest = &stream[..];
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let cut = rest.len().min(*cuts.next().expect("a cycle"));
            let taken = reader.push(&rest[..cut]);
            prop_assert!(taken > 0);
            rest = &rest[taken..];
            while let Some(packet) = reader.next_packet().expect("our own stream") {
                found.push(packet.to_vec());
            }
        }
        prop_assert_eq!(reader.pending(), 0);
        prop_assert_eq!(payloads(&found), sent);
    }

    #[test]
    fn a_mold_packet_cut_off_anywhere_is_refused(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..10),
    ) {
        let mut builder = PacketBuilder::new(*b"SESSION001", 1);
        for message in &messages {
            prop_assert!(builder.push(message));
        }
        let bytes = builder.finish().to_vec();
        let packet = Packet::decode(&bytes).expect("our own packet");
        prop_assert_eq!(packet.messages().map(<[u8]>::to_vec).collect::<Vec<_>>(), messages);
        for length in 0..bytes.len() {
            prop_assert!(Packet::decode(&bytes[..length]).is_err());
        }
    }

    #[test]
    fn numbers_go_there_and_back(number: u64) {
        prop_assert_eq!(parse_number("n", &number_text(number)), Ok(number));
    }
}

#[test]
fn a_packet_of_no_bytes_or_too_many_ends_the_stream() {
    for bytes in [[0, 0, b'H'], [0, 11, b'S']] {
        let mut reader = FrameReader::new(10);
        assert_eq!(reader.push(&[0, 1, b'H', 0, 1, b'H']), 6);
        for _ in 0..2 {
            assert_eq!(reader.next_packet(), Ok(Some(&b"H"[..])));
        }
        assert_eq!(reader.push(&bytes), 3);
        for _ in 0..2 {
            let refused = reader.next_packet().expect_err("an impossible length");
            assert_eq!(refused.code(), "CWS-WIRE-005");
            assert!(
                refused.to_string().contains("at offset 6 of the stream"),
                "{refused}"
            );
        }
    }
}

#[test]
fn a_full_reader_takes_no_more_and_loses_nothing() {
    let mut reader = FrameReader::new(10);
    let heartbeats = [0, 1, b'H'].repeat(100);
    let taken = reader.push(&heartbeats);
    assert_eq!(taken, 48);
    assert_eq!(reader.push(&heartbeats[taken..]), 0);
    let mut count = 0;
    while reader.next_packet().expect("heartbeats").is_some() {
        count += 1;
    }
    assert_eq!(count, 16);
}

#[test]
fn text_that_is_no_number_is_refused() {
    for text in [
        b"                    ",
        b"                 1 2",
        b"                  -1",
        b"99999999999999999999",
    ] {
        let refused = parse_number("sequence_number", text).expect_err("no number");
        assert_eq!(refused.code(), "CWS-WIRE-008");
    }
    assert_eq!(parse_number("n", b"00000000000000000042"), Ok(42));
    assert_eq!(parse_number("n", b"42                  "), Ok(42));
    assert_eq!(parse_number("n", b"18446744073709551615"), Ok(u64::MAX));
}

#[test]
fn heartbeats_and_the_end_of_a_session_have_no_messages() {
    let heartbeat = PacketBuilder::new(*b"SESSION001", 7).finish().to_vec();
    let packet = Packet::decode(&heartbeat).expect("a heartbeat");
    assert!(packet.is_heartbeat() && !packet.is_end_of_session());
    let end = PacketBuilder::end_of_session(*b"SESSION001", 7);
    let packet = Packet::decode(&end).expect("an end");
    assert!(packet.is_end_of_session() && packet.messages().next().is_none());
    assert_eq!(packet.header.message_count, END_OF_SESSION);
}

#[test]
fn more_or_fewer_blocks_than_announced_are_refused() {
    let mut builder = PacketBuilder::new(*b"SESSION001", 7);
    assert!(builder.push(b"one") && builder.push(b"two"));
    let good = builder.finish().to_vec();
    for (count, offset) in [(1_u16, 25), (3, 30), (0, 20)] {
        let mut bytes = good.clone();
        bytes[18..20].copy_from_slice(&count.to_be_bytes());
        let refused = Packet::decode(&bytes).expect_err("another number of blocks");
        assert_eq!(refused.code(), "CWS-WIRE-004");
        assert!(
            refused
                .to_string()
                .contains(&format!("at offset {offset};")),
            "{refused}"
        );
    }
}

#[test]
fn a_full_packet_takes_no_more() {
    let mut builder = PacketBuilder::new(*b"SESSION001", 1);
    let message = [0; 36];
    let mut pushed = 0;
    while builder.push(&message) {
        pushed += 1;
    }
    assert_eq!(pushed, (MAX_PACKET - Header::LENGTH) / 38);
    assert_eq!(builder.count(), 38);
    builder.reset(39);
    assert_eq!(builder.count(), 0);
    assert_eq!(builder.finish().len(), Header::LENGTH);
}
