//! Measurements of the native part. Every figure is a distribution, taken open-loop: a packet leaves when it is due,
//! and its latency counts from then, so that a stall is not hidden by the packets it held up.

pub mod bare;
pub mod children;
pub mod desk;
pub mod drive;
pub mod exchange;
pub mod fuzz;
pub mod machine;
pub mod pacing;
pub mod pen;
pub mod product;
