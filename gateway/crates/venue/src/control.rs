//! `venue.sock`: one command, one answer.

use cws_matching::Phase;
use cws_process::fault::Fault;
use cws_process::line_socket::ok;
use serde_json::{Map, Value, json};

use crate::config::Mode;
use crate::journal::Input;
use crate::session::Port;
use crate::venue::{Now, Venue};

impl Venue {
    /// Answers a request that is an object.
    pub fn command(&mut self, request: &Value, now: Now) -> Value {
        let word = request
            .get("cmd")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let answer = match word {
            "status" => Ok(self.status()),
            "fault" => self.set_faults(request, now),
            "halt" | "resume" => self.set_halted(request, word == "halt", now),
            "disconnect" => {
                self.break_lines();
                Ok(json!({}))
            }
            "processed" => self.processed(request),
            "ack" => self.acknowledge(request, now),
            "end" => {
                self.end(now);
                Ok(json!({"published": self.market.published()}))
            }
            _ => Err(Fault::new(
                "CWS-VENUE-010",
                format!("no command {word:?}"),
                "cmd",
                "say status, fault, halt, resume, disconnect, processed, ack or end",
            )),
        };
        answer.map_or_else(|fault| fault.to_json(), ok)
    }

    fn status(&self) -> Value {
        let sessions: Map<String, Value> = (0..self.config.sessions.len())
            .map(|desk| {
                let stream = self.desks.stream(desk);
                let connected = self.is_connected(Port::Orders, desk);
                let told = json!({
                    "sequenced": stream.last(), "connected": connected, "hash": stream.hash().to_hex().as_str(),
                });
                (self.config.sessions[desk].user.clone(), told)
            })
            .collect();
        let drop_copy = self.desks.drop_copy();
        json!({
            "mode": self.config.mode,
            "session": self.config.session,
            "phase": match self.engine.phase() {
                Phase::Before => "before",
                Phase::Open => "open",
                Phase::After => "after",
            },
            "ended": self.market.has_ended(),
            "event_ns": self.event_ns,
            "published": self.market.published(),
            "awaited": self.awaited.1,
            "queued": self.market.queued(),
            "open_orders": self.engine.open_orders(),
            "refused_bytes": self.refused_bytes,
            "state_hash": self.engine.state_hash().to_hex().as_str(),
            "market_hash": self.market.hash().to_hex().as_str(),
            "sessions": sessions,
            "drop_copy": {"sequenced": drop_copy.last(), "hash": drop_copy.hash().to_hex().as_str()},
            "faults": self.faults.report(),
        })
    }

    fn is_connected(&self, port: Port, account: usize) -> bool {
        let mut all = self.connections.iter();
        all.any(|connection| connection.port == port && connection.account() == Some(account))
    }

    fn set_faults(&mut self, request: &Value, now: Now) -> Result<Value, Fault> {
        let mut fields = request.as_object().cloned().unwrap_or_default();
        fields.remove("cmd");
        if !fields.is_empty() {
            // Tried on a copy first: what is journaled must be good when it is read again.
            let chances = self.faults.chances.clone();
            self.faults.set(&fields)?;
            self.faults.chances = chances;
            let json = serde_json::to_vec(&fields).expect("plain data");
            self.input(Input::Fault(json), now);
        }
        Ok(self.faults.report())
    }

    fn set_halted(&mut self, request: &Value, halt: bool, now: Now) -> Result<Value, Fault> {
        let name = request
            .get("symbol")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let found = self
            .config
            .symbols
            .iter()
            .position(|symbol| symbol.name == name);
        let index = found.ok_or_else(|| {
            Fault::new(
                "CWS-VENUE-011",
                format!("no symbol {name:?}"),
                "symbol",
                "name a traded one",
            )
        })?;
        let locate = u16::try_from(index + 1).expect("limited by the configuration");
        self.input(
            if halt {
                Input::Halt(locate)
            } else {
                Input::Resume(locate)
            },
            now,
        );
        Ok(json!({"symbol": name, "halted": halt}))
    }

    fn sequence(&self, request: &Value) -> Result<u64, Fault> {
        if self.config.mode == Mode::Free {
            let what = "a free-running venue waits for nobody";
            return Err(Fault::new(
                "CWS-VENUE-012",
                what,
                "cmd",
                "set mode = \"lockstep\"",
            ));
        }
        let sequence = request.get("seq").and_then(Value::as_u64);
        sequence
            .filter(|seq| *seq <= self.awaited.1)
            .ok_or_else(|| {
                let what = format!("message {} is the last published", self.awaited.1);
                Fault::new(
                    "CWS-VENUE-013",
                    what,
                    "seq",
                    "name a message of the packet that came last",
                )
            })
    }

    /// Lockstep: how many sequenced messages the order sessions were sent so far.
    fn processed(&self, request: &Value) -> Result<Value, Fault> {
        self.sequence(request)?;
        let wanted = request.get("session").and_then(Value::as_str);
        let desk = match wanted {
            None => 0,
            Some(user) => self
                .config
                .sessions
                .iter()
                .position(|account| account.user == user)
                .ok_or_else(|| {
                    Fault::new(
                        "CWS-VENUE-014",
                        format!("no session {user:?}"),
                        "session",
                        "name a user",
                    )
                })?,
        };
        let sequenced = match self.config.sessions.is_empty() {
            true => 0,
            false => self.desks.stream(desk).last(),
        };
        Ok(json!({"sequenced": sequenced}))
    }

    /// Lockstep: goes on to the next packet; `ack 0` publishes the first. An acknowledgement of an older packet is
    /// answered and changes nothing.
    fn acknowledge(&mut self, request: &Value, now: Now) -> Result<Value, Fault> {
        let seq = self.sequence(request)?;
        let current = seq >= self.awaited.0;
        if current {
            self.advance(now);
        }
        Ok(json!({
            "advanced": current,
            "published": self.market.published(),
            "finished": self.market.has_ended(),
        }))
    }

    /// A request for retransmission; at most so many answers a second.
    pub fn retransmission(&mut self, request: &[u8], now: Now) -> Option<&[u8]> {
        let second = now.monotonic_ns / 1_000_000_000;
        if self.replies.0 != second {
            self.replies = (second, 0);
        }
        if self.replies.1 >= self.config.market_data.replies_per_s {
            return None;
        }
        self.replies.1 += 1;
        self.market.answer(request)
    }
}
