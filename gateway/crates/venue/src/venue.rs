//! The venue's pure core. Inputs change state in [`Venue::take`] and nowhere else; the rest is delivery.

use cws_matching::{Engine, Limits, Request, SelfMatch, Settings};
use cws_process::fault::Fault;

use crate::config::{Config, FlowConfig, Mode, SelfMatchRule};
use crate::desk::{Desks, Intake};
use crate::faults::Faults;
use crate::feeds::Feeds;
use crate::flow::Flow;
use crate::itch::{self, DAY_NS};
use crate::journal::{Input, Record};
use crate::market::Market;
use crate::replay::{Replay, Row};
use crate::session::Connection;
use crate::synthetic::Synthetic;

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    pub monotonic_ns: u64,
    pub utc_ns: u64,
}

pub struct Venue {
    pub(crate) config: Config,
    pub(crate) engine: Engine,
    pub(crate) market: Market,
    pub(crate) desks: Desks,
    pub(crate) faults: Faults,
    pub(crate) connections: Vec<Connection>,
    pub(crate) last_connection: u64,
    /// Order messages that were none.
    pub(crate) refused_bytes: u64,
    pub feeds: Feeds,
    pub(crate) flow: Flow,
    stocks: Vec<[u8; 8]>,
    /// Market data of the input that is being taken.
    messages: Vec<Vec<u8>>,
    /// Event time of the last input.
    pub(crate) event_ns: u64,
    pub(crate) end_ns: u64,
    /// Inputs that the shell has to write before anything else leaves.
    pub unwritten: Vec<u8>,
    /// Lockstep: message numbers of the packet that an acknowledgement is awaited for.
    pub(crate) awaited: (u64, u64),
    pub(crate) last_packet_ns: u64,
    /// Requests for retransmission answered within this second.
    pub(crate) replies: (u64, u64),
}

impl Venue {
    /// `start_ns` is the first event time: the configuration's in lockstep, the clock's else. `rows` are those of a
    /// replayed file.
    ///
    /// # Errors
    /// A configuration that is none.
    pub fn new(config: Config, start_ns: u64, rows: Vec<Row>) -> Result<Self, Fault> {
        config.validate()?;
        let stocks: Vec<[u8; 8]> = config
            .symbols
            .iter()
            .map(|symbol| itch::alpha(&symbol.name))
            .collect();
        let participants = (0..config.sessions.len()).map(|session| config.participant_of(session));
        let limits = &config.limits;
        let engine = Engine::new(Settings {
            self_match: match config.self_match {
                SelfMatchRule::CancelAggressor => SelfMatch::CancelAggressor,
                SelfMatchRule::CancelResting => SelfMatch::CancelResting,
            },
            limits: Limits {
                open_orders: limits.open_orders,
                levels: limits.levels,
                quantity: limits.quantity,
                ..Limits::default()
            },
            ticks: config.symbols.iter().map(|symbol| symbol.tick).collect(),
        });
        let flow = match &config.flow {
            FlowConfig::None => Flow::None,
            FlowConfig::Synthetic {
                opening_orders,
                live_orders_max,
                move_chance,
            } => Flow::Synthetic(Synthetic::new(
                config.seed,
                start_ns,
                &config.symbols,
                (*opening_orders, *live_orders_max, *move_chance),
            )),
            FlowConfig::Replay { .. } => Flow::Replay(Replay::new(
                rows,
                (config.mode == Mode::Free).then_some(start_ns),
            )),
        };
        let end_ns = match config.duration_s {
            0 => u64::MAX,
            seconds => start_ns.saturating_add(seconds.saturating_mul(1_000_000_000)),
        };
        Ok(Self {
            market: Market::new(itch::alpha(&config.session), limits.messages),
            desks: Desks::new(participants.collect(), &stocks, limits.messages),
            faults: Faults::new(config.seed, config.faults.clone()),
            engine,
            flow,
            stocks,
            messages: Vec::new(),
            event_ns: start_ns,
            end_ns,
            config,
            connections: Vec::new(),
            last_connection: 0,
            refused_bytes: 0,
            feeds: Feeds::default(),
            unwritten: Vec::new(),
            awaited: (0, 0),
            last_packet_ns: 0,
            replies: (0, 0),
        })
    }

    /// Begins a day, or goes on with the day of these records.
    pub fn start(&mut self, records: Vec<Record>, now: Now) {
        let fresh = records.is_empty();
        for record in records {
            self.take(record);
            if self.config.mode == Mode::Free {
                while self.market.publish().is_some() {}
            }
        }
        // Whoever asks for it finds what was published before; the last packet is awaited again.
        if fresh {
            // At exactly the first event time: a venue that comes back counts from the same moment.
            self.input_at(Input::StartOfDay, self.event_ns, now);
        }
    }

    /// One input: journaled, taken, and its market data published unless lockstep holds it.
    pub(crate) fn input(&mut self, input: Input, now: Now) {
        let time_ns = match self.config.mode {
            Mode::Lockstep => self.event_ns,
            Mode::Free => self.event_ns.max(now.utc_ns),
        };
        self.input_at(input, time_ns, now);
    }

    pub(crate) fn input_at(&mut self, input: Input, time_ns: u64, now: Now) {
        let record = Record { time_ns, input };
        record.append_to(&mut self.unwritten);
        let lost = self.take(record);
        for (desk, number) in lost {
            for connection in &mut self.connections {
                if connection.port == crate::Port::Orders && connection.account() == Some(desk) {
                    connection.lose_from(number);
                }
            }
        }
        if self.config.mode == Mode::Free {
            while self.publish_one(now) {}
        }
        self.fill(now.monotonic_ns);
    }

    /// The only place where the day changes. Everything that follows depends on the record and what came before it.
    fn take(&mut self, record: Record) -> Vec<(usize, u64)> {
        let lost = self.change(record);
        // One input's messages travel together.
        self.market.queue(&self.messages);
        self.messages.clear();
        lost
    }

    fn change(&mut self, record: Record) -> Vec<(usize, u64)> {
        self.event_ns = record.time_ns;
        let stamp = record.time_ns % DAY_NS;
        match record.input {
            Input::StartOfDay => {
                self.queue_opening(stamp);
                self.apply(Request::StartOfDay)
            }
            Input::Order(desk, bytes) => self.take_order(usize::from(desk), &bytes),
            Input::Flow => {
                let requests = self.flow.step(record.time_ns, &self.engine);
                let mut lost = Vec::new();
                for request in requests {
                    lost.extend(self.apply_from(None, request, true));
                }
                lost
            }
            Input::Release => {
                self.desks.release_due(record.time_ns);
                Vec::new()
            }
            Input::Publish => {
                self.market.publish();
                self.awaited = (self.awaited.1 + 1, self.market.published());
                Vec::new()
            }
            Input::Halt(symbol) => self.apply(Request::Halt { symbol }),
            Input::Resume(symbol) => self.apply(Request::Resume { symbol }),
            Input::Fault(json) => {
                let fields =
                    serde_json::from_slice(&json).expect("checked before it was journaled");
                self.faults
                    .set(&fields)
                    .expect("checked before it was journaled");
                Vec::new()
            }
            Input::EndOfDay => {
                self.desks.release_due(u64::MAX);
                let lost = self.apply(Request::EndOfDay);
                let closing = [b'E', b'C'].map(|code| itch::system_event(stamp, code));
                self.messages.extend(closing);
                lost
            }
            Input::EndOfSession => {
                self.market.end();
                Vec::new()
            }
        }
    }

    fn queue_opening(&mut self, stamp: u64) {
        let mut messages = vec![
            itch::system_event(stamp, b'O'),
            itch::system_event(stamp, b'S'),
        ];
        for (locate, symbol) in (1..).zip(&self.config.symbols) {
            let stock = self.stocks[usize::from(locate) - 1];
            messages.push(itch::directory(stamp, locate, stock, symbol.lot));
            messages.push(itch::trading_action(stamp, locate, stock, b'T'));
        }
        self.messages.extend(messages);
    }

    fn take_order(&mut self, desk: usize, bytes: &[u8]) -> Vec<(usize, u64)> {
        match self.desks.intake(desk, bytes) {
            Ok(Intake::Apply(request, pending)) => {
                self.apply_from(Some((desk, pending)), request, false)
            }
            Ok(Intake::Refuse(token, reason)) => {
                self.desks
                    .refuse(desk, token, reason, self.event_ns % DAY_NS);
                Vec::new()
            }
            Ok(Intake::Ignore) => Vec::new(),
            Err(_) => {
                self.refused_bytes += 1;
                Vec::new()
            }
        }
    }

    fn apply(&mut self, request: Request) -> Vec<(usize, u64)> {
        self.apply_from(None, request, false)
    }

    fn apply_from(
        &mut self,
        asked: Option<(usize, crate::desk::Pending)>,
        request: Request,
        from_flow: bool,
    ) -> Vec<(usize, u64)> {
        let mut events = Vec::new();
        self.engine.apply(self.event_ns, request, &mut events);
        let stamp = self.event_ns % DAY_NS;
        self.flow.observe(&events, from_flow);
        self.messages
            .extend(itch::messages(&events, stamp, &self.stocks));
        self.desks
            .answer(asked, &events, (self.event_ns, stamp), &mut self.faults)
    }

    /// The book, to look at.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// An order message of a session, as it came.
    pub fn on_order_bytes(&mut self, desk: usize, bytes: &[u8], now: Now) {
        let desk = u16::try_from(desk).expect("few sessions");
        self.input(Input::Order(desk, bytes.to_vec()), now);
    }
}
