//! Price-time priority matching, pure: a request and a time in, events out. No I/O, no clock, no randomness.
//!
//! The events of one request come in the order in which they happened; both OUCH answers and ITCH messages follow from
//! them alone. Rules where venues differ:
//! - post-only is refused where it would trade, it is never repriced;
//! - a replacement's quantity counts what the order had traded (OUCH 4.2), and the replacement starts with nothing traded;
//! - a replacement at the same price with no more open quantity keeps place and number, any other goes to the end of the
//!   queue under a new number;
//! - a replacement keeps its side and terms: what was post-only stays it;
//! - a cancel or replace of an order that is not open is ignored in silence; a replacement that could not stand as an order
//!   of its own cancels the old one (OUCH 4.2, replace, case 2); while halted or closed it is refused (case 3).

mod book;
mod engine;
mod hash;
mod matcher;
mod replace;
mod types;

pub use book::{Level, Order};
pub use engine::Engine;
pub use types::{
    Accepted, CancelReason, Canceled, Event, Executed, Limits, MARKET_PRICE, NewOrder, Phase,
    RejectReason, Rejected, Replaced, Request, Rested, SelfMatch, Settings,
};
