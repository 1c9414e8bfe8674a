//! Files of shared memory that somebody removed while nothing ran: what comes by the new ones is new.

use cws_abi::{ExecKind, Producer, Side};

use crate::common::{PRICE, id, order};
use crate::desk::Desk;
use crate::venue::Venue;

/// Removes them, and the gateway makes its own anew.
fn remove(desk: &mut Desk, files: &[&str]) {
    for file in files {
        std::fs::remove_file(desk.dir.join(file)).expect("it is there");
    }
    let place = |file| desk.dir.join(file);
    let made = Producer::open(&place("intents.ring"), &place("intents.cursor"), 1024);
    desk.intents = made.expect("opens");
    desk.executions = None;
}

/// Each intent is answered: refused where it is too large.
fn answers(desk: &mut Desk, counter: u64) {
    desk.push(&order(counter, Side::Buy, 1001, PRICE));
    let mut told = desk.execution();
    while told.order_id != id(counter).bits() {
        told = desk.execution();
    }
    assert_eq!(told.kind, ExecKind::RejectedByRisk as u8);
}

fn start(desk: &mut Desk, venue: &mut Venue) {
    desk.start();
    venue.accept();
    desk.wait(|status| status["state"] == "ACTIVE");
}

#[test]
fn intents_of_a_new_ring_are_heard_after_each_restart() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("rings", &venue, "");
    desk.open_day(&mut venue);
    let mut counter = 0;
    let mut next = |desk: &mut Desk| {
        counter += 1;
        answers(desk, counter);
    };
    for _ in 0..3 {
        next(&mut desk);
    }
    let all = [
        "intents.ring",
        "intents.cursor",
        "executions.ring",
        "executions.cursor",
    ];
    for files in [&all[..], &all[..1], &all[..2], &all[2..]] {
        desk.kill9();
        venue.hang_up();
        remove(&mut desk, files);
        // Whether it dies before the first of them or after it: what the journal says next is what holds.
        for _ in 0..2 {
            start(&mut desk, &mut venue);
            desk.kill9();
            venue.hang_up();
            start(&mut desk, &mut venue);
            next(&mut desk);
            desk.kill9();
            venue.hang_up();
        }
        start(&mut desk, &mut venue);
        next(&mut desk);
        // The gateway alone was started again.
        if files.contains(&all[0]) {
            remove(&mut desk, &files[..files.len().min(2)]);
            next(&mut desk);
        }
    }
    assert_eq!(desk.status()["killed"]["firm"], false);
}
