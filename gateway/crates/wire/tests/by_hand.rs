//! Hand-written bytes: what the specifications' tables say, read by eye.

use cws_wire::itch50::{AddOrder, Message};
use cws_wire::mold::{Packet, PacketBuilder};
use cws_wire::ouch42::{Accepted, EnterOrder, Inbound, Outbound};
use cws_wire::soup::{FrameReader, encode_client, number_text, parse_number};
use cws_wire::soup_bin_tcp::{Client, ClientData};
use cws_wire::{Price4, WireError};

const ADD: [u8; 36] = *b"A\x00\x07\x00\x02\x1F\x1A\xCE\xD9\x80\x01\x00\x00\x00\x00\x00\x00\x01\x02B\x00\x00\x00\x64AAPL    \x00\x1E\x84\x80";

fn enter() -> EnterOrder {
    EnterOrder {
        order_token: *b"A00100000001  ",
        side: b'B',
        shares: 100,
        stock: *b"AAPL    ",
        price: Price4(2_000_000),
        time_in_force: 99_999,
        firm: *b"CWS ",
        display: b'Y',
        capacity: b'P',
        intermarket_sweep_eligibility: b'N',
        minimum_quantity: 0,
        cross_type: b'N',
        customer_type: b'N',
    }
}

#[test]
fn add_order_lies_where_the_specification_says() {
    let Ok(Message::AddOrder(add)) = Message::decode(&ADD) else {
        panic!("an add order")
    };
    let expected = AddOrder {
        stock_locate: 7,
        tracking_number: 2,
        timestamp: 0x1F1A_CED9_8001,
        order_reference_number: 258,
        side: b'B',
        shares: 100,
        stock: *b"AAPL    ",
        price: Price4(2_000_000),
    };
    assert_eq!(add, expected);
    assert_eq!(add.price.nanos(), 200_000_000_000);
    assert_eq!(add.to_bytes(), ADD);
}

#[test]
fn what_every_message_has_is_read_without_a_match() {
    let message = Message::decode(&ADD).expect("an add order");
    let (locate, tracking, stamp) = (
        message.stock_locate(),
        message.tracking_number(),
        message.timestamp(),
    );
    assert_eq!((locate, tracking, stamp), (7, 2, 0x1F1A_CED9_8001));
    let pending = Outbound::decode(b"P\0\0\0\0\0\0\x01\x02A00100000001  ").expect("cancel pending");
    assert_eq!(
        (pending.timestamp(), pending.name()),
        (258, "CancelPending")
    );
}

#[test]
fn a_mold_packet_gives_back_its_messages() {
    let mut builder = PacketBuilder::new(*b"CWS0000001", 41);
    assert!(builder.push(&ADD) && builder.push(&ADD));
    let bytes = builder.finish().to_vec();
    let packet = Packet::decode(&bytes).expect("our own packet");
    assert_eq!(packet.header.sequence_number, 41);
    assert_eq!(packet.messages().collect::<Vec<_>>(), [&ADD[..], &ADD[..]]);
    let cut = Packet::decode(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut, Err(WireError::Block { offset: 58, .. })));
}

#[test]
fn an_order_goes_through_soup_in_single_bytes() {
    let mut order = [0; 64];
    let length = Inbound::EnterOrder(enter()).encode(&mut order);
    let payload = &order[..length];
    let mut stream = [0; 128];
    let length = encode_client(&Client::ClientData(ClientData { payload }), &mut stream);
    let mut reader = FrameReader::new(100);
    let mut found = Vec::new();
    for byte in &stream[..length] {
        assert_eq!(reader.push(&[*byte]), 1);
        while let Some(packet) = reader.next_packet().expect("our own stream") {
            found.push(packet.to_vec());
        }
    }
    let [packet] = found.as_slice() else {
        panic!("one packet")
    };
    let Ok(Client::ClientData(data)) = Client::decode(packet) else {
        panic!("client data")
    };
    assert_eq!(
        Inbound::decode(data.payload),
        Ok(Inbound::EnterOrder(enter()))
    );
    assert_eq!((EnterOrder::LENGTH, Accepted::LENGTH), (49, 66));
}

#[test]
fn numbers_of_soup_are_right_justified_text() {
    assert_eq!(&number_text(1), b"                   1");
    assert_eq!(
        parse_number("sequence_number", b"                  42"),
        Ok(42)
    );
    let refused = parse_number("sequence_number", b"                  4x");
    assert_eq!(
        refused,
        Err(WireError::Number {
            field: "sequence_number"
        })
    );
}
