//! Two feeds with holes, doubles and disorder, and a retransmission: the book of an undisturbed stream.

mod rig;

use cws_abi::{ExecKind, IntentKind, Side};
use cws_book::flow::{Flow, FlowConfig};
use cws_book::hot_abi::{HotConfig, HotParent, Style};
use cws_book::random::Random;
use cws_book::reference::ReferenceBook;
use cws_wire::mold::Packet;
use rig::{Rig, SECOND, add, answer, config, delete, packet, parent};

fn messages(count: u64) -> Vec<Vec<u8>> {
    let mut flow = Flow::new(FlowConfig {
        seed: 3,
        symbols: 50,
        live: 800,
        hostile_one_in: 40,
    });
    let one = |flow: &mut Flow| {
        let mut message = Vec::new();
        flow.next(&mut message);
        message
    };
    (0..count).map(|_| one(&mut flow)).collect()
}

#[test]
fn a_disturbed_stream_gives_the_book_of_the_undisturbed_one() {
    let messages = messages(20_000);
    let mut reference = ReferenceBook::new(config().book);
    for message in &messages {
        reference.apply(message);
    }
    let mut random = Random::new(9);
    let mut rig = Rig::new(config());
    let mut wire: Vec<Vec<u8>> = Vec::new();
    let mut at = 0;
    while at < messages.len() {
        let end = messages.len().min(at + 1 + random.below(6) as usize);
        let bytes = packet(at as u64 + 1, &messages[at..end]);
        for _feed in 0..2 {
            // Each feed loses a tenth of its packets and delays some past the ones that follow.
            if !random.chance(1, 10) {
                let back = wire.len() - wire.len().min(random.below(8) as usize);
                wire.insert(back, bytes.clone());
            }
        }
        at = end;
    }
    let mut clock = 0;
    for bytes in &wire {
        clock += 1;
        rig.hot.step(bytes, clock);
        // The retransmission answers with at most five messages, and only sometimes in time.
        while let Some(gap) = rig.hot.gap().filter(|_| random.chance(1, 2)) {
            assert_eq!(gap.session, rig::SESSION);
            let from = gap.from as usize - 1;
            let count = (gap.count as usize).min(5);
            rig.hot
                .step(&packet(gap.from, &messages[from..from + count]), clock);
        }
    }
    // The last packets may be lost on both feeds: a heartbeat tells.
    rig.hot.step(&packet(messages.len() as u64 + 1, &[]), clock);
    while let Some(gap) = rig.hot.gap() {
        let from = gap.from as usize - 1;
        let count = (gap.count as usize).min(5);
        rig.hot
            .step(&packet(gap.from, &messages[from..from + count]), clock);
    }
    assert_eq!(rig.hot.checksum(), reference.checksum());
    let stats = rig.control.stats();
    assert_eq!(stats.book, reference.counters());
    assert_eq!(stats.next_sequence, messages.len() as u64 + 1);
    assert_eq!(stats.messages, messages.len() as u64);
    assert!(
        stats.gaps > 100 && stats.held > 100 && stats.duplicates > 1_000,
        "{stats:?}"
    );
}

#[test]
fn early_packets_beyond_the_room_are_dropped_and_come_again() {
    let mut rig = Rig::new(HotConfig {
        held_packets: 2,
        ..config()
    });
    let one = |at: u64| packet(at, &[add(0, 5, at, Side::Buy, 100, 10_000)]);
    for at in [3, 4, 5, 5] {
        rig.hot.step(&one(at), 0);
    }
    let stats = rig.control.stats();
    assert_eq!((stats.held, stats.held_dropped), (2, 2));
    rig.hot.step(&one(1), 0);
    let gap = rig.hot.gap().expect("2 is missing");
    assert_eq!((gap.from, gap.count), (2, 1));
    rig.hot.step(&one(2), 0);
    let gap = rig.hot.gap().expect("5 was dropped");
    assert_eq!((gap.from, gap.count), (5, 1));
    rig.hot.step(&one(5), 0);
    assert_eq!(rig.hot.gap(), None);
}

#[test]
fn what_contradicts_itself_or_is_of_another_session_is_counted_and_left() {
    let mut rig = Rig::new(config());
    let sound = packet(1, &[add(0, 5, 1, Side::Buy, 100, 10_000)]);
    rig.hot.step(&sound, 0);
    let before = rig.hot.checksum();
    for cut in 0..sound.len() {
        rig.hot.step(&sound[..cut], 0);
    }
    let mut longer = sound.clone();
    longer.push(0);
    rig.hot.step(&longer, 0);
    assert_eq!(rig.control.stats().malformed, sound.len() as u64 + 1);
    let mut other = packet(2, &[delete(0, 5, 1)]);
    other[0] ^= 1;
    rig.hot.step(&other, 0);
    assert_eq!(rig.control.stats().foreign, 1);
    rig.hot.step(&packet(1 << 40, &[delete(0, 5, 1)]), 0);
    assert_eq!(rig.control.stats().jumped, 1, "a number that cannot be");
    assert_eq!(rig.control.stats().malformed, sound.len() as u64 + 1);
    assert_eq!(rig.hot.checksum(), before);
    assert_eq!(rig.hot.gap(), None);
}

#[test]
fn mutated_packets_break_nothing() {
    let mut random = Random::new(4);
    let mut rig = Rig::new(config());
    let mut sequence = 1;
    for group in messages(20_000).chunks(3) {
        let mut bytes = packet(sequence, group);
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = random.next_u64() as u8;
        }
        rig.hot.step(&bytes, 0);
        sequence = rig.control.stats().next_sequence;
    }
    assert!(rig.control.stats().malformed > 0);
}

/// Of one packet: whether it was damaged in its blocks, its length or its sequence number.
fn damaged(random: &mut Random, sound: &[u8]) -> Vec<u8> {
    const EDGES: [u64; 6] = [0, 1, 1 << 40, u64::MAX - 0xFFFF, u64::MAX - 1, u64::MAX];
    let mut bytes = sound.to_vec();
    match random.below(6) {
        0 => bytes.truncate(random.below(bytes.len() as u64) as usize),
        1 => bytes.push(random.next_u64() as u8),
        2 => bytes[10..18].copy_from_slice(&EDGES[random.below(6) as usize].to_be_bytes()),
        3 => bytes[18..20].copy_from_slice(&(random.below(4) as u16).wrapping_sub(1).to_be_bytes()),
        4 => {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = random.next_u64() as u8;
        }
        _ => {}
    }
    bytes
}

#[test]
fn rust_and_the_hot_loop_refuse_the_same_packets() {
    let mut random = Random::new(11);
    let mut rig = Rig::new(config());
    let (mut refused, mut packets) = (0, 0);
    for group in messages(2_000).chunks(4) {
        let sound = packet(rig.control.stats().next_sequence, group);
        for _ in 0..200 {
            let bytes = damaged(&mut random, &sound);
            refused += u64::from(Packet::decode(&bytes).is_err());
            packets += 1;
            rig.hot.step(&bytes, 0);
            assert_eq!(rig.control.stats().malformed, refused, "{bytes:02x?}");
        }
    }
    assert_eq!(packets, 100_000);
    assert!((20_000..80_000).contains(&refused), "{refused}");
}

#[test]
fn how_far_the_market_is_no_packet_that_is_late_makes_less() {
    let mut rig = Rig::new(config());
    let messages = messages(8);
    rig.hot.step(&packet(9, &[]), 1); // A heartbeat: 8 were sent, and the last of them are lost.
    rig.hot.step(&packet(3, &messages[2..3]), 2);
    rig.hot.step(&packet(1, &messages[0..2]), 3);
    let gap = rig.hot.gap().expect("4 to 8 are missing");
    assert_eq!((gap.from, gap.count), (4, 5));
}

#[test]
fn no_trigger_acts_over_a_gap_and_a_gap_given_up_pulls_what_rests() {
    let mut rig = Rig::new(HotConfig {
        gap_give_up_ns: SECOND,
        ..config()
    });
    rig.now_ns = SECOND;
    rig.control.set_parent(&parent(Style::Peg)).expect("sound");
    rig.open_market_with(1);
    rig.sequence += 1;
    // Sequence 5 is missing: the better bid of 6 moves nothing.
    assert!(
        rig.packet(&[add(SECOND, 5, 3, Side::Buy, 100, 1_000_000)])
            .is_empty()
    );
    let late = HotParent {
        parent_id: 78,
        ..parent(Style::Child)
    };
    rig.control.set_parent(&late).expect("sound");
    rig.now_ns += SECOND / 2;
    assert_eq!(rig.hot.idle(rig.now_ns), 0);
    rig.now_ns += SECOND;
    assert_eq!(rig.hot.idle(rig.now_ns), 1);
    let cancel = rig.taken()[0];
    assert_eq!(cancel.kind, IntentKind::Cancel as u8);
    let stats = rig.control.stats();
    assert_eq!((stats.broken, stats.next_sequence), (1, 7));
    rig.execution(&answer(&cancel, ExecKind::Canceled, 0));
    assert!(
        rig.packet(&[add(SECOND, 5, 4, Side::Buy, 100, 1_000_050)])
            .is_empty()
    );
}

impl Rig {
    /// The market opens and the peg's first order is accepted.
    fn open_market_with(&mut self, orders: usize) {
        let at = self.now_ns;
        let made = self.packet(&[
            rig::event(at, b'Q'),
            rig::state(at, 5, b'T'),
            add(at, 5, 1, Side::Buy, 500, 999_900),
            add(at, 5, 2, Side::Sell, 500, 1_000_100),
        ]);
        assert_eq!(made.len(), orders);
        for intent in made {
            self.execution(&answer(&intent, ExecKind::Accepted, 0));
        }
        self.sequence += 0;
    }
}
