//! Lockstep: the venue holds the clock, and nothing of ours runs on any other. See gateway/README.md, Lockstep.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use cws_book::hot::{Hot, PACKET_MAX};
use cws_process::clock;
use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::stop;
use cws_process::waiting::Waiting;
use serde_json::{Value, json};

use super::commands;
use super::gateway::Gateway;
use super::start::Sockets;

/// How long an answer of `venue.sock` may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// A published packet that did not come is asked for again after this.
const ASK_AGAIN_NS: u64 = 20_000_000;
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
                self.settle()?;
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

    /// Handles packets until all that is published was seen.
    fn packets_to(&mut self, published: u64) -> Result<(), Fault> {
        let mut asked_ns = clock::monotonic_ns();
        while self.gateway.control.stats().next_sequence <= published && !stop::asked() {
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

    /// At most one packet of each feed and of the retransmissions, so that neither feed piles up.
    fn receive(&mut self) -> Result<[bool; 3], Fault> {
        let mut packet = [0; PACKET_MAX];
        let mut heard = [false; 3];
        for source in 0..3 {
            let socket = match source {
                AGAIN => &self.sockets.request,
                feed => &self.sockets.feeds[feed],
            };
            let Some(length) = received(socket, &mut packet)? else {
                continue;
            };
            heard[source] = true;
            let bytes = &packet[..length];
            self.now_ns = clock::utc_ns();
            self.gateway.look_at(bytes, source as u32, self.now_ns);
            self.hot.step(bytes, self.now_ns);
        }
        self.gateway.tick();
        Ok(heard)
    }

    fn ask_for(&self, published: u64) {
        let from = self.gateway.control.stats().next_sequence;
        let session = self
            .hot
            .gap()
            .map_or(self.gateway.session, |gap| gap.session);
        let missing = u16::try_from(published + 1 - from).unwrap_or(u16::MAX);
        let mut request = Vec::with_capacity(20);
        request.extend_from_slice(&session);
        request.extend_from_slice(&from.to_be_bytes());
        request.extend_from_slice(&missing.to_be_bytes());
        // A request that is lost is sent again.
        self.sockets.request.send(&request).ok();
    }

    /// Every intent gets its concluding execution, and every message that the venue has sent is handled: then, and only
    /// then, may time go on.
    fn conclude(&mut self, venue: &mut Venue, seq: u64) -> Result<(), Fault> {
        loop {
            self.settle()?;
            let told = venue.ask(&json!({"cmd": "processed", "seq": seq}))?;
            let sequenced = number(&told, "sequenced")?;
            while self.gateway.desk.orders.venue_seq() < sequenced && !stop::asked() {
                self.turn()?;
            }
            let quiet = self.gateway.desk.orders.awaiting() == 0;
            if (quiet && !self.has_news()?) || stop::asked() {
                return Ok(());
            }
        }
    }

    /// Waits until no intent of ours is without an answer.
    fn settle(&mut self) -> Result<(), Fault> {
        self.has_news()?;
        while self.gateway.desk.orders.awaiting() > 0 && !stop::asked() {
            self.turn()?;
        }
        Ok(())
    }

    /// Did the hot loop make intents that wait for their answers?
    fn has_news(&mut self) -> Result<bool, Fault> {
        self.gateway.poll_intents()?;
        Ok(self.gateway.desk.orders.awaiting() > 0)
    }

    /// One round of the slow path with one execution, which goes to the hot loop at once, on this thread: how many lie
    /// ready is the scheduler's doing, and must make no difference.
    fn turn(&mut self) -> Result<(), Fault> {
        let mut worked = self.gateway.round(1)?;
        while let Some(execution) = self.gateway.untold.pop_front() {
            self.hot.execution(&execution);
        }
        self.hot.idle(self.now_ns);
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

/// The clock's owner.
struct Venue {
    stream: BufReader<UnixStream>,
}

impl Venue {
    fn connect(path: &Path) -> Result<Self, Fault> {
        let refuse = |error: std::io::Error| fault(&format!("{}: {error}", path.display()));
        let stream = UnixStream::connect(path).map_err(refuse)?;
        stream.set_read_timeout(Some(ANSWER_MAX)).map_err(refuse)?;
        stream.set_write_timeout(Some(ANSWER_MAX)).map_err(refuse)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    fn ask(&mut self, request: &Value) -> Result<Value, Fault> {
        let refuse = |error: std::io::Error| fault(&error.to_string());
        let line = format!("{request}\n");
        self.stream
            .get_mut()
            .write_all(line.as_bytes())
            .map_err(refuse)?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer).map_err(refuse)?;
        let answer: Value =
            serde_json::from_str(&answer).map_err(|error| fault(&error.to_string()))?;
        if answer["ok"] == json!(true) {
            Ok(answer)
        } else {
            Err(fault(&answer.to_string()))
        }
    }
}

fn number(answer: &Value, name: &str) -> Result<u64, Fault> {
    answer[name]
        .as_u64()
        .ok_or_else(|| fault(&format!("no {name} in {answer}")))
}

fn fault(what: &str) -> Fault {
    Fault::new(
        "CWS-GATEWAY-009",
        what,
        "lockstep with venue.sock",
        "start the venue with mode = \"lockstep\" in the same run_dir, then the gateway",
    )
}
