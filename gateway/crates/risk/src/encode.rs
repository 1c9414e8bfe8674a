//! Orders to OUCH 4.2 inside SoupBinTCP. New risk leaves only as [`RiskApproved`]; a cancel needs no approval.

use cws_abi::{OrderId, Side, Terms};
use cws_wire::ouch42::{CancelOrder, EnterOrder, ReplaceOrder};
use cws_wire::soup::encode_client;
use cws_wire::soup_bin_tcp::{Client, ClientData};
use cws_wire::{Price4, WireError};

use crate::checks::RiskApproved;
use crate::order::Order;

/// The longest frame of an inbound message.
pub const FRAME_MAX: usize = 64;
/// OUCH 4.2: time in force.
const IMMEDIATE: u32 = 0;
const MARKET_HOURS: u32 = 99_998;

/// What every order says the same way: OUCH fields that no intent carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireTerms {
    /// The stock, as the signed limits name it.
    pub stock: [u8; 8],
    pub firm: [u8; 4],
    pub capacity: u8,
    /// 1e-9; what a market order leaves with: no book is so thin that it trades beyond the collar.
    pub market_limit: i64,
}

/// The bytes of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    bytes: [u8; FRAME_MAX],
    len: usize,
}

impl Frame {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn of(message: &[u8]) -> Self {
        let mut bytes = [0; FRAME_MAX];
        let len = encode_client(
            &Client::ClientData(ClientData { payload: message }),
            &mut bytes,
        );
        Self { bytes, len }
    }
}

/// A new order, or a replacement.
///
/// # Errors
/// A price that OUCH cannot say (R17 refuses it before).
pub fn place(approved: &RiskApproved<Order>, wire: &WireTerms) -> Result<Frame, WireError> {
    let order = approved.get();
    let price = match order.terms {
        Terms::MarketIoc => Price4::from_nanos(wire.market_limit)?,
        _ => Price4::from_nanos(order.price)?,
    };
    let time_in_force = match order.terms {
        Terms::LimitIoc | Terms::MarketIoc => IMMEDIATE,
        Terms::LimitDay | Terms::PostOnly => MARKET_HOURS,
    };
    let display = if order.terms == Terms::PostOnly {
        b'P'
    } else {
        b'Y'
    };
    let shares = u32::try_from(order.quantity).expect("R17 bounds the quantity");
    if let Some(old) = OrderId::from_bits(order.replaces) {
        let message = ReplaceOrder {
            existing_order_token: old.token(),
            replacement_order_token: order.id.token(),
            shares,
            price,
            time_in_force,
            display,
            intermarket_sweep_eligibility: b'N',
            minimum_quantity: 0,
        };
        return Ok(Frame::of(&message.to_bytes()));
    }
    let message = EnterOrder {
        order_token: order.id.token(),
        side: match order.side {
            Side::Buy => b'B',
            Side::Sell => b'S',
            Side::SellShort => b'T',
        },
        shares,
        stock: wire.stock,
        price,
        time_in_force,
        firm: wire.firm,
        display,
        capacity: wire.capacity,
        intermarket_sweep_eligibility: b'N',
        minimum_quantity: 0,
        cross_type: b'N',
        customer_type: b'N',
    };
    Ok(Frame::of(&message.to_bytes()))
}

/// Cuts an order down to `keep` shares, what was traded included; 0 takes it out.
pub fn cancel(id: OrderId, keep: i64) -> Frame {
    let message = CancelOrder {
        order_token: id.token(),
        shares: u32::try_from(keep).unwrap_or(0),
    };
    Frame::of(&message.to_bytes())
}
