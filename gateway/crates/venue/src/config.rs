//! The venue's settings. Prices in 1e-9, times in the unit of their name.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use cws_process::fault::Fault;
use serde::{Deserialize, Serialize};

use crate::faults::Chances;
use crate::ranges::out_of_range;

pub const SYMBOLS_MAX: usize = 10_000;
pub const SESSIONS_MAX: usize = 64;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of `venue.sock` and `venue.journal`.
    pub run_dir: PathBuf,
    pub seed: u64,
    pub mode: Mode,
    /// Name of the day for MoldUDP64 and SoupBinTCP, at most 10 characters.
    pub session: String,
    /// Event time at which a lockstep day begins, UTC ns; a free day begins when the venue does.
    #[serde(default)]
    pub start_ns: u64,
    /// Event time after which the day ends, s; 0 = when the flow or the process ends.
    #[serde(default)]
    pub duration_s: u64,
    #[serde(default)]
    pub self_match: SelfMatchRule,
    /// How many loops of this machine spin while they wait; 0 = sleep in poll(2) at once.
    #[serde(default)]
    pub spinners: usize,
    pub market_data: MarketData,
    pub orders: Orders,
    pub sessions: Vec<Account>,
    #[serde(default)]
    pub drop_copy: Vec<Account>,
    pub symbols: Vec<SymbolConfig>,
    pub flow: FlowConfig,
    #[serde(default)]
    pub limits: LimitsConfig,
    #[serde(default)]
    pub faults: Chances,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The venue holds the clock and waits for `ack` after every packet.
    Lockstep,
    /// Wall clock.
    Free,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfMatchRule {
    #[default]
    CancelAggressor,
    CancelResting,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MarketData {
    pub group_a: SocketAddrV4,
    pub group_b: SocketAddrV4,
    #[serde(default = "loopback")]
    pub interface: Ipv4Addr,
    /// Where requests for retransmission are answered (UDP).
    pub request: SocketAddrV4,
    #[serde(default = "one_second_ms")]
    pub heartbeat_ms: u64,
    /// Answers to requests within one second; more are dropped and counted.
    #[serde(default = "replies_per_s")]
    pub replies_per_s: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    pub listen: SocketAddrV4,
    pub drop_copy: SocketAddrV4,
    /// Whoever started us opened both listeners, in a network namespace that we need not enter: their descriptors are
    /// in `ORDER_LISTENERS`. Without them the venue does not start, so no order port opens where all can reach it.
    #[serde(default)]
    pub inherited: bool,
    #[serde(default = "one_second_ms")]
    pub heartbeat_ms: u64,
    /// A client that says nothing for so long is disconnected.
    #[serde(default = "silence_ms")]
    pub silence_ms: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// At most 6 characters.
    pub user: String,
    /// At most 10 characters.
    pub password: String,
    /// At most 4 characters; sessions of one firm never trade with each other.
    #[serde(default)]
    pub firm: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolConfig {
    /// At most 8 characters.
    pub name: String,
    /// Price that the synthetic flow returns to.
    pub price: i64,
    pub tick: i64,
    #[serde(default = "one_lot")]
    pub lot: u32,
    /// Flow orders, cancels and the like a second, on the average.
    #[serde(default)]
    pub rate_per_s: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum FlowConfig {
    None,
    Synthetic {
        /// Orders on each side before the first packet's time passes.
        #[serde(default = "opening_orders")]
        opening_orders: u64,
        /// Live flow orders of one symbol; at the bound one is cancelled for each that comes.
        #[serde(default = "live_orders_max")]
        live_orders_max: usize,
        /// Chance that the reference price moves by one tick with an action.
        #[serde(default = "move_chance")]
        move_chance: f64,
    },
    Replay {
        /// `time_ns,symbol,action,side,price,qty,id`.
        file: PathBuf,
    },
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    pub open_orders: usize,
    pub levels: usize,
    pub quantity: i64,
    /// Sequenced messages of one session, and of the market data, in one day.
    pub messages: usize,
    pub connections: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            open_orders: 1 << 20,
            levels: 1 << 14,
            quantity: 999_999,
            messages: 50_000_000,
            connections: 32,
        }
    }
}

fn loopback() -> Ipv4Addr {
    Ipv4Addr::LOCALHOST
}
fn one_second_ms() -> u64 {
    1_000
}
fn silence_ms() -> u64 {
    15_000
}
fn replies_per_s() -> u64 {
    10_000
}
fn one_lot() -> u32 {
    100
}
fn opening_orders() -> u64 {
    20
}
fn live_orders_max() -> usize {
    2_000
}
fn move_chance() -> f64 {
    0.05
}

impl Config {
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), Fault> {
        let refuse = |what: &str, place: &str| {
            Err(Fault::new(
                "CWS-VENUE-001",
                what,
                place,
                "correct the configuration",
            ))
        };
        if !(1..=SYMBOLS_MAX).contains(&self.symbols.len()) {
            return refuse("1 to 10,000 symbols are traded", "symbols");
        }
        if let Some((what, place)) = out_of_range(self) {
            return refuse(what, place);
        }
        let names: BTreeSet<_> = self.symbols.iter().map(|symbol| &symbol.name).collect();
        if names.len() != self.symbols.len() {
            return refuse("a name occurs twice", "symbols.name");
        }
        for symbol in &self.symbols {
            if !is_text(&symbol.name, 8) || symbol.lot == 0 || symbol.lot > 10_000 {
                return refuse("name: 1 to 8 letters; lot: 1 to 10,000", &symbol.name);
            }
        }
        if self.sessions.len() + self.drop_copy.len() > SESSIONS_MAX {
            return refuse("at most 64 accounts", "sessions");
        }
        let accounts = || self.sessions.iter().chain(&self.drop_copy);
        let users: BTreeSet<_> = accounts().map(|account| &account.user).collect();
        if users.len() != self.sessions.len() + self.drop_copy.len() {
            return refuse("a user occurs twice", "sessions.user");
        }
        for account in accounts() {
            let firm = account.firm.is_empty() || is_text(&account.firm, 4);
            if !is_text(&account.user, 6) || !is_text(&account.password, 10) || !firm {
                return refuse(
                    "user: 1 to 6, password: 1 to 10, firm: at most 4 characters",
                    &account.user,
                );
            }
        }
        if !is_text(&self.session, 10) {
            return refuse("1 to 10 characters", "session");
        }
        let limits = &self.limits;
        let bounded = (1..1 << 26).contains(&limits.open_orders)
            && (1..1 << 26).contains(&limits.levels)
            && (1..=999_999).contains(&limits.quantity)
            && (1..=200_000_000).contains(&limits.messages)
            && (1..=1_024).contains(&limits.connections);
        if !bounded {
            return refuse("a limit is out of its range", "limits");
        }
        self.faults.validate()
    }

    /// Numbered from 1; 0 is the background flow. Sessions without a firm are their own.
    pub fn participant_of(&self, session: usize) -> u32 {
        let firm = &self.sessions[session].firm;
        let same = |account: &Account| !firm.is_empty() && account.firm == *firm;
        let first = self.sessions.iter().position(same).unwrap_or(session);
        u32::try_from(first).expect("few sessions") + 1
    }

    /// What the journal is bound to: everything that inputs alone do not say.
    pub fn hash(&self) -> blake3::Hash {
        let core = (
            (self.seed, self.mode, &self.session, self.start_ns),
            (self.duration_s, self.self_match, &self.sessions),
            (&self.symbols, &self.flow, &self.limits, &self.faults),
        );
        let text = serde_json::to_string(&core).expect("plain data");
        blake3::hash(text.as_bytes())
    }
}

fn is_text(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
