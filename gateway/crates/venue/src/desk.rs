//! Order sessions: who owns which order under which token, and the sequenced answers of each session.

use std::collections::{BTreeMap, HashMap};

use cws_matching::{NewOrder, Request};
use cws_wire::ouch42::{EnterOrder, Inbound, ReplaceOrder};
use cws_wire::{Price4, WireError};

use crate::ouch::{self, Token};
use crate::stream::Stream;

/// What an order message means.
#[derive(Debug)]
pub enum Intake {
    Apply(Request, Pending),
    /// Refused before the engine, by OUCH's letter.
    Refuse(Token, u8),
    /// OUCH: tokens used twice and orders that are not open are ignored in silence.
    Ignore,
}

/// Which message the events will answer.
#[derive(Clone, Copy, Debug)]
pub enum Pending {
    Enter(EnterOrder),
    Replace(ReplaceOrder),
    Cancel(Token),
}

impl Pending {
    /// The token that a refusal names.
    pub(crate) fn token(&self) -> Token {
        match self {
            Self::Enter(enter) => enter.order_token,
            Self::Replace(replace) => replace.replacement_order_token,
            Self::Cancel(token) => *token,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) desk: usize,
    /// As entered or as last replaced.
    pub(crate) enter: EnterOrder,
}

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) participant: u32,
    pub(crate) stream: Stream,
    /// Every token of the day; 0 for one whose order is not open.
    pub(crate) tokens: BTreeMap<Token, u64>,
}

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) due_ns: u64,
    pub(crate) desk: usize,
    pub(crate) order: u64,
    pub(crate) bytes: Vec<u8>,
}

/// All sessions, and the drop copy of all their executions. What grows with the day lies in trees: a hash map that doubles
/// makes whoever comes next wait for its copy.
#[derive(Debug)]
pub struct Desks {
    pub(crate) desks: Vec<Desk>,
    pub(crate) owners: BTreeMap<u64, Owner>,
    pub(crate) drop_copy: Stream,
    locates: HashMap<[u8; 8], u16>,
    pub(crate) held: Vec<Held>,
}

impl Desks {
    pub fn new(participants: Vec<u32>, stocks: &[[u8; 8]], messages_max: usize) -> Self {
        let desk = |participant| Desk {
            participant,
            stream: Stream::new(messages_max),
            tokens: BTreeMap::new(),
        };
        Self {
            desks: participants.into_iter().map(desk).collect(),
            owners: BTreeMap::new(),
            drop_copy: Stream::new(messages_max),
            locates: (1..)
                .zip(stocks)
                .map(|(locate, name)| (*name, locate))
                .collect(),
            held: Vec::new(),
        }
    }

    pub fn stream(&self, desk: usize) -> &Stream {
        &self.desks[desk].stream
    }

    pub fn drop_copy(&self) -> &Stream {
        &self.drop_copy
    }

    /// Reads an order message of a session.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn intake(&mut self, desk: usize, bytes: &[u8]) -> Result<Intake, WireError> {
        let message = Inbound::decode(bytes)?;
        let desk = &mut self.desks[desk];
        let participant = desk.participant;
        Ok(match message {
            Inbound::EnterOrder(enter) => {
                let token = enter.order_token;
                let usable = ouch::is_token(&token) && !desk.tokens.contains_key(&token);
                if !usable || desk.stream.is_full() {
                    return Ok(Intake::Ignore);
                }
                desk.tokens.insert(token, 0);
                match ouch::terms(&enter) {
                    Err(reason) => Intake::Refuse(token, reason),
                    Ok((side, terms, price)) => {
                        let new = NewOrder {
                            participant,
                            symbol: self.locates.get(&enter.stock).copied().unwrap_or(0),
                            side,
                            terms,
                            price,
                            quantity: i64::from(enter.shares),
                        };
                        Intake::Apply(Request::New(new), Pending::Enter(enter))
                    }
                }
            }
            Inbound::ReplaceOrder(replace) => {
                let old = desk.open_order(&replace.existing_order_token);
                let token = replace.replacement_order_token;
                let usable = ouch::is_token(&token) && !desk.tokens.contains_key(&token);
                if old == 0 || !usable || desk.stream.is_full() {
                    return Ok(Intake::Ignore);
                }
                let request = Request::Replace {
                    participant,
                    order: old,
                    price: ouch::price(replace.price),
                    quantity: i64::from(replace.shares),
                };
                Intake::Apply(request, Pending::Replace(replace))
            }
            Inbound::CancelOrder(cancel) => {
                let request = Request::Cancel {
                    participant,
                    order: desk.open_order(&cancel.order_token),
                    keep: i64::from(cancel.shares),
                };
                Intake::Apply(request, Pending::Cancel(cancel.order_token))
            }
            Inbound::ModifyOrder(_) => Intake::Ignore,
        })
    }

    /// One refusal without the engine.
    pub fn refuse(&mut self, desk: usize, token: Token, reason: u8, timestamp: u64) {
        let message = ouch::rejected(timestamp, token, reason);
        self.desks[desk].stream.push(&message);
    }
}

impl Desk {
    /// 0 where no order is open under the token; the engine numbers from 1.
    fn open_order(&self, token: &Token) -> u64 {
        self.tokens.get(token).copied().unwrap_or(0)
    }
}

/// The highest price of the wire is not a market order's.
const _: () = assert!(Price4::MARKET.0 > 1_999_999_900);
