//! The engine against an obvious one: a Vec of orders, scanned for everything.

use cws_abi::{Side, Terms};
use cws_matching::{
    Accepted, CancelReason, Canceled, Engine, Event, Executed, Limits, NewOrder, Phase,
    RejectReason, Rejected, Replaced, Request, Rested, SelfMatch, Settings,
};
use proptest::prelude::*;

const SYMBOLS: u16 = 2;
const TICK: i64 = 10;
const LIMITS: Limits = Limits {
    open_orders: 40,
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

/// In order of arrival; a replaced order that lost its place was pushed anew.
struct Obvious {
    rule: SelfMatch,
    orders: Vec<Open>,
    halted: [bool; SYMBOLS as usize + 1],
    phase: Phase,
    last_order: u64,
    last_match: u64,
    events: Vec<Event>,
}

fn buy(side: Side) -> bool {
    side == Side::Buy
}

fn reaches(new: &NewOrder, price: i64) -> bool {
    new.terms == Terms::MarketIoc
        || (buy(new.side) && new.price >= price)
        || (!buy(new.side) && new.price <= price)
}

impl Obvious {
    fn new(rule: SelfMatch) -> Self {
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
        let facing = |o: &&Open| o.new.symbol == new.symbol && buy(o.new.side) != buy(new.side);
        let prices = self.orders.iter().filter(facing).map(|o| o.new.price);
        let best = if buy(new.side) {
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
            Some(RejectReason::Closed)
        } else if self.halted[usize::from(symbol)] {
            Some(RejectReason::Halted)
        } else {
            None
        }
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
        self.events.push(Event::Rejected(Rejected {
            participant,
            symbol,
            reason,
        }));
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
        let same_side = |o: &&Open| o.new.symbol == new.symbol && buy(o.new.side) == buy(new.side);
        let mut prices: Vec<i64> = self
            .orders
            .iter()
            .filter(same_side)
            .map(|o| o.new.price)
            .collect();
        prices.sort_unstable();
        prices.dedup();
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

    fn apply(&mut self, request: Request) {
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
                    self.events.push(if halt {
                        Event::Halted { symbol }
                    } else {
                        Event::Resumed { symbol }
                    });
                }
            }
            Request::StartOfDay => {
                self.phase = Phase::Open;
                self.events.push(Event::Phase(Phase::Open));
            }
            Request::EndOfDay => {
                self.phase = Phase::After;
                let key = |o: &Open| (o.new.symbol, !buy(o.new.side), o.new.price);
                while let Some(first) = self.orders.iter().map(key).min() {
                    let found = self.orders.iter().position(|o| key(o) == first);
                    let at = found.expect("the least of them");
                    self.cut(at, self.orders[at].open, CancelReason::Timeout);
                }
                self.events.push(Event::Phase(Phase::After));
            }
        }
    }
}

fn new_order() -> impl Strategy<Value = NewOrder> {
    let side = prop_oneof![
        3 => Just(Side::Buy), 2 => Just(Side::Sell), 1 => Just(Side::SellShort)
    ];
    let terms = prop_oneof![
        8 => Just(Terms::LimitDay),
        2 => Just(Terms::LimitIoc),
        2 => Just(Terms::PostOnly),
        1 => Just(Terms::MarketIoc),
    ];
    let price = prop_oneof![20 => (40_i64..55).prop_map(|p| p * TICK), 1 => -5_i64..1_100];
    let quantity = prop_oneof![20 => 1_i64..100, 1 => -2_i64..600];
    (0_u32..4, 0..SYMBOLS + 2, side, terms, price, quantity).prop_map(
        |(participant, symbol, side, terms, price, quantity)| NewOrder {
            participant,
            symbol,
            side,
            terms,
            price: if terms == Terms::MarketIoc { 0 } else { price },
            quantity,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        60 => new_order().prop_map(Request::New),
        15 => (0_u32..4, 1_u64..150, -1_i64..120).prop_map(|(participant, order, keep)|
            Request::Cancel { participant, order, keep: if keep < 60 { 0 } else { keep - 60 } }),
        20 => (0_u32..4, 1_u64..150, 40_i64..55, -1_i64..120).prop_map(
            |(participant, order, price, quantity)| Request::Replace {
                participant, order, price: price * TICK, quantity }),
        2 => (0..SYMBOLS + 2).prop_map(|symbol| Request::Halt { symbol }),
        4 => (0..SYMBOLS + 2).prop_map(|symbol| Request::Resume { symbol }),
    ]
}

fn engine(rule: SelfMatch) -> Engine {
    Engine::new(Settings {
        self_match: rule,
        limits: LIMITS,
        ticks: vec![TICK; usize::from(SYMBOLS)],
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    /// 80 days of up to 300 requests: the same events, invariants after each, one state hash.
    #[test]
    fn engine_and_obvious_engine_say_the_same(
        resting in any::<bool>(),
        requests in proptest::collection::vec(request(), 50..300),
    ) {
        let rule = if resting { SelfMatch::CancelResting } else { SelfMatch::CancelAggressor };
        let (mut fast, mut again) = (engine(rule), engine(rule));
        let mut obvious = Obvious::new(rule);
        let mut events = Vec::new();
        let day = [Request::StartOfDay].into_iter().chain(requests).chain([Request::EndOfDay]);
        for (now, request) in day.enumerate() {
            events.clear();
            obvious.events.clear();
            fast.apply(now as u64, request, &mut events);
            obvious.apply(request);
            prop_assert_eq!(&events, &obvious.events);
            prop_assert_eq!(fast.check(), Ok(()));
            again.apply(now as u64, request, &mut Vec::new());
        }
        prop_assert_eq!(fast.open_orders(), 0);
        prop_assert_eq!(fast.state_hash(), again.state_hash());
    }
}
