//! The exchange that we bring along: a pure core ([`Venue`]) and a thin shell ([`shell`]) around it.
//!
//! Everything that changes the book or a sequenced stream is an *input*: an order message, a step of the flow, a command.
//! Inputs carry their time and are journaled before their consequences leave; the same inputs make the same bytes.

mod answers;
mod config;
mod connections;
mod control;
mod day;
mod desk;
mod faults;
mod feeds;
mod flow;
mod itch;
mod journal;
mod market;
mod net;
mod ouch;
mod ranges;
mod replay;
mod rng;
mod session;
pub mod shell;
mod stream;
mod synthetic;
mod venue;

pub use config::{Account, Config, FlowConfig, Mode, SymbolConfig};
pub use faults::{FaultKind, Faults};
pub use feeds::Datagram;
pub use journal::{Record, records_of};
pub use replay::{Row, parse as parse_replay};
pub use rng::Rng;
pub use session::Port;
pub use venue::{Now, Venue};
