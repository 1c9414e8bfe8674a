//! The L3 book twice (obvious and fast, one checksum), and the hot loop on top of the fast one.

pub mod arguments;
pub mod fast;
pub mod flow;
pub mod hot;
pub mod hot_abi;
pub mod load;
pub mod reference;
pub mod rules;
