//! Every knob does what it says, and what a client can rely on still holds.

mod support;

use std::collections::BTreeMap;

use cws_venue::{Config, Mode, Port, Record, Venue};
use cws_wire::ouch42::Outbound;
use serde_json::{Value, json};
use support::{Line, Receiver, START_NS, at, cancel, command, config, enter, open};

const RISK: (&str, &str) = ("RISK01", "changeme");
const OTHER: (&str, &str) = ("RISK02", "other");

fn quiet_config(config: &mut Config) {
    config.mode = Mode::Free;
    config.flow = serde_json::from_value(json!({"kind": "none"})).expect("a flow");
}

fn quiet(faults: Value) -> Venue {
    let mut venue = open(config(quiet_config));
    let mut request = faults;
    request["cmd"] = json!("fault");
    command(&mut venue, request);
    venue
}

fn count(venue: &mut Venue, name: &str) -> u64 {
    command(venue, json!({"cmd": "fault"}))["counts"][name]
        .as_u64()
        .expect("counted")
}

/// Free-running synthetic flow for so many ms.
fn flow(venue: &mut Venue, receiver: &mut Receiver, from_ms: u64, to_ms: u64) {
    for ms in from_ms..to_ms {
        venue.tick(at(ms));
        receiver.read(venue);
    }
}

#[test]
fn what_both_feeds_lost_is_had_by_request() {
    let free = |seed: u64| config(|config| (config.mode, config.seed) = (Mode::Free, seed));
    let mut clean = open(free(3));
    let mut all = Receiver::default();
    flow(&mut clean, &mut all, 0, 1_500);
    for knob in ["drop", "duplicate", "reorder", "delay", "garble"] {
        let mut venue = open(free(3));
        let mut receiver = Receiver::default();
        let mut request = json!({"cmd": "fault"});
        request[knob] = json!(0.3);
        command(&mut venue, request);
        flow(&mut venue, &mut receiver, 0, 1_500);
        assert!(count(&mut venue, knob) > 100, "{knob}");
        assert_ne!(
            receiver.datagrams, all.datagrams,
            "{knob} changes what is sent"
        );
        // A delayed or overtaken packet is under way; it is asked for like a lost one.
        receiver.recover(&mut venue, at(1_500));
        // A garbled sequence number may have filed a message under another number; a real receiver checks no more.
        if knob != "garble" {
            assert!(receiver.sequence() == all.sequence(), "{knob}");
        }
    }
}

#[test]
fn requests_are_answered_within_their_rate() {
    let mut venue = open(config(|config| {
        quiet_config(config);
        config.market_data.replies_per_s = 5;
    }));
    let request = cws_wire::mold_udp64::Header {
        session: *b"CWS0000001",
        sequence_number: 1,
        message_count: 1,
    };
    let mut answered = |ms| {
        (0..20)
            .filter(|_| venue.retransmission(&request.to_bytes(), at(ms)).is_some())
            .count()
    };
    assert_eq!((answered(0), answered(500), answered(1_000)), (5, 0, 5));
}

#[test]
fn a_lost_acknowledgement_comes_back_with_the_next_login() {
    let mut venue = quiet(json!({"ack_lost": 1.0}));
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    line.order(&mut venue, &enter("A", b'B', 100, 18_000).to_bytes(), at(1));
    line.order(&mut venue, &enter("B", b'B', 100, 18_000).to_bytes(), at(1));
    venue.tick(at(2_000));
    line.read(&mut venue);
    assert_eq!(
        (line.letters().as_str(), line.packets.last()),
        ("S", Some(&b'H')),
        "the line lives"
    );
    assert_eq!(venue.engine().open_orders(), 2);
    let again = Line::login(&mut venue, Port::Orders, RISK, 2);
    assert_eq!(again.letters(), "AA");
}

#[test]
fn a_broken_line_leaves_the_order_taken_or_never_seen() {
    let mut venue = quiet(json!({"disconnect": 1.0}));
    let mut taken = 0;
    for number in 0..40 {
        let mut line = Line::login(&mut venue, Port::Orders, RISK, 0);
        let order = enter(&format!("A{number}"), b'B', 100, 18_000);
        line.order(&mut venue, &order.to_bytes(), at(1));
        assert!(line.closed && line.messages.is_empty());
        let replay = Line::login(&mut venue, Port::Orders, RISK, 1);
        let told = replay.outbound().iter().any(
            |message| matches!(message, Outbound::Accepted(accepted) if accepted.order_token == order.order_token),
        );
        taken += usize::from(told);
        assert_eq!(
            venue.engine().open_orders(),
            taken,
            "the stream says what is in the book"
        );
        venue.disconnect(replay.id);
    }
    assert!((8..32).contains(&taken), "{taken}");
}

#[test]
fn a_fill_may_come_before_its_acknowledgement_and_twice() {
    let mut venue = quiet(json!({"fill_before_ack": 1.0}));
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    let mut other = Line::login(&mut venue, Port::Orders, OTHER, 1);
    other.order(&mut venue, &enter("S", b'S', 300, 18_000).to_bytes(), at(1));
    line.order(&mut venue, &enter("A", b'B', 100, 18_000).to_bytes(), at(1));
    assert_eq!(line.letters(), "SEA");
    command(
        &mut venue,
        json!({"cmd": "fault", "fill_before_ack": 0.0, "duplicate_execution": 1.0}),
    );
    line.order(&mut venue, &enter("B", b'B', 100, 18_000).to_bytes(), at(1));
    assert_eq!(line.letters(), "SEAAEE");
    assert_eq!(line.messages[4], line.messages[5], "one match number");
    let mut copy = Line::login(&mut venue, Port::DropCopy, ("DROP01", "changeme"), 1);
    copy.read(&mut venue);
    assert_eq!(copy.letters(), "AAEEAEE", "drop copy knows no misfortune");
}

#[test]
fn a_late_fill_comes_after_the_cancel_and_shares_are_conserved() {
    let mut venue = quiet(json!({"late_fill": 1.0, "late_fill_ms": 500}));
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    let mut other = Line::login(&mut venue, Port::Orders, OTHER, 1);
    line.order(&mut venue, &enter("A", b'B', 300, 18_000).to_bytes(), at(1));
    other.order(&mut venue, &enter("S", b'S', 100, 18_000).to_bytes(), at(1));
    line.read(&mut venue);
    assert_eq!(line.letters(), "SA");
    line.order(&mut venue, &cancel("A", 0).to_bytes(), at(2));
    assert_eq!(line.letters(), "SACE");
    let mut shares = BTreeMap::new();
    for message in line.outbound() {
        match message {
            Outbound::Canceled(canceled) => {
                *shares.entry('C').or_insert(0) += canceled.decrement_shares
            }
            Outbound::Executed(executed) => {
                *shares.entry('E').or_insert(0) += executed.executed_shares
            }
            _ => {}
        }
    }
    assert_eq!(shares, BTreeMap::from([('C', 200), ('E', 100)]));
    // Without a cancel it comes when its time is over; a cancel that is too late brings it, too.
    line.order(&mut venue, &enter("B", b'B', 100, 18_000).to_bytes(), at(3));
    other.order(&mut venue, &enter("T", b'S', 100, 18_000).to_bytes(), at(3));
    venue.tick(at(400));
    line.read(&mut venue);
    assert_eq!(line.letters(), "SACEA");
    venue.tick(at(504));
    line.read(&mut venue);
    assert_eq!(line.letters(), "SACEAE");
    line.order(
        &mut venue,
        &enter("C", b'B', 100, 18_000).to_bytes(),
        at(600),
    );
    other.order(
        &mut venue,
        &enter("U", b'S', 100, 18_000).to_bytes(),
        at(600),
    );
    line.order(&mut venue, &cancel("B", 0).to_bytes(), at(601));
    assert_eq!(
        line.letters(),
        "SACEAEA",
        "another order's cancel brings nothing"
    );
    line.order(&mut venue, &cancel("C", 0).to_bytes(), at(602));
    assert_eq!(line.letters(), "SACEAEAE");
}

#[test]
fn a_throttled_session_is_served_later_and_loses_nothing() {
    let mut venue = quiet(json!({"throttle_per_s": 10}));
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    for number in 0..15 {
        let order = enter(&format!("A{number}"), b'B', 100, 18_000);
        line.order(&mut venue, &order.to_bytes(), at(1));
    }
    assert_eq!(venue.engine().open_orders(), 9, "the login was the first");
    venue.tick(at(1_000));
    line.read(&mut venue);
    assert_eq!(
        (venue.engine().open_orders(), line.messages.len()),
        (15, 16)
    );
}

#[test]
fn unknown_faults_and_chances_are_refused_whole() {
    let mut venue = quiet(json!({}));
    for (request, code) in [
        (
            json!({"cmd": "fault", "drop": 0.5, "gremlin": 1.0}),
            "CWS-VENUE-004",
        ),
        (json!({"cmd": "fault", "drop": 1.5}), "CWS-VENUE-002"),
        (
            json!({"cmd": "fault", "delay_ms": 100_000_000}),
            "CWS-VENUE-003",
        ),
        (json!({"cmd": "halt", "symbol": "NONE"}), "CWS-VENUE-011"),
        (json!({"cmd": "ack", "seq": 0}), "CWS-VENUE-012"),
        (json!({"cmd": "dance"}), "CWS-VENUE-010"),
    ] {
        assert_eq!(venue.command(&request, at(0))["code"], json!(code));
    }
    assert_eq!(
        command(&mut venue, json!({"cmd": "fault"}))["settings"]["drop"],
        json!(0.0)
    );
}

#[test]
fn a_killed_venue_comes_back_with_the_same_streams_and_book() {
    let knobs = |config: &mut Config| {
        config.mode = Mode::Free;
        config.faults.late_fill = 0.5;
        config.faults.late_fill_ms = 20;
        config.faults.duplicate_execution = 0.2;
        config.faults.fill_before_ack = 0.5;
        config.faults.disconnect = 0.01;
        config.faults.drop = 0.1;
    };
    let mut venue = open(config(knobs));
    let mut receiver = Receiver::default();
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    for ms in 0..1_000 {
        venue.tick(at(ms));
        receiver.read(&mut venue);
        let order = enter(
            &format!("A{ms}"),
            if ms % 2 == 0 { b'B' } else { b'S' },
            100,
            19_000,
        );
        line.order(&mut venue, &order.to_bytes(), at(ms));
        if line.closed {
            line = Line::login(&mut venue, Port::Orders, RISK, 1);
        }
        if ms == 500 {
            command(&mut venue, json!({"cmd": "fault", "late_fill": 0.9}));
            command(&mut venue, json!({"cmd": "halt", "symbol": "MSFT"}));
        }
    }
    let records: Vec<Record> = cws_venue::records_of(&venue.unwritten);
    assert!(records.len() > 1_000);
    let mut again =
        Venue::new(config(knobs), START_NS, Vec::new()).expect("the same configuration");
    again.start(records, at(1_000));
    let told = |venue: &mut Venue| {
        let mut status = command(venue, json!({"cmd": "status"}));
        status["faults"]["counts"] = json!(null);
        status["sessions"]["RISK01"]["connected"] = json!(null);
        status["awaited"] = json!(null);
        status
    };
    assert_eq!(told(&mut again), told(&mut venue));
    let replay = Line::login(&mut again, Port::Orders, RISK, 1);
    let whole = Line::login(&mut venue, Port::Orders, RISK, 1);
    assert_eq!(replay.messages, whole.messages);
    assert!(replay.letters().matches('E').count() > 100);
    // And both go on alike.
    for venue in [&mut again, &mut venue] {
        venue.feeds.out.clear();
        (1_000..1_300).for_each(|ms| venue.tick(at(ms)));
    }
    assert_eq!(told(&mut again), told(&mut venue));
}
