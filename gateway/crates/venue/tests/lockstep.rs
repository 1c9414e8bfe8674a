//! Lockstep: the same seed and the same client make the same bytes; market data alone rebuilds the book.

mod support;

use std::collections::BTreeMap;

use cws_abi::Side;
use cws_venue::{Port, Rng, Venue};
use cws_wire::itch50::Message;
use serde_json::{Value, json};
use support::{Line, Receiver, at, cancel, command, config, enter, open, replace};

struct Run {
    venue: Venue,
    receiver: Receiver,
    lines: Vec<Line>,
}

impl Run {
    fn start(seed: u64) -> Self {
        let mut venue = open(config(|config| config.seed = seed));
        let accounts = [("RISK01", "changeme"), ("RISK02", "other")];
        let lines = accounts.map(|account| Line::login(&mut venue, Port::Orders, account, 1));
        Self {
            venue,
            receiver: Receiver::default(),
            lines: lines.into(),
        }
    }

    /// Acknowledges one packet; before that its clients act as their own seed says.
    fn packet(&mut self, number: u64, client: &mut Rng) -> Value {
        let who = client.below(2) as usize;
        let name = |n: u64| format!("T{who}X{n}");
        let cents = 18_990 + client.below(20) as u32;
        let bytes = match client.below(6) {
            0 | 1 => enter(&name(number), b'B', 100, cents).to_bytes().to_vec(),
            2 => enter(&name(number), b'S', 300, cents).to_bytes().to_vec(),
            3 => cancel(&name(client.below(number + 1)), 0)
                .to_bytes()
                .to_vec(),
            4 => {
                let old = name(client.below(number + 1));
                replace(&old, &name(number), 200, cents).to_bytes().to_vec()
            }
            _ => Vec::new(),
        };
        if !bytes.is_empty() {
            self.lines[who].order(&mut self.venue, &bytes, at(number));
        }
        let seq = self.venue_seq();
        let told = command(&mut self.venue, json!({"cmd": "processed", "seq": seq}));
        self.lines
            .iter_mut()
            .for_each(|line| line.read(&mut self.venue));
        assert_eq!(told["sequenced"], json!(self.lines[0].messages.len()));
        let answer = command(&mut self.venue, json!({"cmd": "ack", "seq": seq}));
        self.receiver.read(&mut self.venue);
        answer
    }

    fn venue_seq(&mut self) -> u64 {
        self.receiver
            .messages
            .last_key_value()
            .map_or(0, |(number, _)| *number)
    }
}

fn day(seed: u64, packets: u64) -> Run {
    let mut run = Run::start(seed);
    let mut client = Rng::new(99, "client");
    for number in 0..packets {
        run.packet(number, &mut client);
    }
    command(&mut run.venue, json!({"cmd": "end"}));
    run.receiver.read(&mut run.venue);
    run.lines
        .iter_mut()
        .for_each(|line| line.read(&mut run.venue));
    run
}

#[test]
fn two_runs_emit_the_same_bytes_and_another_seed_others() {
    let (first, second, other) = (day(7, 1_500), day(7, 1_500), day(8, 1_500));
    assert!(first.receiver.datagrams == second.receiver.datagrams);
    assert!(first.receiver.datagrams != other.receiver.datagrams);
    for (one, two) in first.lines.iter().zip(&second.lines) {
        assert!(one.bytes == two.bytes);
        assert!(one.messages.len() > 500, "{}", one.messages.len());
        assert!(one.packets.ends_with(b"Z"));
    }
    assert_eq!(
        first.venue.engine().state_hash(),
        second.venue.engine().state_hash()
    );
    assert!(first.receiver.ended);
}

#[test]
fn nothing_moves_without_an_acknowledgement_and_only_the_last_packet_counts() {
    let mut run = Run::start(7);
    run.venue.tick(at(600_000));
    run.receiver.read(&mut run.venue);
    assert!(run.receiver.messages.is_empty(), "heartbeats only");
    let first = command(&mut run.venue, json!({"cmd": "ack", "seq": 0}));
    assert_eq!(first["advanced"], json!(true));
    let again = command(&mut run.venue, json!({"cmd": "ack", "seq": 0}));
    assert_eq!(
        (&again["advanced"], &again["published"]),
        (&json!(false), &first["published"])
    );
    let beyond = run
        .venue
        .command(&json!({"cmd": "ack", "seq": 1_000}), at(0));
    assert_eq!(beyond["code"], json!("CWS-VENUE-013"));
}

#[test]
fn orders_are_matched_at_the_time_of_the_packet_and_their_data_come_next() {
    let mut run = Run::start(7);
    for _ in 0..20 {
        let seq = run.venue_seq();
        command(&mut run.venue, json!({"cmd": "ack", "seq": seq}));
        run.receiver.read(&mut run.venue);
    }
    assert_eq!(
        command(&mut run.venue, json!({"cmd": "status"}))["queued"],
        json!(0)
    );
    let seq = run.venue_seq();
    let last = |run: &Run, n: u64| Message::decode(&run.receiver.messages[&n]).expect("ITCH");
    let stamp_of = |bytes: &[u8]| {
        u64::from_be_bytes([
            0, 0, bytes[5], bytes[6], bytes[7], bytes[8], bytes[9], bytes[10],
        ])
    };
    let before = stamp_of(&run.receiver.messages[&seq]);
    let order = enter("REST", b'B', 700, 18_001).to_bytes();
    run.lines[0].order(&mut run.venue, &order, at(999_999));
    run.receiver.read(&mut run.venue);
    assert_eq!(run.venue_seq(), seq, "not before the acknowledgement");
    command(&mut run.venue, json!({"cmd": "ack", "seq": seq}));
    run.receiver.read(&mut run.venue);
    let Message::AddOrder(added) = last(&run, seq + 1) else {
        panic!("an add")
    };
    assert_eq!(
        (added.shares, added.price.0, added.timestamp),
        (700, 1_800_100, before)
    );
    let accepted = run.lines[0].messages.last().expect("answered");
    let stamp = u64::from_be_bytes(accepted[1..9].try_into().expect("8 bytes"));
    assert_eq!(stamp, before);
}

#[test]
fn a_killed_lockstep_venue_waits_for_the_same_packet() {
    let mut run = Run::start(7);
    let mut client = Rng::new(5, "client");
    (0..400).for_each(|number| drop(run.packet(number, &mut client)));
    let mut again = Venue::new(
        config(|config| config.seed = 7),
        support::START_NS,
        Vec::new(),
    )
    .expect("the same configuration");
    again.start(cws_venue::records_of(&run.venue.unwritten), at(0));
    let told = |venue: &mut Venue| {
        let mut status = command(venue, json!({"cmd": "status"}));
        status["sessions"] = json!(null);
        status
    };
    assert_eq!(told(&mut again), told(&mut run.venue));
    for venue in [&mut again, &mut run.venue] {
        for _ in 0..100 {
            let seq = command(venue, json!({"cmd": "status"}))["awaited"].clone();
            command(venue, json!({"cmd": "ack", "seq": seq}));
        }
    }
    assert_eq!(told(&mut again), told(&mut run.venue));
}

/// Price to queue of (order, shares), as a receiver of ITCH keeps it.
type Queues = BTreeMap<(u16, bool, u32), Vec<(u64, u32)>>;

#[derive(Default)]
struct Book {
    orders: BTreeMap<u64, (u16, bool, u32)>,
    queues: Queues,
}

impl Book {
    fn add(&mut self, order: u64, place: (u16, bool, u32), shares: u32) {
        self.orders.insert(order, place);
        self.queues.entry(place).or_default().push((order, shares));
    }

    fn cut(&mut self, order: u64, shares: Option<u32>) -> (u16, bool, u32) {
        let place = self.orders[&order];
        let queue = self.queues.get_mut(&place).expect("a level");
        let at = queue
            .iter()
            .position(|(other, _)| *other == order)
            .expect("queues");
        let left = queue[at].1 - shares.unwrap_or(queue[at].1);
        queue[at].1 = left;
        if left == 0 {
            queue.remove(at);
            self.orders.remove(&order);
        }
        if self.queues[&place].is_empty() {
            self.queues.remove(&place);
        }
        place
    }

    fn take(&mut self, bytes: &[u8]) {
        match Message::decode(bytes).expect("ITCH") {
            Message::AddOrder(m) => {
                let place = (m.stock_locate, m.side == b'B', m.price.0);
                self.add(m.order_reference_number, place, m.shares);
            }
            Message::OrderExecuted(m) => {
                self.cut(m.order_reference_number, Some(m.executed_shares));
            }
            Message::OrderCancel(m) => {
                self.cut(m.order_reference_number, Some(m.cancelled_shares));
            }
            Message::OrderDelete(m) => {
                self.cut(m.order_reference_number, None);
            }
            Message::OrderReplace(m) => {
                let (locate, buy, _) = self.cut(m.original_order_reference_number, None);
                self.add(
                    m.new_order_reference_number,
                    (locate, buy, m.price.0),
                    m.shares,
                );
            }
            _ => {}
        }
    }
}

fn engine_queues(venue: &Venue) -> Queues {
    let mut queues = Queues::new();
    for symbol in [1, 2] {
        for side in [Side::Buy, Side::Sell] {
            for (price, _, queue) in venue.engine().levels(symbol, side) {
                let place = (symbol, side == Side::Buy, (price / 100_000) as u32);
                let queue = queue.map(|order| (order.number, order.open as u32));
                queues.insert(place, queue.collect());
            }
        }
    }
    queues
}

#[test]
fn market_data_rebuilds_every_level_and_place_in_the_queue() {
    let mut run = Run::start(7);
    let mut client = Rng::new(5, "client");
    let (mut book, mut read, mut compared) = (Book::default(), 0, 0);
    for number in 0..1_500 {
        run.packet(number, &mut client);
        for (_, message) in run.receiver.messages.range(read + 1..) {
            book.take(message);
        }
        read = run.venue_seq();
        // Only when no packet waits do the public and the engine know the same.
        if command(&mut run.venue, json!({"cmd": "status"}))["queued"] == json!(0) {
            assert_eq!(book.queues, engine_queues(&run.venue));
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
    let letters: Vec<u8> = run
        .receiver
        .messages
        .values()
        .map(|message| message[0])
        .collect();
    for letter in b"SRHAEXDU" {
        assert!(letters.contains(letter), "{} occurs", *letter as char);
    }
}
