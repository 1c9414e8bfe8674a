//! The fast book against the obvious one: the same codes, counters and checksum after the same bytes.

use cws_book::fast::FastBook;
use cws_book::flow::{Flow, FlowConfig};
use cws_book::reference::ReferenceBook;
use cws_book::rules::{CODES, Code, Limits, blocks};

/// Applies `count` messages to both, comparing codes always, checksums now and then and at the end.
fn both_agree(config: FlowConfig, limits: Limits, count: u64) -> ReferenceBook {
    let mut flow = Flow::new(config);
    let mut reference = ReferenceBook::new(limits);
    let mut fast = FastBook::new(limits).expect("limits in range");
    let mut message = Vec::new();
    for at in 0..count {
        flow.next(&mut message);
        let expected = reference.apply(&message);
        assert_eq!(
            fast.apply(&message),
            expected,
            "message {at}: {message:02x?}"
        );
        if at.is_multiple_of(count / 16) {
            assert_eq!(fast.checksum(), reference.checksum(), "after message {at}");
        }
    }
    for locate in 1..=limits.symbols as u16 {
        assert_eq!(
            fast.symbol_checksum(locate),
            reference.symbol_checksum(locate)
        );
        assert_eq!(fast.touch(locate), reference.touch(locate));
    }
    assert_eq!(fast.checksum(), reference.checksum());
    assert_eq!(fast.counters(), reference.counters());
    assert_eq!(fast.live_orders(), reference.live_orders());
    assert!(fast.sound());
    reference
}

/// 10^5 in the test; `CWS_BOOK_MESSAGES` gives the full count.
fn count() -> u64 {
    std::env::var("CWS_BOOK_MESSAGES").map_or(100_000, |n| n.parse().expect("a count"))
}

#[test]
fn random_messages_with_hostile_ones_leave_the_same_book() {
    let config = FlowConfig {
        seed: 1,
        symbols: 40,
        live: 4_000,
        hostile_one_in: 5,
    };
    let book = both_agree(config, Limits::new(100_000, 512, 40), count());
    let counters = book.counters();
    let never: Vec<Code> = CODES.into_iter().filter(|c| counters.of(*c) == 0).collect();
    assert_eq!(
        never,
        [Code::OrdersFull, Code::LevelsFull],
        "every fault occurred"
    );
}

#[test]
fn tight_limits_are_refused_alike_and_never_written_over() {
    let config = FlowConfig {
        seed: 2,
        symbols: 3,
        live: 200,
        hostile_one_in: 9,
    };
    let book = both_agree(config, Limits::new(100, 4, 3), count() / 5);
    assert!(book.counters().of(Code::OrdersFull) > 0);
    assert!(book.counters().of(Code::LevelsFull) > 0);
    assert!(book.live_orders() <= 100);
}

#[test]
fn whole_streams_leave_the_book_of_single_messages_and_a_torn_end_is_left() {
    let config = FlowConfig {
        seed: 3,
        symbols: 30,
        live: 2_000,
        hostile_one_in: 7,
    };
    let limits = Limits::new(1_500, 16, 30);
    let data = Flow::new(config).blocks(count() / 2);
    let mut reference = ReferenceBook::new(limits);
    let whole = reference.apply_blocks(&data);
    assert_eq!(whole, count() / 2);
    for pieces in [1, 3, 1_000] {
        let mut fast = FastBook::new(limits).expect("limits in range");
        let mut applied = 0;
        let messages: Vec<&[u8]> = blocks(&data).collect();
        for piece in messages.chunks(messages.len() / pieces + 1) {
            let mut bytes = Vec::new();
            for message in piece {
                bytes.extend_from_slice(&(message.len() as u16).to_be_bytes());
                bytes.extend_from_slice(message);
            }
            // A length that announces more than there is.
            bytes.extend_from_slice(&[0, 40, b'A']);
            applied += fast.apply_blocks(&bytes);
        }
        assert_eq!(applied, whole);
        assert_eq!(fast.checksum(), reference.checksum(), "{pieces} pieces");
        assert_eq!(fast.counters(), reference.counters());
    }
}

#[test]
fn limits_out_of_range_make_no_book() {
    for limits in [
        (0, 1, 1),
        (1, 0, 1),
        (1, 1, 0),
        (1, 1, 65_536),
        (1 << 28, 1, 1),
    ] {
        let error = FastBook::new(Limits::new(limits.0, limits.1, limits.2)).err();
        assert!(error.expect("refused").to_string().contains("CWS-BOOK-001"));
    }
}
