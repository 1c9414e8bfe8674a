//! ITCH 5.0: one array of records a message type, or one array of what moves a book.

use cws_wire::WireError;
use cws_wire::itch50::{
    AddOrder, AddOrderMpid, Message, OrderCancel, OrderDelete, OrderExecuted,
    OrderExecutedWithPrice, OrderReplace,
};

use crate::blocks::each_decoded;
use crate::error::Refusal;

/// A record of one message type, as numpy sees it.
pub struct Record {
    pub kind: char,
    pub name: &'static str,
    /// Bytes.
    pub size: usize,
    /// Name, numpy type, offset.
    pub fields: &'static [(&'static str, &'static str, usize)],
}

mod generated {
    use super::{Message, Record, WireError};
    include!(concat!(env!("OUT_DIR"), "/itch50_records.rs"));
}

pub use generated::{COUNT, RECORDS};

/// The records of every message type, in the order of [`RECORDS`].
///
/// # Errors
/// A message that does not decode, a price beyond 64 bits of 1e-9, or a buffer that is cut off.
pub fn decode(buffer: &[u8]) -> Result<[Vec<u8>; COUNT], Refusal> {
    let mut out = [const { Vec::new() }; COUNT];
    each_decoded(buffer, Message::decode, |ordinal, message| {
        generated::append(&message, ordinal, &mut out)
    })?;
    Ok(out)
}

/// What [`orders`] gives for one message; packed without holes, little-endian.
pub static ORDER_FIELDS: [(&str, &str); 9] = [
    ("ts_event", "<i8"),
    ("ordinal", "<u8"),
    ("order_ref", "<u8"),
    ("new_ref", "<u8"),
    ("price", "<i8"),
    ("shares", "<u4"),
    ("locate", "<u2"),
    ("type", "S1"),
    ("side", "S1"),
];
const ORDER_SIZE: usize = 48;

#[derive(Default)]
struct Order {
    locate: u16,
    ts_event: i64,
    order_ref: u64,
    new_ref: u64,
    price: i64,
    shares: u32,
    kind: u8,
    side: u8,
}

/// One record for each message that moves a book (A F E C X D U), in the order of the buffer. What a message does not
/// say is 0: the side of all but A and F, the price of E, X and D, the shares of D, the new reference of all but U.
/// `ts_event` counts from the UTC ns of the exchange's midnight that is handed in.
///
/// # Errors
/// As [`decode`], or a midnight that no time can be added to.
pub fn orders(buffer: &[u8], midnight_ns: i64) -> Result<Vec<u8>, Refusal> {
    if midnight_ns.checked_add(1 << 48).is_none() {
        return Err(Refusal::Midnight { midnight_ns });
    }
    let mut out = Vec::new();
    each_decoded(buffer, order, |ordinal, order| {
        if let Some(mut order) = order {
            order.ts_event += midnight_ns;
            out.extend_from_slice(&order.bytes(ordinal));
        }
        Ok(())
    })?;
    Ok(out)
}

impl Order {
    fn bytes(&self, ordinal: u64) -> [u8; ORDER_SIZE] {
        let mut out = [0; ORDER_SIZE];
        out[0..8].copy_from_slice(&self.ts_event.to_le_bytes());
        out[8..16].copy_from_slice(&ordinal.to_le_bytes());
        out[16..24].copy_from_slice(&self.order_ref.to_le_bytes());
        out[24..32].copy_from_slice(&self.new_ref.to_le_bytes());
        out[32..40].copy_from_slice(&self.price.to_le_bytes());
        out[40..44].copy_from_slice(&self.shares.to_le_bytes());
        out[44..46].copy_from_slice(&self.locate.to_le_bytes());
        out[46] = self.kind;
        out[47] = self.side;
        out
    }
}

/// Decodes one kind of message and takes the fields that every message about an order has, and some of its own.
macro_rules! order {
    ($message:ident, $bytes:ident, $reference:ident, |$m:ident| { $($field:ident: $value:expr),* }) => {{
        let $m = $message::decode($bytes)?;
        Order {
            locate: $m.stock_locate,
            ts_event: $m.timestamp.cast_signed(),
            kind: $message::TYPE,
            order_ref: $m.$reference,
            $($field: $value,)*
            ..Order::default()
        }
    }};
}

/// Looks at the type once: that jump is what a message costs.
#[rustfmt::skip]
fn order(bytes: &[u8]) -> Result<Option<Order>, WireError> {
    let kind = bytes.first().copied().unwrap_or_default();
    Ok(Some(match kind {
        AddOrder::TYPE => order!(AddOrder, bytes, order_reference_number, |m| {
            side: m.side, shares: m.shares, price: m.price.nanos()
        }),
        AddOrderMpid::TYPE => order!(AddOrderMpid, bytes, order_reference_number, |m| {
            side: m.side, shares: m.shares, price: m.price.nanos()
        }),
        OrderExecuted::TYPE => order!(OrderExecuted, bytes, order_reference_number, |m| {
            shares: m.executed_shares
        }),
        OrderExecutedWithPrice::TYPE => order!(OrderExecutedWithPrice, bytes, order_reference_number, |m| {
            shares: m.executed_shares, price: m.execution_price.nanos()
        }),
        OrderCancel::TYPE => order!(OrderCancel, bytes, order_reference_number, |m| {
            shares: m.cancelled_shares
        }),
        OrderDelete::TYPE => order!(OrderDelete, bytes, order_reference_number, |m| {}),
        OrderReplace::TYPE => order!(OrderReplace, bytes, original_order_reference_number, |m| {
            new_ref: m.new_order_reference_number, shares: m.shares, price: m.price.nanos()
        }),
        _ => return Message::decode(bytes).map(|_| None),
    }))
}
