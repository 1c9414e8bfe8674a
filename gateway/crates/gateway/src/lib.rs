//! The gateway: market data in, order intents out. What happens to an order, and what that means for its parent, is pure
//! (`oms`, `parents`, `desk`); `shell` is what touches the machine.

pub mod config;
pub mod desk;
pub mod directory;
pub mod oms;
pub mod parents;
pub mod shell;
pub mod style;
