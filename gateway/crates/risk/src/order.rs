//! An intent, read with suspicion: every field is checked before it means anything.

use cws_abi::{IntentKind, OrderId, OrderIntent, Side, Terms};

use crate::checks::Code;

/// A new order, or one that takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub parent_id: u64,
    /// Bits of the order id that it replaces; 0 for none.
    pub replaces: u64,
    pub side: Side,
    pub terms: Terms,
    /// The venue's stock locate.
    pub symbol: u16,
    pub strategy: u16,
    /// 1e-9; 0 for a market order.
    pub price: i64,
    /// Shares; of a replacement, what was traded before included.
    pub quantity: i64,
    /// Arrival of the packet that caused it, UTC ns.
    pub ts_recv_ns: u64,
}

/// What an intent asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    Place(Order),
    /// Cut `target` down to `keep` shares (what was traded included); 0 takes it out.
    Cancel {
        id: u64,
        target: u64,
        keep: i64,
    },
}

/// # Errors
/// R11 where the id is none, R17 where a field holds what it cannot.
pub fn read(intent: &OrderIntent) -> Result<Request, Code> {
    let kind = IntentKind::try_from(intent.kind).map_err(|_| Code::R17)?;
    if intent.version != OrderIntent::VERSION {
        return Err(Code::R17);
    }
    if kind == IntentKind::Cancel {
        let named = intent.orig_order_id != 0;
        return Ok(Request::Cancel {
            id: intent.order_id,
            target: if named {
                intent.orig_order_id
            } else {
                intent.order_id
            },
            keep: intent.quantity.max(0),
        });
    }
    let replaces = match kind {
        IntentKind::Replace if intent.orig_order_id == 0 => return Err(Code::R11),
        IntentKind::Replace => intent.orig_order_id,
        _ => 0,
    };
    Ok(Request::Place(Order {
        id: OrderId::from_bits(intent.order_id).ok_or(Code::R11)?,
        parent_id: intent.parent_id,
        replaces,
        side: Side::try_from(intent.side).map_err(|_| Code::R17)?,
        terms: Terms::try_from(intent.terms).map_err(|_| Code::R17)?,
        symbol: intent.symbol,
        strategy: intent.strategy,
        price: intent.price,
        quantity: intent.quantity,
        ts_recv_ns: intent.ts_recv_ns,
    }))
}

impl Order {
    /// 1 for a buy, -1 for a sale.
    pub fn sign(&self) -> i64 {
        sign(self.side)
    }
}

pub fn sign(side: Side) -> i64 {
    match side {
        Side::Buy => 1,
        Side::Sell | Side::SellShort => -1,
    }
}
