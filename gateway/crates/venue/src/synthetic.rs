//! Zero-intelligence flow (Farmer, Patelli, Zovko 2005: orders, cancels and trades arrive as Poisson processes) around a
//! reference price that walks and is drawn back to its mean.

use std::collections::HashMap;

use cws_abi::{Side, Terms};
use cws_matching::{Engine, Event, MARKET_PRICE, NewOrder, Request};

use crate::config::SymbolConfig;
use crate::flow::BACKGROUND;
use crate::rng::Rng;

/// Ticks from the reference price within which limit orders are placed.
const DEPTH: u64 = 20;
const LOTS_MAX: u64 = 9;
/// A free-running venue that could not keep up does not try to make good for more than this.
const BEHIND_MAX_NS: u64 = 1_000_000_000;

#[derive(Debug)]
struct Stock {
    locate: u16,
    tick: i64,
    lot: i64,
    mean_ticks: i64,
    reference_ticks: i64,
    /// Open orders of the flow.
    live: Vec<u64>,
}

#[derive(Debug)]
pub struct Synthetic {
    stocks: Vec<Stock>,
    /// Running sums of the rates, a second.
    rates: Vec<u64>,
    /// Where each live order stands: stock, place in `live`.
    places: HashMap<u64, (usize, usize)>,
    rng: Rng,
    next_ns: u64,
    opened: bool,
    opening_orders: u64,
    live_orders_max: usize,
    move_chance: f64,
}

impl Synthetic {
    pub fn new(
        seed: u64,
        start_ns: u64,
        symbols: &[SymbolConfig],
        (opening_orders, live_orders_max, move_chance): (u64, usize, f64),
    ) -> Self {
        let stock = |(locate, symbol): (u16, &SymbolConfig)| Stock {
            locate,
            tick: symbol.tick,
            lot: i64::from(symbol.lot),
            mean_ticks: symbol.price / symbol.tick,
            reference_ticks: symbol.price / symbol.tick,
            live: Vec::new(),
        };
        let mut sum = 0_u64;
        let rates = symbols.iter().map(|symbol| {
            sum = sum.saturating_add(symbol.rate_per_s);
            sum
        });
        Self {
            rates: rates.collect(),
            stocks: (1..).zip(symbols).map(stock).collect(),
            places: HashMap::new(),
            rng: Rng::new(seed, "flow"),
            next_ns: start_ns,
            opened: false,
            opening_orders,
            live_orders_max,
            move_chance,
        }
    }

    fn total_rate(&self) -> u64 {
        *self.rates.last().expect("at least one symbol")
    }

    pub fn next_ns(&self) -> Option<u64> {
        (!self.opened || self.total_rate() > 0).then_some(self.next_ns)
    }

    pub fn step(&mut self, now_ns: u64, engine: &Engine) -> Vec<Request> {
        let requests = if self.opened {
            self.act(engine)
        } else {
            self.opened = true;
            self.open()
        };
        if let Some(mean_ns) = 1_000_000_000_u64.checked_div(self.total_rate()) {
            let from_ns = self.next_ns.max(now_ns.saturating_sub(BEHIND_MAX_NS));
            self.next_ns = from_ns + self.rng.exponential(mean_ns.max(1)).max(1);
        }
        requests
    }

    /// A book to begin with: both sides of every symbol, one tick and more from the reference.
    fn open(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        for stock in 0..self.stocks.len() {
            for place in 0..self.opening_orders {
                for side in [Side::Buy, Side::Sell] {
                    let away = 1 + i64::try_from(place % DEPTH).expect("small");
                    let quantity = self.lots(stock);
                    requests.push(self.limit(stock, side, away, quantity));
                }
            }
        }
        requests
    }

    fn act(&mut self, engine: &Engine) -> Vec<Request> {
        let drawn = self.rng.below(self.total_rate());
        let stock = self.rates.partition_point(|sum| *sum <= drawn);
        self.move_reference(stock);
        let full = self.stocks[stock].live.len() >= self.live_orders_max;
        let roll = self.rng.below(100);
        let request = match roll {
            _ if full => self.cancel(stock),
            0..50 => Some(self.passive(stock)),
            50..75 => self.cancel(stock),
            75..83 => Some(self.take(stock, Terms::MarketIoc)),
            83..88 => Some(self.take(stock, Terms::LimitIoc)),
            88..95 => self.replace(stock, engine),
            _ => self.reduce(stock, engine),
        };
        vec![request.unwrap_or_else(|| self.passive(stock))]
    }

    /// One tick up or down; the further from the mean, the likelier back.
    fn move_reference(&mut self, stock: usize) {
        if !self.rng.chance(self.move_chance) {
            return;
        }
        let roll = self.rng.below(1_000);
        let stock = &mut self.stocks[stock];
        let away = stock.reference_ticks - stock.mean_ticks;
        let up_in_1000 = u64::try_from((500 - 10 * away).clamp(0, 1_000)).expect("clamped");
        stock.reference_ticks += if roll < up_in_1000 { 1 } else { -1 };
        // Prices stay above zero whatever the mean is.
        stock.reference_ticks = stock.reference_ticks.max(DEPTH as i64 + 2);
    }

    fn lots(&mut self, stock: usize) -> i64 {
        let lots = 1 + self.rng.below(LOTS_MAX);
        i64::try_from(lots).expect("small") * self.stocks[stock].lot
    }

    fn side(&mut self) -> Side {
        if self.rng.below(2) == 0 {
            Side::Buy
        } else {
            Side::Sell
        }
    }

    fn new_order(
        &self,
        stock: usize,
        side: Side,
        terms: Terms,
        price: i64,
        quantity: i64,
    ) -> Request {
        Request::New(NewOrder {
            participant: BACKGROUND,
            symbol: self.stocks[stock].locate,
            side,
            terms,
            price,
            quantity,
        })
    }

    fn price(&self, stock: usize, side: Side, away: i64) -> i64 {
        let stock = &self.stocks[stock];
        let ticks = match side {
            Side::Buy => stock.reference_ticks - away,
            Side::Sell | Side::SellShort => stock.reference_ticks + away,
        };
        ticks.max(1) * stock.tick
    }

    fn limit(&self, stock: usize, side: Side, away: i64, quantity: i64) -> Request {
        let price = self.price(stock, side, away);
        self.new_order(stock, side, Terms::LimitDay, price, quantity)
    }

    fn away(&mut self) -> i64 {
        1 + i64::try_from(self.rng.failures(4, DEPTH)).expect("small")
    }

    fn passive(&mut self, stock: usize) -> Request {
        let (side, away, quantity) = (self.side(), self.away(), self.lots(stock));
        self.limit(stock, side, away, quantity)
    }

    fn take(&mut self, stock: usize, terms: Terms) -> Request {
        let (side, quantity) = (self.side(), self.lots(stock));
        let price = match terms {
            Terms::MarketIoc => MARKET_PRICE,
            // Reaches two ticks beyond the reference.
            _ => self.price(stock, side, -2),
        };
        self.new_order(stock, side, terms, price, quantity)
    }

    fn any_live(&mut self, stock: usize) -> Option<u64> {
        let count = self.stocks[stock].live.len() as u64;
        let place = (count > 0).then(|| self.rng.below(count))?;
        Some(self.stocks[stock].live[usize::try_from(place).expect("an index")])
    }

    fn cancel(&mut self, stock: usize) -> Option<Request> {
        let order = self.any_live(stock)?;
        let (participant, keep) = (BACKGROUND, 0);
        Some(Request::Cancel {
            participant,
            order,
            keep,
        })
    }

    fn reduce(&mut self, stock: usize, engine: &Engine) -> Option<Request> {
        let order = self.any_live(stock)?;
        let found = engine.order(order)?;
        let (participant, keep) = (BACKGROUND, found.traded() + found.open / 2);
        Some(Request::Cancel {
            participant,
            order,
            keep,
        })
    }

    fn replace(&mut self, stock: usize, engine: &Engine) -> Option<Request> {
        let order = self.any_live(stock)?;
        let found = *engine.order(order)?;
        let (away, lots) = (self.away(), self.lots(stock));
        let price = self.price(stock, found.new.side, away);
        Some(Request::Replace {
            participant: BACKGROUND,
            order,
            price,
            quantity: found.traded() + lots,
        })
    }

    /// Keeps the list of its live orders.
    pub fn observe(&mut self, events: &[Event]) {
        let mut own = None;
        for event in events {
            match event {
                Event::Accepted(e) if e.new.participant == BACKGROUND => own = Some(e.order),
                Event::Replaced(e) if e.new.participant == BACKGROUND && e.old != e.order => {
                    self.forget(e.old);
                    own = Some(e.order);
                }
                Event::Rested(e) if own == Some(e.order) => {
                    let stock = usize::from(e.symbol) - 1;
                    let live = &mut self.stocks[stock].live;
                    self.places.insert(e.order, (stock, live.len()));
                    live.push(e.order);
                }
                Event::Executed(e) if e.resting_open == 0 => self.forget(e.resting),
                Event::Canceled(e) if e.open == 0 => self.forget(e.order),
                _ => {}
            }
        }
    }

    fn forget(&mut self, order: u64) {
        if let Some((stock, place)) = self.places.remove(&order) {
            let live = &mut self.stocks[stock].live;
            live.swap_remove(place);
            if let Some(moved) = live.get(place) {
                self.places.insert(*moved, (stock, place));
            }
        }
    }
}
