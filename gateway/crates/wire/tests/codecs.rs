//! Every generated codec against the layout file, read by another reader; cut-off, prolonged and random bytes.

mod support;

use std::sync::LazyLock;

use cws_layouts::{Message, load};
use cws_wire::{
    WireError, fuzz_one, itch50, jnx_itch16, jnx_ouch111, mold_udp64, ouch42, soup_bin_tcp,
};
use proptest::prelude::*;
use support::{debug_text, sample};

/// Debug text and bytes again, from the codec of one family.
type Codec = fn(&[u8]) -> Result<(String, Vec<u8>), WireError>;

macro_rules! codec {
    ($decoder:path) => {
        |bytes| {
            let message = $decoder(bytes)?;
            let mut again = vec![0; bytes.len()];
            let length = message.encode(&mut again);
            assert_eq!(length, bytes.len());
            assert_eq!($decoder(&again), Ok(message), "message, bytes, message");
            Ok((format!("{message:?}"), again))
        }
    };
}

const FAMILIES: &[(&str, &str, Codec)] = &[
    ("itch50", "Message", codec!(itch50::Message::decode)),
    ("ouch42", "Inbound", codec!(ouch42::Inbound::decode)),
    ("ouch42", "Outbound", codec!(ouch42::Outbound::decode)),
    (
        "soup_bin_tcp",
        "Client",
        codec!(soup_bin_tcp::Client::decode),
    ),
    (
        "soup_bin_tcp",
        "Server",
        codec!(soup_bin_tcp::Server::decode),
    ),
    ("jnx_itch16", "Message", codec!(jnx_itch16::Message::decode)),
    (
        "jnx_ouch111",
        "Inbound",
        codec!(jnx_ouch111::Inbound::decode),
    ),
    (
        "jnx_ouch111",
        "Outbound",
        codec!(jnx_ouch111::Outbound::decode),
    ),
];

const STRUCTURES: &[(&str, &str, Codec)] = &[
    ("mold_udp64", "Header", codec!(mold_udp64::Header::decode)),
    (
        "mold_udp64",
        "BlockHeader",
        codec!(mold_udp64::BlockHeader::decode),
    ),
    (
        "mold_udp64",
        "RequestPacket",
        codec!(mold_udp64::RequestPacket::decode),
    ),
    ("soup_bin_tcp", "Frame", codec!(soup_bin_tcp::Frame::decode)),
];

/// Every message of every layout file, with its codec and whether it is a variant of an enum.
static ALL: LazyLock<Vec<(Message, Codec, bool)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for &(name, family, codec) in FAMILIES {
        let protocol = load(name);
        let members = protocol.members(family).into_iter();
        all.extend(members.map(|m| (m.clone(), codec, true)));
    }
    for &(name, structure, codec) in STRUCTURES {
        let protocol = load(name);
        let found = protocol.messages.iter().find(|m| m.name == structure);
        all.push((
            found.expect("a structure of the file").clone(),
            codec,
            false,
        ));
    }
    all
});

fn expected(message: &Message, in_enum: bool, bytes: &[u8]) -> String {
    let text = debug_text(message, bytes);
    match in_enum {
        true => format!("{}({text})", message.name),
        false => text,
    }
}

#[test]
fn every_message_of_every_file_has_a_codec() {
    let names = [
        "itch50",
        "ouch42",
        "soup_bin_tcp",
        "mold_udp64",
        "jnx_itch16",
        "jnx_ouch111",
    ];
    let declared: usize = names.iter().map(|name| load(name).messages.len()).sum();
    assert_eq!(ALL.len(), declared);
    assert_eq!(itch50::LAYOUTS.len(), 23);
    assert_eq!(ouch42::LAYOUTS.len(), 18);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_field_is_read_and_written_where_the_layout_says(seed: u64) {
        for (message, codec, in_enum) in ALL.iter() {
            let bytes = sample(message, seed);
            let (text, again) = codec(&bytes).expect("bytes of the right type and length");
            prop_assert_eq!(text, expected(message, *in_enum, &bytes));
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz_one(&bytes);
    }

    #[test]
    fn random_bytes_behind_a_type_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 1..120), pick: u8) {
        let types: Vec<u8> = ALL.iter().filter_map(|(m, ..)| m.type_byte).collect();
        bytes[0] = types[usize::from(pick) % types.len()];
        fuzz_one(&bytes);
    }
}

#[test]
fn every_truncation_is_an_error() {
    for (message, codec, _) in ALL.iter() {
        let bytes = sample(message, 40);
        assert_eq!(bytes.len(), message.length, "no rest in this sample");
        for length in 0..bytes.len() {
            let refused = codec(&bytes[..length]).expect_err(&message.name);
            let code = if length == 0 && message.type_byte.is_some() {
                "CWS-WIRE-001"
            } else {
                "CWS-WIRE-003"
            };
            assert_eq!(refused.code(), code, "{refused}");
        }
    }
}

#[test]
fn a_byte_too_many_is_an_error() {
    for (message, codec, _) in ALL.iter().filter(|(m, ..)| !m.has_rest()) {
        let mut bytes = sample(message, 40);
        bytes.push(0);
        let refused = codec(&bytes).expect_err(&message.name);
        let (expected, got) = (message.length, message.length + 1);
        assert!(
            matches!(refused, WireError::Length { expected: e, got: g, .. } if (e, g) == (expected, got))
        );
    }
}

#[test]
fn an_unknown_type_is_an_error() {
    let refused = itch50::Message::decode(b"z0000").expect_err("no such type");
    assert_eq!(refused.code(), "CWS-WIRE-002");
    assert!(
        refused
            .to_string()
            .starts_with("CWS-WIRE-002 itch50: no message has type 0x7A, at offset 0;")
    );
    let refused = itch50::AddOrder::decode(&[b'D'; 36]).expect_err("another type");
    assert_eq!(refused.code(), "CWS-WIRE-002");
}

#[test]
#[should_panic(expected = "timestamp fits in 48 bits")]
fn an_encoder_refuses_a_number_that_48_bits_cannot_say() {
    let delete = itch50::OrderDelete {
        stock_locate: 1,
        tracking_number: 0,
        timestamp: 1 << 48,
        order_reference_number: 1,
    };
    delete.to_bytes();
}
