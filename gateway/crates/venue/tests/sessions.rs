//! SoupBinTCP as a server: logins, replay, heartbeats, ends; and whatever bytes a hostile client sends.

mod support;

use cws_abi::Side;
use cws_venue::{Mode, Port, Venue};
use cws_wire::soup_bin_tcp::{Client, ClientHeartbeat, LogoutRequest};
use proptest::prelude::*;
use serde_json::json;
use support::{Line, at, config, enter, open};

const RISK: (&str, &str) = ("RISK01", "changeme");
const OTHER: (&str, &str) = ("RISK02", "other");

/// No flow, an open book.
fn quiet() -> Venue {
    open(config(|config| {
        config.mode = Mode::Free;
        config
            .symbols
            .iter_mut()
            .for_each(|symbol| symbol.rate_per_s = 0);
        config.flow = serde_json::from_value(json!({"kind": "none"})).expect("a flow");
    }))
}

#[test]
fn logins_are_refused_for_a_wrong_password_session_or_number() {
    let mut venue = quiet();
    for (login, sequence, answer) in [
        (("RISK01", "changeme", ""), 1, b'A'),
        (("RISK01", "changeme", "CWS0000001"), 0, b'A'),
        (("RISK01", "wrong", ""), 1, b'J'),
        (("NOBODY", "changeme", ""), 1, b'J'),
        (("DROP01", "changeme", ""), 1, b'J'),
        (("RISK01", "changeme", "YESTERDAY"), 1, b'J'),
        (("RISK01", "changeme", ""), 3, b'J'),
    ] {
        let mut line = Line::connect(&mut venue, Port::Orders, at(0));
        line.say_login(&mut venue, login, sequence, at(0));
        assert_eq!(line.packets[0], answer, "{login:?} {sequence}");
        assert_eq!(line.closed, answer == b'J');
    }
}

#[test]
fn any_message_can_be_sent_again_and_the_newest_connection_counts() {
    let mut venue = quiet();
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    for number in 0..20 {
        let order = enter(&format!("A{number}"), b'B', 100, 18_000 + number);
        line.order(&mut venue, &order.to_bytes(), at(1));
    }
    assert_eq!(
        line.messages.len(),
        21,
        "the start of the day and twenty orders"
    );
    for from in 1..=22 {
        let again = Line::login(&mut venue, Port::Orders, RISK, from);
        assert_eq!(again.messages, line.messages[from as usize - 1..]);
    }
    line.read(&mut venue);
    assert!(line.closed, "a newer login took its place");
}

#[test]
fn both_sides_beat_and_who_is_silent_is_disconnected() {
    let mut venue = quiet();
    let mut loud = Line::login(&mut venue, Port::Orders, RISK, 1);
    let mut mute = Line::login(&mut venue, Port::Orders, OTHER, 1);
    let mut nameless = Line::connect(&mut venue, Port::Orders, at(0));
    for second in 1..=16 {
        loud.say(
            &mut venue,
            &Client::ClientHeartbeat(ClientHeartbeat {}),
            at(second * 1_000),
        );
        venue.tick(at(second * 1_000));
        loud.read(&mut venue);
    }
    assert_eq!(
        loud.packets
            .iter()
            .filter(|packet| **packet == b'H')
            .count(),
        16
    );
    mute.read(&mut venue);
    nameless.read(&mut venue);
    assert_eq!(
        (loud.closed, mute.closed, nameless.closed),
        (false, true, true)
    );
    loud.say(
        &mut venue,
        &Client::LogoutRequest(LogoutRequest {}),
        at(17_000),
    );
    assert!(loud.closed);
}

#[test]
fn the_end_cancels_what_rests_and_ends_every_stream() {
    let mut venue = quiet();
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    let mut copy = Line::login(&mut venue, Port::DropCopy, ("DROP01", "changeme"), 1);
    line.order(&mut venue, &enter("A", b'B', 500, 18_000).to_bytes(), at(1));
    venue.end(at(2));
    line.read(&mut venue);
    copy.read(&mut venue);
    assert_eq!(line.letters(), "SACS");
    assert_eq!(
        (line.packets.last(), copy.packets.last()),
        (Some(&b'Z'), Some(&b'Z'))
    );
    assert_eq!(venue.engine().open_orders(), 0);
    // Whoever comes late is told the same.
    let late = Line::login(&mut venue, Port::Orders, RISK, 1);
    assert_eq!(
        (late.letters().as_str(), late.packets.last()),
        ("SACS", Some(&b'Z'))
    );
}

#[test]
fn drop_copy_tells_but_does_not_listen() {
    let mut venue = quiet();
    let mut copy = Line::login(&mut venue, Port::DropCopy, ("DROP01", "changeme"), 1);
    copy.order(&mut venue, &enter("A", b'B', 500, 18_000).to_bytes(), at(1));
    assert!(copy.closed);
    assert_eq!(venue.engine().best(1), (None, None));
}

#[test]
fn connections_are_bounded() {
    let mut venue = quiet();
    let taken = (0..100)
        .filter(|_| venue.connect(Port::Orders, 0).is_some())
        .count();
    assert_eq!(taken, 32);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Random bytes, and good packets with one byte changed: no panic, and the book's invariants hold.
    #[test]
    fn hostile_bytes_do_no_harm(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        changes in proptest::collection::vec((0_usize..60, any::<u8>()), 1..20),
    ) {
        let mut venue = quiet();
        let mut stranger = Line::connect(&mut venue, Port::Orders, at(0));
        stranger.send(&mut venue, &noise, at(0));
        for (at_byte, byte) in changes {
            let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
            let mut framed = [0_u8; 52];
            framed[1] = 50;
            framed[2] = b'U';
            framed[3..].copy_from_slice(&enter("A1", b'B', 100, 18_000).to_bytes());
            framed[at_byte % 52] = byte;
            line.send(&mut venue, &framed, at(0));
            line.send(&mut venue, &noise, at(0));
        }
        prop_assert_eq!(venue.engine().check(), Ok(()));
        let levels = [Side::Buy, Side::Sell].map(|side| venue.engine().levels(1, side).count());
        prop_assert!(levels[0] + levels[1] <= 20);
    }
}
