//! Lockstep: the venue holds the clock, and nothing of ours runs on any other. See gateway/README.md, Lockstep.

use std::io::ErrorKind;
use std::net::UdpSocket;

use cws_book::hot::{Hot, PACKET_MAX};
use cws_process::clock;
use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::stop;
use cws_process::waiting::Waiting;
use cws_wire::mold::{END_OF_SESSION, Packet};
use serde_json::json;

use super::commands;
use super::gateway::Gateway;
use super::start::Sockets;
use super::venue_clock::{Venue, fault, number};

/// A published packet that did not come is asked for again after this.
const ASK_AGAIN_NS: u64 = 20_000_000;
const INTENTS_AN_INSTANT_MAX: u64 = 1 << 16;
/// Which of the three sources is the retransmissions.
const AGAIN: usize = 2;

pub struct Lockstep<'a> {
    gateway: &'a mut Gateway,
    hot: Hot,
    sockets: Sockets,
    socket: &'a mut LineSocket,
    waiting: Waiting,
    /// Arrival of the last packet. Nothing is decided by it: in lockstep the hot loop's rate is unbounded.
    now_ns: u64,
    /// The message of the market data that comes next.
    next: u64,
    /// Packets that the hot loop has not been given yet.
    packets: Vec<Vec<u8>>,
    /// An event time, and how many intents there were when it came.
    instant: (u64, u64),
}

/// Until SIGTERM or the end of the venue's day; then only commands are answered.
pub fn run(
    gateway: &mut Gateway,
    hot: Hot,
    sockets: Sockets,
    socket: &mut LineSocket,
) -> Result<(), Fault> {
    let spinners = usize::try_from(gateway.config.hot.spinners).unwrap_or(3);
    let mut day = Lockstep {
        gateway,
        hot,
        sockets,
        socket,
        waiting: Waiting::new(spinners),
        now_ns: 0,
        next: 1,
        packets: Vec::new(),
        instant: (0, 0),
    };
    while !day.gateway.lockstep.begun && !stop::asked() {
        day.turn()?;
    }
    if !stop::asked() {
        day.day()?;
    }
    while !stop::asked() {
        day.turn()?;
    }
    Ok(())
}

impl Lockstep<'_> {
    fn day(&mut self) -> Result<(), Fault> {
        // An order before risk is ready would be refused, and how many were would be the scheduler's doing.
        while self.gateway.risk_link.state() != "ACTIVE" && !stop::asked() {
            self.turn()?;
        }
        let path = self.gateway.config.run_dir.join("venue.sock");
        let mut venue = Venue::connect(&path)?;
        let told = venue.ask(&json!({"cmd": "status"}))?;
        let session = told["session"].as_str().unwrap_or_default();
        self.gateway.session = cws_wire::padded(session).unwrap_or([b' '; 10]);
        let mut seq = 0;
        while !stop::asked() {
            let answer = venue.ask(&json!({"cmd": "ack", "seq": seq}))?;
            let published = number(&answer, "published")?;
            // A life before ours had got further than the first packet: its packets are asked for again.
            let behind = seq == 0 && answer["advanced"] == json!(false);
            self.packets_to(published)?;
            self.gateway.lockstep.acked = seq;
            if !self.gateway.ready {
                self.gateway.ready = true;
                self.gateway.work_unnamed();
            }
            if answer["finished"] == json!(true) {
                self.gateway.poll_intents()?;
                self.settle()?;
                self.deliver();
                self.gateway.lockstep.finished = true;
                return Ok(());
            }
            if published == seq && !behind {
                return Err(fault("the venue went on without a packet"));
            }
            seq = published;
            self.conclude(&mut venue, seq)?;
        }
        Ok(())
    }

    /// Waits until all that is published is here.
    fn packets_to(&mut self, published: u64) -> Result<(), Fault> {
        let mut asked_ns = clock::monotonic_ns();
        while self.next <= published && !stop::asked() {
            let sources = self.receive()?;
            let now_ns = clock::monotonic_ns();
            // One answer of the server brings one packet: the next is asked for as soon as it is there.
            if sources[AGAIN] || now_ns - asked_ns > ASK_AGAIN_NS {
                asked_ns = now_ns;
                self.ask_for(published);
            }
            if sources == [false; 3] {
                self.turn()?;
            } else {
                self.waiting.worked();
            }
        }
        Ok(())
    }

    /// At most one packet of each feed and of the retransmissions, so that neither feed piles up. Which feed is first,
    /// and whether the other comes at all, makes no difference: each packet counts once, and in its turn.
    fn receive(&mut self) -> Result<[bool; 3], Fault> {
        let mut packet = [0; PACKET_MAX];
        let mut heard = [false; 3];
        for (source, heard) in heard.iter_mut().enumerate() {
            let socket = match source {
                AGAIN => &self.sockets.request,
                feed => &self.sockets.feeds[feed],
            };
            let Some(length) = received(socket, &mut packet)? else {
                continue;
            };
            *heard = true;
            let bytes = &packet[..length];
            self.now_ns = clock::utc_ns();
            self.gateway.look_at(bytes, source as u32, self.now_ns);
            let Some(next) = follows(bytes, self.next) else {
                continue;
            };
            self.next = next;
            if self.gateway.ready {
                self.packets.push(bytes.to_vec());
            } else {
                self.hot.step(bytes, self.now_ns); // Of the past: nothing is worked on it.
            }
        }
        Ok(heard)
    }

    fn ask_for(&self, published: u64) {
        let (from, session) = (self.next, self.gateway.session);
        let missing = u16::try_from(published + 1 - from).unwrap_or(u16::MAX);
        let mut request = Vec::with_capacity(20);
        request.extend_from_slice(&session);
        request.extend_from_slice(&from.to_be_bytes());
        request.extend_from_slice(&missing.to_be_bytes());
        // A request that is lost is sent again.
        self.sockets.request.send(&request).ok();
    }

    /// Whatever the venue has said is here, and so at risk, before the hot loop hears it and the packet; every intent
    /// that it then makes gets its concluding execution. Made it new ones, so again; else time may go on.
    fn conclude(&mut self, venue: &mut Venue, seq: u64) -> Result<(), Fault> {
        self.gateway.poll_intents()?;
        while !stop::asked() {
            self.settle()?;
            let told = venue.ask(&json!({"cmd": "processed", "seq": seq}))?;
            let sequenced = number(&told, "sequenced")?;
            while self.gateway.desk.orders.venue_seq() < sequenced && !stop::asked() {
                self.turn()?;
            }
            if self.gateway.desk.orders.awaiting() > 0 {
                continue;
            }
            self.deliver();
            if !self.gateway.poll_intents()? {
                break;
            }
            self.bound()?;
        }
        Ok(())
    }

    /// Time stands still while triggers act. One that answers to its own orders would keep it from going on for ever.
    fn bound(&mut self) -> Result<(), Fault> {
        let stats = self.gateway.control.stats();
        let (event_ns, intents) = self.instant;
        if stats.event_ns != event_ns {
            self.instant = (stats.event_ns, stats.intents);
        } else if stats.intents - intents > INTENTS_AN_INSTANT_MAX {
            let what =
                format!("more than {INTENTS_AN_INSTANT_MAX} intents at event time {event_ns}");
            return Err(fault(&what));
        }
        Ok(())
    }

    /// Waits until no intent of ours is without an answer.
    fn settle(&mut self) -> Result<(), Fault> {
        while self.gateway.desk.orders.awaiting() > 0 && !stop::asked() {
            self.turn()?;
        }
        Ok(())
    }

    /// Packets, then executions (the venue's by their number, then risk's own by their order): an order of their own, not
    /// the scheduler's. The book goes first: on a book of the past a trigger would answer to its own last order again.
    fn deliver(&mut self) {
        self.gateway.review();
        let mut batch = std::mem::take(&mut self.gateway.untold);
        batch.make_contiguous().sort_by_key(|one| {
            let by = if one.venue_seq == 0 {
                one.order_id
            } else {
                one.venue_seq
            };
            (one.venue_seq == 0, by)
        });
        for packet in std::mem::take(&mut self.packets) {
            self.hot.step(&packet, self.now_ns);
        }
        for execution in &batch {
            self.hot.execution(execution);
        }
        self.gateway.retire();
        self.gateway.tick();
        self.hot.idle(self.now_ns);
    }

    /// One round of the slow path, and what the command socket asks.
    fn turn(&mut self) -> Result<(), Fault> {
        let mut worked = self.gateway.round()?;
        let gateway = &mut *self.gateway;
        worked |= self
            .socket
            .poll(|peer, request| commands::answer(gateway, peer, request));
        if worked {
            self.waiting.worked();
        } else {
            self.waiting.idle();
        }
        Ok(())
    }
}

/// The number after a packet's last message, where the packet holds message `next`.
fn follows(packet: &[u8], next: u64) -> Option<u64> {
    let header = Packet::decode(packet).ok()?.header;
    let (first, count) = (header.sequence_number, u64::from(header.message_count));
    let end = first.checked_add(count)?;
    (count < u64::from(END_OF_SESSION) && first <= next && next < end).then_some(end)
}

fn received(socket: &UdpSocket, packet: &mut [u8]) -> Result<Option<usize>, Fault> {
    match socket.recv(packet) {
        Ok(length) => Ok(Some(length)),
        Err(error) => match error.kind() {
            // A retransmission server that is not there yet refuses; it is asked again.
            ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionRefused => {
                Ok(None)
            }
            _ => Err(fault(&error.to_string())),
        },
    }
}
