//! Captures of real exchanges decode without a rest. They lie beside the repository; without them there is nothing to do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cws_wire::capture::CaptureReader;
use cws_wire::net::{Transport, decode_frame};
use cws_wire::soup::FrameReader;
use cws_wire::soup_bin_tcp::{Client, Server};
use cws_wire::{itch50, jnx_itch16, jnx_ouch111, mold};

type Counts = BTreeMap<&'static str, usize>;

const HOUR_NS: u64 = 3_600_000_000_000;

/// The files of one folder of captures; none where it is absent.
fn files(folder: &str) -> Vec<PathBuf> {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data/omi_pcap");
    let Ok(entries) = captures.join(folder).read_dir() else {
        eprintln!("skipped: {folder} is not there");
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

/// Calls `see` with the transport of every packet and its time.
fn each_packet(files: &[PathBuf], mut see: impl FnMut(Transport<'_>, u64)) {
    for path in files {
        let file = fs::read(path).expect("a file that was listed");
        let mut packets = 0;
        for packet in CaptureReader::new(&file).expect("a capture file") {
            let packet = packet.expect("a whole packet");
            let transport = decode_frame(packet.link_type, packet.bytes).expect("whole headers");
            see(transport, packet.ts_ns);
            packets += 1;
        }
        assert!(packets > 0, "{}", path.display());
    }
}

fn mold_messages(transport: Transport<'_>, mut see: impl FnMut(&[u8])) {
    let Transport::Udp(udp) = transport else {
        panic!("market data comes by UDP");
    };
    let packet = mold::Packet::decode(udp.payload).expect("blocks that tile the packet");
    packet.messages().for_each(&mut see);
}

#[test]
fn nasdaq_totalview_itch_50() {
    let files = files("Nasdaq/Nasdaq.Equities.TotalView.Itch.v5.0.20230822");
    let mut counts = Counts::new();
    each_packet(&files, |transport, ts_ns| {
        mold_messages(transport, |bytes| {
            let message = itch50::Message::decode(bytes).expect("a message without a rest");
            *counts.entry(message.name()).or_default() += 1;
            let mut again = [0; itch50::MAX_LENGTH];
            let length = message.encode(&mut again);
            assert_eq!(&again[..length], bytes);
            // In August New York is 4 h behind UTC, and both clocks saw the packet within a second.
            let stamp = u64::from_be_bytes([
                0, 0, bytes[5], bytes[6], bytes[7], bytes[8], bytes[9], bytes[10],
            ]);
            assert!((stamp + 4 * HOUR_NS).abs_diff(ts_ns % (24 * HOUR_NS)) < 1_000_000_000);
        });
    });
    let five = [
        "StockTradingAction",
        "RegShoRestriction",
        "MarketParticipantPosition",
        "LuldAuctionCollar",
        "AddOrder",
        "AddOrderMpid",
        "OrderExecuted",
        "OrderExecutedWithPrice",
        "OrderCancel",
        "OrderDelete",
        "OrderReplace",
        "Trade",
        "CrossTrade",
        "Noii",
    ];
    let mut expected: Counts = five.into_iter().map(|name| (name, 5)).collect();
    expected.insert("SystemEvent", 1);
    assert!(files.is_empty() || counts == expected, "{counts:?}");
}

#[test]
fn japannext_itch_16() {
    let files = files("Jnx/JnxEquities.Pts.Itch.v1.6");
    let mut counts = Counts::new();
    each_packet(&files, |transport, ts_ns| {
        mold_messages(transport, |bytes| {
            let message = jnx_itch16::Message::decode(bytes).expect("a message without a rest");
            *counts.entry(message.name()).or_default() += 1;
            if let jnx_itch16::Message::TimestampSeconds(stamp) = message {
                let japan_ns = ts_ns + 9 * HOUR_NS;
                assert_eq!(
                    u64::from(stamp.timestamp_seconds),
                    japan_ns / 1_000_000_000 % 86_400
                );
            }
        });
    });
    let names = [
        "OrderDeleted",
        "OrderExecuted",
        "OrderReplaced",
        "ShortSellingPriceRestrictionState",
        "SystemEvent",
        "TimestampSeconds",
    ];
    let expected: Counts = names.into_iter().map(|name| (name, 1)).collect();
    assert!(files.is_empty() || counts == expected, "{counts:?}");
}

#[test]
fn japannext_ouch_111_over_soup() {
    let files = files("Jnx/JnxEquities.Pts.Ouch.v1.11");
    let mut counts = Counts::new();
    each_packet(&files, |transport, _| {
        let Transport::Tcp(tcp) = transport else {
            panic!("orders go by TCP");
        };
        let mut reader = FrameReader::new(1024);
        assert_eq!(reader.push(tcp.payload), tcp.payload.len());
        // The files hold single segments of one session, whose venue has this port.
        let from_client = tcp.destination.port == 20_048;
        while let Some(packet) = reader.next_packet().expect("whole packets") {
            *counts
                .entry(order_session(packet, from_client))
                .or_default() += 1;
        }
        assert_eq!(reader.pending(), 0, "no rest");
    });
    let names = [
        "EnterOrder",
        "LoginAccepted",
        "LoginRequest",
        "OrderAccepted",
        "ReplaceOrder",
    ];
    let expected: Counts = names.into_iter().map(|name| (name, 1)).collect();
    assert!(files.is_empty() || counts == expected, "{counts:?}");
}

fn order_session(packet: &[u8], from_client: bool) -> &'static str {
    if from_client {
        return match Client::decode(packet).expect("a client's packet") {
            Client::ClientData(data) => {
                let message = jnx_ouch111::Inbound::decode(data.payload);
                message.expect("a message without a rest").name()
            }
            other => other.name(),
        };
    }
    match Server::decode(packet).expect("a server's packet") {
        Server::SequencedData(data) => {
            let message = jnx_ouch111::Outbound::decode(data.payload);
            message.expect("a message without a rest").name()
        }
        other => other.name(),
    }
}
