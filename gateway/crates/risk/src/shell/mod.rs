//! Files, sockets and clocks around the core.

pub mod capture;
pub mod config;
pub mod connection;
pub mod flow;
pub mod outbox;
pub mod runner;
pub mod sign;
pub mod watch;
