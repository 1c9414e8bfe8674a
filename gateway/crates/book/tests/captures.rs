//! The ITCH messages of the shared real captures through both books. They lie beside the repository; without them there
//! is nothing to do.

use std::path::Path;

use cws_book::fast::FastBook;
use cws_book::reference::ReferenceBook;
use cws_book::rules::{Code, Limits};
use cws_wire::Price4;
use cws_wire::capture::CaptureReader;
use cws_wire::itch50::{AddOrder, Message};
use cws_wire::mold;
use cws_wire::net::{Transport, decode_frame};

fn messages() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(
        "../../../../shared/data/omi_pcap/Nasdaq/Nasdaq.Equities.TotalView.Itch.v5.0.20230822",
    );
    let Ok(entries) = folder.read_dir() else {
        println!("skipped: {} is not there", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("listed").path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let file = std::fs::read(&path).expect("a readable file");
        for captured in CaptureReader::new(&file).expect("a capture") {
            let captured = captured.expect("a whole packet");
            let frame = decode_frame(captured.link_type, captured.bytes).expect("whole headers");
            let Transport::Udp(udp) = frame else {
                continue;
            };
            let packet = mold::Packet::decode(udp.payload).expect("sound blocks");
            found.extend(packet.messages().map(<[u8]>::to_vec));
        }
    }
    found
}

/// The captures begin in the middle of a day: an order that a message is about, as it may have been added before.
fn earlier(message: &[u8]) -> Option<Vec<u8>> {
    let (stock_locate, order_reference_number, shares) = match Message::decode(message)
        .expect("a real message")
    {
        Message::OrderExecuted(m) => (m.stock_locate, m.order_reference_number, m.executed_shares),
        Message::OrderExecutedWithPrice(m) => (
            m.stock_locate,
            m.order_reference_number,
            m.executed_shares + 1,
        ),
        Message::OrderCancel(m) => (
            m.stock_locate,
            m.order_reference_number,
            m.cancelled_shares + 100,
        ),
        Message::OrderDelete(m) => (m.stock_locate, m.order_reference_number, 100),
        Message::OrderReplace(m) => (m.stock_locate, m.original_order_reference_number, 100),
        _ => return None,
    };
    let add = AddOrder {
        stock_locate,
        tracking_number: 0,
        timestamp: 0,
        order_reference_number,
        side: b"BS"[usize::from(order_reference_number % 2 == 0)],
        shares,
        stock: *b"        ",
        price: Price4(100_0000 + u32::from(stock_locate % 7) * 100),
    };
    Some(add.to_bytes().to_vec())
}

#[test]
fn real_messages_leave_the_same_book() {
    let real = messages();
    let limits = Limits::new(10_000, 64, 16_384);
    let mut reference = ReferenceBook::new(limits);
    let mut fast = FastBook::new(limits).expect("limits in range");
    let mut applied = 0;
    for message in &real {
        // Once as it is, the order unknown; once with the order that it is about.
        for bytes in [
            Some(message.clone()),
            earlier(message),
            Some(message.clone()),
        ] {
            let Some(bytes) = bytes else { continue };
            let code = reference.apply(&bytes);
            assert_eq!(fast.apply(&bytes), code, "{bytes:02x?}");
            assert_ne!(code, Code::BadLength, "{bytes:02x?}");
            applied += usize::from(code == Code::Applied);
        }
    }
    assert_eq!(fast.checksum(), reference.checksum());
    assert_eq!(fast.counters(), reference.counters());
    assert!(
        real.is_empty() || applied > 60,
        "{applied} of {}",
        real.len()
    );
}
