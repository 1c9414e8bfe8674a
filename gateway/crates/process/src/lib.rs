//! What every binary needs once.

pub mod build_hash;
pub mod clock;
pub mod config;
mod credentials;
mod crowd;
pub mod fault;
pub mod line_socket;
pub mod pinning;
pub mod stop;
pub mod trusted_folder;
pub mod waiting;
