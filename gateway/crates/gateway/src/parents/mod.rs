//! Parent orders and their children: a recount that never lets children exceed their parent unnoticed.

mod all;
mod parent;
mod request;

pub use all::{Action, Parents};
pub use parent::{Parent, ParentState, SideSums};
pub use request::parent_order;
