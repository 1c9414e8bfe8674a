//! The obvious engine: a Vec of orders in order of arrival, scanned for everything.

use cws_abi::{Side, Terms};
use cws_matching::{
    Accepted, CancelReason, Canceled, Event, Executed, Limits, NewOrder, Phase, RejectReason,
    Rejected, Replaced, Request, Rested, SelfMatch,
};
use std::collections::BTreeSet;

pub const SYMBOLS: u16 = 2;
pub const TICK: i64 = 10;
pub const LIMITS: Limits = Limits {
    open_orders: 12,
    levels: 6,
    quantity: 500,
    price: 1_000,
};

#[derive(Clone, Copy)]
struct Open {
    number: u64,
    new: NewOrder,
    open: i64,
}

pub struct Obvious {
    rule: SelfMatch,
    orders: Vec<Open>,
    halted: [bool; SYMBOLS as usize + 1],
    phase: Phase,
    last_order: u64,
    last_match: u64,
    pub events: Vec<Event>,
}

fn reaches(new: &NewOrder, price: i64) -> bool {
    new.terms == Terms::MarketIoc
        || ((new.side == Side::Buy) && new.price >= price)
        || (!(new.side == Side::Buy) && new.price <= price)
}

impl Obvious {
    pub fn new(rule: SelfMatch) -> Self {
        Self {
            rule,
            orders: Vec::new(),
            halted: [false; SYMBOLS as usize + 1],
            phase: Phase::Before,
            last_order: 0,
            last_match: 0,
            events: Vec::new(),
        }
    }

    /// First of the best-priced orders against `new`.
    fn against(&self, new: &NewOrder) -> Option<usize> {
        let facing = |o: &&Open| {
            o.new.symbol == new.symbol && (o.new.side == Side::Buy) != (new.side == Side::Buy)
        };
        let prices = self.orders.iter().filter(facing).map(|o| o.new.price);
        let best = if new.side == Side::Buy {
            prices.min()
        } else {
            prices.max()
        };
        let best = best.filter(|price| reaches(new, *price))?;
        self.orders
            .iter()
            .position(|o| facing(&o) && o.new.price == best)
    }

    fn standing(&self, symbol: u16) -> Option<RejectReason> {
        if self.phase != Phase::Open {
            return Some(RejectReason::Closed);
        }
        self.halted[usize::from(symbol)].then_some(RejectReason::Halted)
    }

    fn refusal(&self, new: &NewOrder) -> Option<RejectReason> {
        if new.symbol == 0 || new.symbol > SYMBOLS {
            return Some(RejectReason::InvalidStock);
        }
        if let Some(reason) = self.standing(new.symbol) {
            return Some(reason);
        }
        let price_fits = if new.terms == Terms::MarketIoc {
            new.price == 0
        } else {
            new.price >= 1 && new.price <= LIMITS.price && new.price % TICK == 0
        };
        if !price_fits {
            return Some(RejectReason::InvalidPrice);
        }
        if new.quantity < 1 || new.quantity > LIMITS.quantity {
            return Some(RejectReason::Quantity);
        }
        (new.terms == Terms::PostOnly && self.against(new).is_some())
            .then_some(RejectReason::InvalidPrice)
    }

    fn reject(&mut self, participant: u32, symbol: u16, reason: RejectReason) {
        let rejected = Rejected {
            participant,
            symbol,
            reason,
        };
        self.events.push(Event::Rejected(rejected));
    }

    fn enter(&mut self, number: u64, new: NewOrder) {
        let mut open = new.quantity;
        let mut reason = None;
        while open > 0 {
            let Some(at) = self.against(&new) else { break };
            let resting = self.orders[at];
            if new.participant != 0 && resting.new.participant == new.participant {
                if self.rule == SelfMatch::CancelAggressor {
                    reason = Some(CancelReason::SelfMatch);
                    break;
                }
                self.cut(at, resting.open, CancelReason::SelfMatch);
                continue;
            }
            let quantity = open.min(resting.open);
            open -= quantity;
            self.orders[at].open -= quantity;
            if self.orders[at].open == 0 {
                self.orders.remove(at);
            }
            self.last_match += 1;
            self.events.push(Event::Executed(Executed {
                match_number: self.last_match,
                symbol: new.symbol,
                resting: resting.number,
                resting_participant: resting.new.participant,
                resting_open: resting.open - quantity,
                aggressor: number,
                aggressor_participant: new.participant,
                aggressor_side: new.side,
                aggressor_open: open,
                price: resting.new.price,
                quantity,
            }));
        }
        if open == 0 {
            return;
        }
        if reason.is_none() && matches!(new.terms, Terms::LimitIoc | Terms::MarketIoc) {
            reason = Some(CancelReason::ImmediateOrCancel);
        }
        let same_side = |o: &&Open| {
            o.new.symbol == new.symbol && (o.new.side == Side::Buy) == (new.side == Side::Buy)
        };
        let same_side = self.orders.iter().filter(same_side);
        let prices: BTreeSet<i64> = same_side.map(|o| o.new.price).collect();
        let full = self.orders.len() >= LIMITS.open_orders
            || (prices.len() >= LIMITS.levels && !prices.contains(&new.price));
        if reason.is_none() && full {
            reason = Some(CancelReason::System);
        }
        if let Some(reason) = reason {
            self.events.push(Event::Canceled(Canceled {
                order: number,
                participant: new.participant,
                symbol: new.symbol,
                quantity: open,
                open: 0,
                reason,
                in_book: false,
            }));
            return;
        }
        self.orders.push(Open { number, new, open });
        self.events.push(Event::Rested(Rested {
            order: number,
            symbol: new.symbol,
            side: new.side,
            price: new.price,
            open,
        }));
    }

    fn cut(&mut self, at: usize, quantity: i64, reason: CancelReason) {
        let order = &mut self.orders[at];
        order.open -= quantity;
        order.new.quantity -= quantity;
        let order = *order;
        self.events.push(Event::Canceled(Canceled {
            order: order.number,
            participant: order.new.participant,
            symbol: order.new.symbol,
            quantity,
            open: order.open,
            reason,
            in_book: true,
        }));
        if order.open == 0 {
            self.orders.remove(at);
        }
    }

    fn replace(&mut self, at: usize, price: i64, quantity: i64) {
        let old = self.orders[at];
        if let Some(reason) = self.standing(old.new.symbol) {
            return self.reject(old.new.participant, old.new.symbol, reason);
        }
        let open = quantity - (old.new.quantity - old.open);
        let new = NewOrder {
            price,
            quantity: open,
            ..old.new
        };
        if quantity > LIMITS.quantity || self.refusal(&new).is_some() {
            return self.cut(at, old.open, CancelReason::User);
        }
        let keeps = price == old.new.price && open <= old.open;
        if keeps {
            self.orders[at].new = new;
            self.orders[at].open = open;
        } else {
            self.orders.remove(at);
            self.last_order += 1;
        }
        let order = if keeps { old.number } else { self.last_order };
        self.events.push(Event::Replaced(Replaced {
            old: old.number,
            order,
            new,
            old_open: old.open,
        }));
        if !keeps {
            self.enter(order, new);
        }
    }

    fn owned(&self, participant: u32, number: u64) -> Option<usize> {
        self.orders
            .iter()
            .position(|o| o.number == number && o.new.participant == participant)
    }

    pub fn apply(&mut self, request: Request) {
        match request {
            Request::New(new) => match self.refusal(&new) {
                Some(reason) => self.reject(new.participant, new.symbol, reason),
                None => {
                    self.last_order += 1;
                    let order = self.last_order;
                    self.events.push(Event::Accepted(Accepted { order, new }));
                    self.enter(order, new);
                }
            },
            Request::Cancel {
                participant,
                order,
                keep,
            } => {
                if let Some(at) = self.owned(participant, order) {
                    let Open { new, open, .. } = self.orders[at];
                    let after = (keep.max(0) - (new.quantity - open)).max(0);
                    if after < open {
                        self.cut(at, open - after, CancelReason::User);
                    }
                }
            }
            Request::Replace {
                participant,
                order,
                price,
                quantity,
            } => {
                if let Some(at) = self.owned(participant, order) {
                    self.replace(at, price, quantity);
                }
            }
            Request::Halt { symbol } | Request::Resume { symbol } => {
                let halt = matches!(request, Request::Halt { .. });
                if (1..=SYMBOLS).contains(&symbol) && self.halted[usize::from(symbol)] != halt {
                    self.halted[usize::from(symbol)] = halt;
                    let says = [Event::Resumed { symbol }, Event::Halted { symbol }];
                    self.events.push(says[usize::from(halt)]);
                }
            }
            Request::StartOfDay => {
                self.phase = Phase::Open;
                self.events.push(Event::Phase(Phase::Open));
            }
            Request::EndOfDay => {
                self.phase = Phase::After;
                let key = |o: &Open| (o.new.symbol, !(o.new.side == Side::Buy), o.new.price);
                // min_by_key gives the first of equals, which came first.
                while let Some(at) = (0..self.orders.len()).min_by_key(|at| key(&self.orders[*at]))
                {
                    self.cut(at, self.orders[at].open, CancelReason::Timeout);
                }
                self.events.push(Event::Phase(Phase::After));
            }
        }
    }
}
