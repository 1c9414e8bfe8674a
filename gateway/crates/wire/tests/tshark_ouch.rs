//! Wireshark reads our OUCH 4.2 in SoupBinTCP: nothing malformed, every field has our value. Without tshark there is
//! nothing to do.

mod support;
#[path = "support/tshark.rs"]
mod wireshark;

use std::collections::{BTreeMap, BTreeSet};

use cws_layouts::{Field, Kind, Message, load};
use cws_wire::capture::Direction;
use cws_wire::net::{Endpoint, TcpConversation, TcpEnd};
use cws_wire::ouch42::{Inbound, Outbound};
use cws_wire::soup::{encode_client, encode_server, number_text};
use cws_wire::soup_bin_tcp::*;
use support::sample;
use wireshark::{START_NS, Writer, assert_sound, tshark, writer};

const CLIENT: Endpoint = Endpoint {
    address: [10, 0, 0, 2],
    port: 40_001,
};
const VENUE: Endpoint = Endpoint {
    address: [10, 0, 0, 1],
    port: 7_001,
};

/// Writes segments of the order session and keeps what tshark should say of each.
struct Session {
    conversation: TcpConversation,
    writer: Writer,
    packets: u64,
}

impl Session {
    fn new() -> Self {
        let mut conversation = TcpConversation::new(CLIENT, VENUE);
        let handshake = conversation.handshake();
        let mut session = Self {
            conversation,
            writer: writer(),
            packets: 0,
        };
        for (end, frame) in handshake {
            session.put(end, &[&frame]);
        }
        session
    }

    fn put(&mut self, from: TcpEnd, pieces: &[&[u8]]) {
        let direction = match from {
            TcpEnd::Client => Direction::Out,
            TcpEnd::Server => Direction::In,
        };
        self.writer
            .write(0, START_NS + self.packets, direction, pieces)
            .expect("memory");
        self.packets += 1;
    }

    fn client(&mut self, packet: Client<'_>) {
        let mut bytes = [0; 256];
        let length = encode_client(&packet, &mut bytes);
        let headers = self.conversation.segment(TcpEnd::Client, &bytes[..length]);
        self.put(TcpEnd::Client, &[&headers, &bytes[..length]]);
    }

    /// One packet in two segments, as TCP may cut it.
    fn server(&mut self, packet: Server<'_>) {
        let mut bytes = [0; 256];
        let length = encode_server(&packet, &mut bytes);
        let (first, second) = bytes[..length].split_at(length / 2);
        for piece in [first, second] {
            let headers = self.conversation.segment(TcpEnd::Server, piece);
            self.put(TcpEnd::Server, &[&headers, piece]);
        }
    }
}

/// Asked of every packet of the order session, before the fields of OUCH.
const COMMON: [&str; 5] = [
    "_ws.malformed",
    "_ws.expert.severity",
    "tcp.checksum.status",
    "soupbintcp.packet_type",
    "ouch.packet_type",
];

/// What Wireshark calls a field of ours; it shows a timestamp as text only, which the length of the others checks.
fn ouch_name(message: &Message, field: &Field) -> Option<String> {
    let name = match (field.name.as_str(), message.name.as_str()) {
        ("timestamp", _) => return None,
        ("side", _) => "buy_sell_indicator",
        ("time_in_force", _) => "tif",
        ("minimum_quantity", _) => "min_quantity",
        ("intermarket_sweep_eligibility", _) => "iso_eligible",
        ("reason", "Canceled" | "AiqCanceled") => "cancel_reason",
        ("reason", "BrokenTrade") => "broken_trade_reason",
        ("reason", "PriceCorrection") => "price_correction_reason",
        ("reason", "Rejected") => "reject_reason",
        (name, _) => name,
    };
    Some(format!("ouch.{name}"))
}

/// How tshark prints the field.
fn ouch_value(field: &Field, bytes: &[u8]) -> String {
    let part = &bytes[field.offset..field.offset + field.kind.size()];
    let add = |sum: u64, &byte: &u8| sum * 256 + u64::from(byte);
    match field.kind {
        Kind::Alpha(_) => String::from_utf8_lossy(part).into_owned(),
        Kind::Char if field.name != "reference_price_type" => format!("'{}'", char::from(part[0])),
        _ => part.iter().fold(0, add).to_string(),
    }
}

/// Names and values that tshark should print for a message.
fn ouch_fields(message: &Message, bytes: &[u8]) -> BTreeMap<String, String> {
    let pair = |field| Some((ouch_name(message, field)?, ouch_value(field, bytes)));
    message.fields.iter().filter_map(pair).collect()
}

/// Random numbers, but letters where the layout has text: tshark escapes what it cannot print.
fn legible(message: &Message, seed: u64) -> Vec<u8> {
    let mut bytes = sample(message, seed);
    for field in &message.fields {
        if let Kind::Alpha(_) | Kind::Char = field.kind {
            let part = &mut bytes[field.offset..field.offset + field.kind.size()];
            part.iter_mut().for_each(|byte| *byte = b'A' + *byte % 26);
        }
        // Hours are the first thing that tshark shows of a time; a day has 24 of them.
        if field.name == "timestamp" {
            bytes[field.offset..field.offset + 3].fill(0);
        }
    }
    bytes
}

#[test]
fn ouch_42_over_soupbintcp() {
    let mut session = Session::new();
    let mut wanted = Vec::new();
    session.client(Client::LoginRequest(LoginRequest {
        username: *b"cws   ",
        password: *b"secret    ",
        requested_session: *b"          ",
        requested_sequence_number: number_text(1),
    }));
    let (number, open) = (number_text(1), *b"CWS0000001");
    session.server(Server::LoginAccepted(LoginAccepted {
        session: open,
        sequence_number: number,
    }));
    for (index, message) in load("ouch42").messages.iter().enumerate() {
        let payload = &legible(message, 40 * index as u64)[..];
        let kind = char::from(payload[0]);
        if message.family.as_deref() == Some("Inbound") {
            assert!(Inbound::decode(payload).is_ok());
            session.client(Client::ClientData(ClientData { payload }));
            wanted.push(('U', kind, ouch_fields(message, payload)));
        } else {
            assert!(Outbound::decode(payload).is_ok());
            session.server(Server::SequencedData(SequencedData { payload }));
            wanted.push(('S', kind, ouch_fields(message, payload)));
        }
    }
    session.client(Client::ClientHeartbeat(ClientHeartbeat {}));
    session.server(Server::ServerHeartbeat(ServerHeartbeat {}));
    session.client(Client::LogoutRequest(LogoutRequest {}));
    session.server(Server::EndOfSession(EndOfSession {}));
    check_session(session, &wanted);
}

/// `wanted`: SoupBinTCP's type, OUCH's type, OUCH's fields, one a message.
fn check_session(session: Session, wanted: &[(char, char, BTreeMap<String, String>)]) {
    let names: BTreeSet<&str> = wanted
        .iter()
        .flat_map(|(.., fields)| fields.keys())
        .map(String::as_str)
        .collect();
    let asked: Vec<&str> = COMMON.into_iter().chain(names).collect();
    let count = session.packets;
    let Some(rows) = tshark(
        "ouch.pcapng",
        session.writer,
        "tcp.port==7001,soupbintcp",
        &asked,
    ) else {
        return;
    };
    assert_eq!(rows.len() as u64, count);
    for row in &rows {
        assert_sound(row);
        assert_eq!(row[2], "1", "TCP checksum: {row:?}");
    }
    let types: String = rows.iter().map(|row| row[3].trim_matches('\'')).collect();
    assert_eq!(types, "LAUUUUSSSSSSSSSSSSSSRHOZ");
    let mut messages = rows.iter().filter(|row| !row[4].is_empty());
    for (soup, kind, fields) in wanted {
        let row = messages.next().expect("as many as were sent");
        assert_eq!(row[3..5], [format!("'{soup}'"), format!("'{kind}'")]);
        let found = asked
            .iter()
            .zip(row)
            .skip(COMMON.len())
            .filter(|(_, value)| !value.is_empty());
        let found: BTreeMap<_, _> = found
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect();
        assert_eq!(&found, fields, "{kind}");
    }
    assert!(messages.next().is_none(), "no more than were sent");
}
