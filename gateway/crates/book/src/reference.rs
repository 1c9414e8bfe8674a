//! The obvious book: maps of levels, queues of orders. It is what the fast one is held against.

use std::collections::{BTreeMap, HashMap, VecDeque};

use cws_wire::WireError;
use cws_wire::itch50::Message;

use crate::checksum::{fold, fold_side};
use crate::rules::{Code, Counters, Limits, WIRE_PRICE_MAX, blocks};

#[derive(Clone, Copy)]
pub(crate) struct Resting {
    pub(crate) reference: u64,
    pub(crate) shares: u32,
}

impl Resting {
    fn new(reference: u64, shares: u32) -> Self {
        Self { reference, shares }
    }
}

type Levels = BTreeMap<u32, VecDeque<Resting>>;

#[derive(Default, Clone)]
struct SymbolBook {
    state: u8,
    bids: Levels,
    asks: Levels,
}

impl SymbolBook {
    fn side(&mut self, buy: bool) -> &mut Levels {
        if buy { &mut self.bids } else { &mut self.asks }
    }
}

#[derive(Clone, Copy)]
struct Place {
    locate: u16,
    buy: bool,
    price: u32,
}

pub struct ReferenceBook {
    limits: Limits,
    system_state: u8,
    symbols: Vec<SymbolBook>,
    orders: HashMap<u64, Place>,
    counters: Counters,
}

impl ReferenceBook {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            system_state: 0,
            symbols: vec![SymbolBook::default(); limits.symbols as usize + 1],
            orders: HashMap::new(),
            counters: Counters::default(),
        }
    }

    /// One ITCH message; any bytes give a code.
    pub fn apply(&mut self, message: &[u8]) -> Code {
        let code = match self.decide(message) {
            Ok(()) => Code::Applied,
            Err(code) => code,
        };
        self.counters.by_code[code as usize] += 1;
        code
    }

    /// Messages, each after its length in two bytes. Returns how many.
    pub fn apply_blocks(&mut self, data: &[u8]) -> u64 {
        blocks(data).map(|message| self.apply(message)).count() as u64
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    pub fn live_orders(&self) -> usize {
        self.orders.len()
    }

    /// Best bid and ask in 1e-4, None where a side is empty.
    pub fn touch(&self, locate: u16) -> (Option<u32>, Option<u32>) {
        let book = &self.symbols[usize::from(locate)];
        (
            book.bids.keys().next_back().copied(),
            book.asks.keys().next().copied(),
        )
    }

    pub fn symbol_checksum(&self, locate: u16) -> u64 {
        let book = &self.symbols[usize::from(locate)];
        let sum = fold(0, u64::from(book.state));
        let sum = fold_side(sum, book.bids.iter().rev());
        fold_side(sum, book.asks.iter())
    }

    pub fn checksum(&self) -> u64 {
        let sum = fold(
            fold(0, u64::from(self.system_state)),
            self.orders.len() as u64,
        );
        (1..self.symbols.len()).fold(sum, |sum, locate| {
            fold(sum, self.symbol_checksum(locate as u16))
        })
    }

    fn decide(&mut self, message: &[u8]) -> Result<(), Code> {
        let message = Message::decode(message).map_err(|error| match error {
            WireError::UnknownType { .. } => Code::Ignored,
            _ => Code::BadLength,
        })?;
        match message {
            Message::SystemEvent(m) => self.system_event(m.event_code),
            Message::StockTradingAction(m) => {
                self.trading_state(self.locate(m.stock_locate)?, m.trading_state)
            }
            Message::AddOrder(m) => {
                let order = Resting::new(m.order_reference_number, m.shares);
                self.add(self.locate(m.stock_locate)?, m.side, order, m.price.0)
            }
            Message::AddOrderMpid(m) => {
                let order = Resting::new(m.order_reference_number, m.shares);
                self.add(self.locate(m.stock_locate)?, m.side, order, m.price.0)
            }
            Message::OrderExecuted(m) => {
                let locate = self.locate(m.stock_locate)?;
                self.reduce(locate, m.order_reference_number, m.executed_shares)
            }
            Message::OrderExecutedWithPrice(m) => {
                let locate = self.locate(m.stock_locate)?;
                self.reduce(locate, m.order_reference_number, m.executed_shares)
            }
            Message::OrderCancel(m) => {
                let locate = self.locate(m.stock_locate)?;
                self.reduce(locate, m.order_reference_number, m.cancelled_shares)
            }
            Message::OrderDelete(m) => {
                let locate = self.locate(m.stock_locate)?;
                let place = self.find(locate, m.order_reference_number)?;
                self.take_out(m.order_reference_number, place);
                Ok(())
            }
            Message::OrderReplace(m) => {
                let order = Resting::new(m.new_order_reference_number, m.shares);
                let old = m.original_order_reference_number;
                self.replace(self.locate(m.stock_locate)?, old, order, m.price.0)
            }
            _ => Err(Code::Ignored),
        }
    }

    fn locate(&self, locate: u16) -> Result<u16, Code> {
        if locate == 0 || u32::from(locate) > self.limits.symbols {
            return Err(Code::BadSymbol);
        }
        Ok(locate)
    }

    fn system_event(&mut self, event: u8) -> Result<(), Code> {
        if !b"OSQMEC".contains(&event) {
            return Err(Code::BadState);
        }
        self.system_state = event;
        Ok(())
    }

    fn trading_state(&mut self, locate: u16, state: u8) -> Result<(), Code> {
        if !b"HPQT".contains(&state) {
            return Err(Code::BadState);
        }
        self.symbols[usize::from(locate)].state = state;
        Ok(())
    }

    fn add(&mut self, locate: u16, side: u8, order: Resting, price: u32) -> Result<(), Code> {
        if side != b'B' && side != b'S' {
            return Err(Code::BadSide);
        }
        check_order(order, price)?;
        if self.orders.contains_key(&order.reference) {
            return Err(Code::DuplicateOrder);
        }
        if self.orders.len() >= self.limits.orders as usize {
            return Err(Code::OrdersFull);
        }
        let place = Place {
            locate,
            buy: side == b'B',
            price,
        };
        self.check_level(place, None)?;
        self.put_in(order, place);
        Ok(())
    }

    fn reduce(&mut self, locate: u16, reference: u64, shares: u32) -> Result<(), Code> {
        let place = self.find(locate, reference)?;
        if shares == 0 {
            return Err(Code::BadShares);
        }
        let resting = self.resting(reference, place);
        if shares > resting.shares {
            return Err(Code::TooManyShares);
        }
        resting.shares -= shares;
        if resting.shares == 0 {
            self.take_out(reference, place);
        }
        Ok(())
    }

    fn replace(&mut self, locate: u16, old: u64, order: Resting, price: u32) -> Result<(), Code> {
        check_order(order, price)?;
        let was = self.find(locate, old)?;
        if self.orders.contains_key(&order.reference) {
            return Err(Code::DuplicateOrder);
        }
        let place = Place { price, ..was };
        self.check_level(place, Some(was.price))?;
        self.take_out(old, was);
        self.put_in(order, place);
        Ok(())
    }

    fn find(&self, locate: u16, reference: u64) -> Result<Place, Code> {
        let place = self.orders.get(&reference).ok_or(Code::UnknownOrder)?;
        if place.locate == locate {
            Ok(*place)
        } else {
            Err(Code::WrongSymbol)
        }
    }

    /// A new level needs room; the level of an order that leaves makes room if it held nothing else.
    fn check_level(&mut self, place: Place, leaving: Option<u32>) -> Result<(), Code> {
        let full = self.limits.levels_per_side as usize;
        let levels = self.symbols[usize::from(place.locate)].side(place.buy);
        let freed = leaving.is_some_and(|price| levels[&price].len() == 1);
        if levels.contains_key(&place.price) || levels.len() - usize::from(freed) < full {
            Ok(())
        } else {
            Err(Code::LevelsFull)
        }
    }

    fn put_in(&mut self, order: Resting, place: Place) {
        self.orders.insert(order.reference, place);
        let side = self.symbols[usize::from(place.locate)].side(place.buy);
        side.entry(place.price).or_default().push_back(order);
    }

    fn resting(&mut self, reference: u64, place: Place) -> &mut Resting {
        let side = self.symbols[usize::from(place.locate)].side(place.buy);
        let queue = side.get_mut(&place.price).expect("an order has a level");
        let mut orders = queue.iter_mut();
        orders
            .find(|order| order.reference == reference)
            .expect("an order is in its queue")
    }

    fn take_out(&mut self, reference: u64, place: Place) {
        self.orders.remove(&reference);
        let side = self.symbols[usize::from(place.locate)].side(place.buy);
        let queue = side.get_mut(&place.price).expect("an order has a level");
        queue.retain(|order| order.reference != reference);
        if queue.is_empty() {
            side.remove(&place.price);
        }
    }
}

fn check_order(order: Resting, price: u32) -> Result<(), Code> {
    if order.reference == 0 {
        Err(Code::BadReference)
    } else if order.shares == 0 {
        Err(Code::BadShares)
    } else if price == 0 || price > WIRE_PRICE_MAX {
        Err(Code::BadPrice)
    } else {
        Ok(())
    }
}
