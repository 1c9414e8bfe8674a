//! The L3 book twice (obvious and fast, one checksum), and the hot loop on top of the fast one.

pub mod arguments;
mod checksum;
pub mod fast;
pub mod flow;
pub mod hot;
pub mod hot_abi;
mod hot_error;
pub mod load;
pub mod random;
pub mod reference;
pub mod rules;
