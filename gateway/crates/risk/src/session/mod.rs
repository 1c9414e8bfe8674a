//! Sessions with the venue: SoupBinTCP as a client, and what OUCH messages mean for our orders.

mod queue;
mod soup;
mod translate;

pub use queue::{About, SendQueue};
pub use soup::{Payload, Soup, SoupEvent, SoupState};
pub use translate::translate;
