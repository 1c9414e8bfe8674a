//! Sessions with the venue: SoupBinTCP as a client, and what OUCH messages mean for our orders.

mod queue;
mod soup;
mod stamp;
mod translate;

pub use queue::{About, SendQueue};
pub use soup::{Payload, Soup, SoupEvent, SoupState};
pub use stamp::event_ns;
pub use translate::translate;
