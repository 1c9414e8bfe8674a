//! The thin shell: sockets, clocks, files and threads around the pure core.

pub mod capture;
pub mod epoch;
pub mod gateway;
pub mod restart;
pub mod rings;
pub mod udp;
