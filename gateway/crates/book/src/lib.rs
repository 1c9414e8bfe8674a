//! The L3 book twice (obvious and fast, one checksum), and the hot loop on top of the fast one.

pub mod fast;
pub mod flow;
pub mod reference;
pub mod rules;
