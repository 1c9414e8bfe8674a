//! Bytes to messages and back, nothing else: ITCH 5.0, MoldUDP64, SoupBinTCP, OUCH 4.2, pcap.
//!
//! The codecs are generated from `gateway/layouts/*.toml`. Decoders take what comes from outside: they give a message
//! or a [`WireError`], never a panic, and allocate nothing.
//!
//! What order entry needs (OUCH, SoupBinTCP) exists only with the feature `order-entry`: the gateway, which must not be
//! able to say an order, is built without it.

mod alpha;
mod error;
#[cfg(feature = "order-entry")]
mod fuzz;
mod price;

pub mod capture;
pub mod mold;
pub mod net;
#[cfg(feature = "order-entry")]
pub mod soup;

pub use alpha::{padded, trimmed};
pub use error::WireError;
#[cfg(feature = "order-entry")]
pub use fuzz::fuzz_one;
pub use price::{NANOS_PER_PRICE4, NANOS_PER_PRICE8, Price4, Price8};

/// One message of a layout file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub name: &'static str,
    /// The enum that it is a variant of; empty for a structure without a type byte.
    pub family: &'static str,
    pub type_byte: Option<u8>,
    /// Bytes of the fixed part.
    pub length: usize,
    /// Whether bytes may follow the fixed part.
    pub has_rest: bool,
}

/// Nasdaq TotalView-ITCH 5.0: market data.
pub mod itch50 {
    include!(concat!(env!("OUT_DIR"), "/itch50.rs"));
}

/// Nasdaq OUCH 4.2: order entry.
#[cfg(feature = "order-entry")]
pub mod ouch42 {
    include!(concat!(env!("OUT_DIR"), "/ouch42.rs"));
}

/// SoupBinTCP 3.00, the packets without their length; [`crate::soup`] frames them.
#[cfg(feature = "order-entry")]
pub mod soup_bin_tcp {
    include!(concat!(env!("OUT_DIR"), "/soup_bin_tcp.rs"));
}

/// MoldUDP64 1.00, the fixed structures; [`crate::mold`] walks a packet.
pub mod mold_udp64 {
    include!(concat!(env!("OUT_DIR"), "/mold_udp64.rs"));
}

/// Japannext PTS ITCH 1.6, as far as shared captures contain it.
pub mod jnx_itch16 {
    include!(concat!(env!("OUT_DIR"), "/jnx_itch16.rs"));
}

/// Japannext PTS OUCH 1.11, as far as shared captures contain it.
#[cfg(feature = "order-entry")]
pub mod jnx_ouch111 {
    include!(concat!(env!("OUT_DIR"), "/jnx_ouch111.rs"));
}
