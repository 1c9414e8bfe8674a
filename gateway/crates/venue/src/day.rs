//! How the day goes on: the flow, lockstep, heartbeats, the end.

use cws_matching::Phase;

use crate::config::Mode;
use crate::faults::FaultKind;
use crate::journal::{Input, Record};
use crate::session::{Asked, Port, State};
use crate::venue::{Now, Venue};

/// Steps of the flow in one tick; orders of sessions come in between.
const STEPS_A_TICK: usize = 64;
/// An end of session is said so often on each feed, since a packet may be lost.
const ENDS_SAID: usize = 3;

impl Venue {
    /// Everything that the clock causes.
    pub fn tick(&mut self, now: Now) {
        self.feeds.tick(now.monotonic_ns);
        if self.config.mode == Mode::Free && self.engine.phase() == Phase::Open {
            self.run_flow(now);
        }
        let time_ns = match self.config.mode {
            Mode::Lockstep => self.event_ns,
            Mode::Free => now.utc_ns,
        };
        if self
            .desks
            .held_due_ns()
            .is_some_and(|due_ns| due_ns <= time_ns)
        {
            self.input(Input::Release, now);
        }
        self.serve(now);
        let (heartbeat_ns, silence_ns) = (
            self.config.orders.heartbeat_ms * 1_000_000,
            self.config.orders.silence_ms * 1_000_000,
        );
        for connection in &mut self.connections {
            connection.tick(heartbeat_ns, silence_ns, now.monotonic_ns);
        }
        let quiet_ns = now.monotonic_ns.saturating_sub(self.last_packet_ns);
        if quiet_ns >= self.config.market_data.heartbeat_ms * 1_000_000 {
            self.send(&self.market.heartbeat(), now);
        }
    }

    fn run_flow(&mut self, now: Now) {
        for _ in 0..STEPS_A_TICK {
            let due = self.flow.next_ns().filter(|next_ns| *next_ns <= now.utc_ns);
            if due.is_none() || self.market.is_full() || now.utc_ns >= self.end_ns {
                break;
            }
            self.input(Input::Flow, now);
        }
        if now.utc_ns >= self.end_ns || self.market.is_full() {
            self.end(now);
        }
    }

    /// When the flow wants to go on, event time; lockstep goes on by [`Venue::advance`].
    pub fn next_step_ns(&self) -> Option<u64> {
        self.flow
            .next_ns()
            .filter(|_| self.config.mode == Mode::Free && self.engine.phase() == Phase::Open)
    }

    /// Lockstep: publishes the next packet; makes one where none waits; ends the day where nothing follows.
    pub(crate) fn advance(&mut self, now: Now) {
        while !self.market.has_queued() {
            if self.engine.phase() == Phase::After {
                if !self.market.has_ended() {
                    self.finish(now);
                }
                return;
            }
            let next = self.flow.next_ns().filter(|next_ns| *next_ns < self.end_ns);
            match next.filter(|_| !self.market.is_full()) {
                Some(next_ns) => self.input_at(Input::Flow, next_ns.max(self.event_ns), now),
                None => self.input(Input::EndOfDay, now),
            }
        }
        self.publish_one(now);
    }

    pub(crate) fn publish_one(&mut self, now: Now) -> bool {
        if self.config.mode == Mode::Lockstep {
            let record = Record {
                time_ns: self.event_ns,
                input: Input::Publish,
            };
            record.append_to(&mut self.unwritten);
        }
        let Some(packet) = self.market.publish().map(<[u8]>::to_vec) else {
            return false;
        };
        self.awaited = (self.awaited.1 + 1, self.market.published());
        self.send(&packet, now);
        true
    }

    pub(crate) fn send(&mut self, packet: &[u8], now: Now) {
        self.feeds.send(packet, &mut self.faults, now.monotonic_ns);
        self.last_packet_ns = now.monotonic_ns;
    }

    /// The day ends now, whatever waits: everything is published, then every stream ends.
    pub fn end(&mut self, now: Now) {
        if self.engine.phase() == Phase::Open {
            self.input(Input::EndOfDay, now);
        }
        while self.market.has_queued() {
            self.publish_one(now);
        }
        if !self.market.has_ended() {
            self.finish(now);
        }
    }

    fn finish(&mut self, now: Now) {
        self.input(Input::EndOfSession, now);
        for _ in 0..ENDS_SAID {
            self.send(&self.market.heartbeat(), now);
        }
        self.feeds.flush();
        self.fill(now.monotonic_ns);
    }

    /// Takes what clients sent and hands them what is theirs.
    pub(crate) fn serve(&mut self, now: Now) {
        let throttle = self.faults.chances.throttle_per_s;
        for index in 0..self.connections.len() {
            while let Some(asked) = self.connections[index].next_asked(throttle, now.monotonic_ns) {
                match asked {
                    Asked::Nothing => {}
                    Asked::Login(login) => self.login(index, &login, now.monotonic_ns),
                    Asked::Order(bytes) => self.serve_order(index, &bytes, now),
                }
            }
        }
        self.fill(now.monotonic_ns);
    }

    fn serve_order(&mut self, index: usize, bytes: &[u8], now: Now) {
        let connection = &self.connections[index];
        // Drop copy tells, it does not listen.
        let Some(desk) = connection
            .account()
            .filter(|_| connection.port == Port::Orders)
        else {
            self.connections[index].state = State::Closing;
            return;
        };
        let breaks = self.faults.happens(FaultKind::Disconnect);
        let taken = !breaks || self.faults.below(FaultKind::Disconnect, 2) == 0;
        if taken {
            self.on_order_bytes(desk, bytes, now);
        }
        if breaks {
            let connection = &mut self.connections[index];
            connection.out.clear();
            connection.state = State::Closing;
        }
    }
}
