//! Order management: one table of states (`table`), one order (`order`), all orders (`orders`).

mod answers;
mod executions;
mod order;
mod orders;
mod report;
mod table;

pub use order::{Fill, Order};
pub use orders::{Limits, OpenAtRisk, Orders};
pub use report::{Change, Counters, Note, Outcome};
pub use table::{EVENTS, Event, Next, STATES, State, markdown, next};
