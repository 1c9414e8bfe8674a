//! The gateway's pure core: what happens to an order, and what that means for its parent.

pub mod desk;
pub mod oms;
pub mod parents;
