//! The thread's body on real sockets: two feeds, a retransmission server, parameters and executions from another thread.

mod rig;

use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use cws_abi::{Consumer, ExecKind, OrderIntent, Side};
use cws_book::hot::{Control, HotError, PACKET_MAX};
use cws_book::hot_abi::{HotConfig, HotParent, HotSockets, Style, latency_bucket_ns};
use cws_wire::mold_udp64::RequestPacket;
use rig::{Rig, SECOND, add, answer, config, event, packet, parent, state};

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").expect("loopback")
}

/// Polls until `done` or five seconds are over.
fn eventually(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(5), "in time");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Runs `body` beside the hot loop, which ends with it: a failed test would wait for the loop for ever.
fn beside_the_loop(
    rig: &mut Rig,
    sockets: &HotSockets,
    body: impl FnOnce(&mut Control, &mut Consumer<OrderIntent>),
) {
    let (hot, control, ring) = (&mut rig.hot, &mut rig.control, &mut rig.ring);
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || hot.run(sockets));
        let outcome = catch_unwind(AssertUnwindSafe(|| body(control, ring)));
        control.stop();
        thread.join().expect("no panic").expect("a clean end");
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

#[test]
fn packets_lost_on_both_feeds_are_requested_and_orders_flow() {
    // Stamps count from a midnight of the test's own: its packets are received now, and say one second after midnight.
    let mut rig = Rig::new(HotConfig {
        midnight_ns: 1,
        ..config()
    });
    let (feed_a, feed_b, request, server, sender) =
        (socket(), socket(), socket(), socket(), socket());
    request
        .connect(server.local_addr().expect("bound"))
        .expect("loopback");
    server
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let sockets = HotSockets {
        feed_a: feed_a.as_raw_fd().into(),
        feed_b: feed_b.as_raw_fd().into(),
        request: request.as_raw_fd().into(),
        ..HotSockets::default()
    };
    let (a, b) = (
        feed_a.local_addr().expect("bound"),
        feed_b.local_addr().expect("bound"),
    );
    let start = SECOND;
    let messages = [
        event(start, b'Q'),
        state(start, 5, b'T'),
        add(start, 5, 1, Side::Buy, 500, 999_900),
        add(start, 5, 2, Side::Sell, 500, 1_000_100),
    ];
    beside_the_loop(&mut rig, &sockets, |control, ring| {
        control.set_parent(&parent(Style::Peg)).expect("sound");
        // Messages 1 and 2 come on one feed or both, 3 on none, 4 on B.
        sender.send_to(&packet(1, &messages[..1]), a).expect("sent");
        sender.send_to(&packet(1, &messages[..2]), b).expect("sent");
        sender
            .send_to(&packet(2, &messages[1..2]), a)
            .expect("sent");
        sender.send_to(&packet(4, &messages[3..]), b).expect("sent");
        let mut asked = [0; 64];
        let (length, from) = server.recv_from(&mut asked).expect("a request in time");
        let asked = RequestPacket::decode(&asked[..length]).expect("a sound request");
        assert_eq!((asked.session, asked.sequence_number), (rig::SESSION, 3));
        assert_eq!(asked.requested_message_count, 1);
        server
            .send_to(&packet(3, &messages[2..3]), from)
            .expect("sent");
        eventually(|| control.stats().intents == 1);
        let first = ring.take().expect("sound").expect("one intent");
        assert!(control.push_execution(&answer(&first, ExecKind::Accepted, 0)));
        eventually(|| control.stats().executions == 1);
        let stop = HotParent {
            activity: 2,
            ..parent(Style::Peg)
        };
        control.set_parent(&stop).expect("sound");
        eventually(|| control.stats().intents == 2);
        let cancel = ring.take().expect("sound").expect("the cancel");
        assert_eq!((cancel.kind, cancel.orig_order_id), (2, first.order_id));
    });
    let mut buffer = [0; PACKET_MAX];
    let seen: Vec<_> = std::iter::from_fn(|| rig.control.tap(&mut buffer)).collect();
    let stats = rig.control.stats();
    assert_eq!(seen.len() as u64, stats.packets);
    assert_eq!(seen.iter().filter(|tapped| tapped.source == 2).count(), 1);
    assert_eq!((stats.next_sequence, stats.tap_dropped), (5, 0));
    let slow: u64 = stats.latency.iter().sum();
    assert_eq!(slow, 1, "the intent that a packet caused");
    assert_eq!([8, 9, 12, 127].map(latency_bucket_ns), [4, 5, 8, 7 << 29]);
}

#[test]
fn the_feed_that_falls_silent_is_followed_by_the_other_one() {
    let mut rig = Rig::new(config());
    let (feed_a, feed_b, sender) = (socket(), socket(), socket());
    let sockets = HotSockets {
        feed_a: feed_a.as_raw_fd().into(),
        feed_b: feed_b.as_raw_fd().into(),
        request: -1,
        // Without a sleep, after which it would look at both anyway.
        awake_ns: 3_600_000_000_000,
        ..HotSockets::default()
    };
    let feeds = [&feed_a, &feed_b].map(|feed| feed.local_addr().expect("bound"));
    beside_the_loop(&mut rig, &sockets, |control, _| {
        for number in 1..=64 {
            // Each feed leads for eight packets in a row, and then is silent for as long.
            let leads = feeds[(number as usize / 8) % 2];
            let message = add(SECOND, 5, number, Side::Buy, 500, 999_900);
            sender
                .send_to(&packet(number, &[message]), leads)
                .expect("sent");
            eventually(|| control.stats().next_sequence == number + 1);
        }
    });
    let stats = rig.control.stats();
    assert_eq!((stats.packets, stats.gaps, stats.duplicates), (64, 0, 0));
}

#[test]
fn a_core_that_is_not_there_is_an_error_with_a_code() {
    let mut rig = Rig::new(config());
    let sockets = HotSockets {
        core: 100_000,
        ..HotSockets::default()
    };
    let error = rig.hot.run(&sockets).expect_err("no such core");
    assert!(matches!(error, HotError::System(libc::EINVAL)));
    assert!(error.to_string().contains("CWS-HOT-004"), "{error}");
}
