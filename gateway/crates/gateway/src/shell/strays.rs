//! Orders of earlier lives that still rest: risk or the venue knows them, the hot thread does not. They are cancelled,
//! by way of the hot thread's ring and so of risk, like all that this process sends.

use std::collections::{BTreeMap, VecDeque};

use cws_abi::Side;
use cws_book::hot::Stray;
use serde_json::Value;

use super::gateway::Gateway;
use crate::oms::{Note, OpenAtRisk, State};

/// A venue that refuses every cancel is not asked for ever.
const TRIES_MAX: u32 = 64;

#[derive(Debug, Default)]
pub struct Strays {
    /// To be handed to the hot thread.
    waiting: VecDeque<u64>,
    tries: BTreeMap<u64, u32>,
}

impl Gateway {
    /// What is open at risk and was sent by none that our journal tells of: an old journal was put back, or none was left.
    pub(super) fn adopt_strays(&mut self) {
        let rows = self.risk_link.take_open_orders().unwrap_or_default();
        for order in rows.iter().filter_map(open_at_risk) {
            if !self.is_earlier(order.id) || self.desk.orders.get(order.id).is_some() {
                continue;
            }
            let actions = self.desk.adopt(&order);
            self.act(actions);
            self.count_earlier(order.parent_id);
            self.cancel_stray(order.id);
        }
    }

    /// One that came to rest, or whose cancel was refused, is asked for again.
    pub(super) fn stray_rests(&mut self, ids: [u64; 2]) {
        for id in ids {
            let state = self.desk.orders.get(id).map(|order| order.state);
            let rests = matches!(
                state,
                Some(State::New | State::PartiallyFilled | State::Suspended)
            );
            if rests && self.is_earlier(id) {
                self.cancel_stray(id);
            }
        }
    }

    pub(super) fn cancel_stray(&mut self, id: u64) {
        let tries = self.strays.tries.entry(id).or_default();
        *tries += 1;
        if *tries == 1 {
            self.desk.note(stray(id));
        }
        if *tries <= TRIES_MAX && !self.strays.waiting.contains(&id) {
            self.strays.waiting.push_back(id);
        }
    }

    /// A full queue is tried again in the next round.
    pub(super) fn send_strays(&mut self) {
        while let Some(id) = self.strays.waiting.front() {
            let order = self.desk.orders.get(*id).filter(|order| order.is_live());
            let sent = order.is_none_or(|order| {
                self.control.cancel_stray(&Stray {
                    order_id: order.id,
                    parent_id: order.parent_id,
                    symbol: order.symbol,
                    strategy: order.strategy,
                    side: order.side as u8,
                    ..Stray::default()
                })
            });
            if !sent {
                return;
            }
            self.strays.waiting.pop_front();
        }
    }
}

pub(super) fn stray(order_id: u64) -> Note {
    Note {
        code: "CWS-GATEWAY-005",
        order_id,
        what: "an order of an earlier life rests on; it is cancelled".into(),
    }
}

/// A row of risk's `open_orders`; None where it is none.
fn open_at_risk(row: &Value) -> Option<OpenAtRisk> {
    let number = |name: &str| row[name].as_u64();
    let signed = |name: &str| row[name].as_i64();
    let side = match row["side"].as_str()? {
        "Buy" => Side::Buy,
        "Sell" => Side::Sell,
        "SellShort" => Side::SellShort,
        _ => return None,
    };
    Some(OpenAtRisk {
        id: number("order_id")?,
        parent_id: number("parent_id")?,
        owner: (
            u16::try_from(number("symbol_no")?).ok()?,
            u16::try_from(number("strategy_no")?).ok()?,
            side,
        ),
        price: signed("price")?,
        leaves: signed("leaves_qty").filter(|leaves| *leaves > 0)?,
        is_live: row["state"] == "LIVE",
    })
}
