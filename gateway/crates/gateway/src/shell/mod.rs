//! The thin shell: sockets, clocks, files and threads around the pure core.

pub mod capture;
pub mod commands;
pub mod epoch;
pub mod free;
pub mod gateway;
pub mod lockstep;
pub mod pause;
pub mod restart;
pub mod rings;
pub mod risk_link;
pub mod start;
pub mod status;
pub mod strays;
pub mod udp;
pub mod venue_clock;
pub mod working;
