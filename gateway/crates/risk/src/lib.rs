//! The risk core: what may leave, and what happened to it. Pure: clocks, files and sockets are in the binary.

pub mod book;
pub mod checks;
pub mod commands;

pub mod core;
pub mod effects;
pub mod encode;
pub mod limits;
pub mod numbers;
pub mod order;
pub mod password;
pub mod session;
pub mod settings;
pub mod signing;
pub mod status;

/// Both clocks of one moment, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    pub utc_ns: u64,
    pub mono_ns: u64,
}
