//! The fast book against the obvious one: the same codes, counters and checksum after the same bytes.

use cws_book::fast::FastBook;
use cws_book::flow::{Flow, FlowConfig};
use cws_book::reference::ReferenceBook;
use cws_book::rules::{CODES, Code, Limits};

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
