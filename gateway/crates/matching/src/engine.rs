//! One `match` decides; `matcher.rs` trades.

use cws_abi::{Side, Terms};

use crate::book::{Book, Level, Order, Slab};
use crate::types::{
    Accepted, CancelReason, Canceled, Event, MARKET_PRICE, NewOrder, Phase, RejectReason, Rejected,
    Request, Settings,
};

/// The venue's matching state.
#[derive(Debug)]
pub struct Engine {
    pub(crate) settings: Settings,
    pub(crate) phase: Phase,
    pub(crate) books: Vec<Book>,
    pub(crate) slab: Slab,
    pub(crate) last_order: u64,
    pub(crate) last_match: u64,
    pub(crate) last_time_ns: u64,
}

impl Engine {
    /// Panics on settings that contradict themselves: they are the operator's.
    pub fn new(settings: Settings) -> Self {
        let limits = settings.limits;
        assert!(limits.open_orders > 0 && limits.open_orders < u32::MAX as usize);
        assert!(limits.levels > 0 && limits.quantity > 0 && limits.price > 0);
        assert!(
            i64::try_from(limits.open_orders)
                .ok()
                .and_then(|orders| orders.checked_mul(limits.quantity))
                .is_some(),
            "a level's sum must fit i64"
        );
        assert!(settings.ticks.len() < usize::from(u16::MAX));
        assert!(settings.ticks.iter().all(|tick| *tick > 0));
        let books = settings.ticks.iter().map(|_| Book::default()).collect();
        Self {
            settings,
            phase: Phase::Before,
            books,
            slab: Slab::default(),
            last_order: 0,
            last_match: 0,
            last_time_ns: 0,
        }
    }

    /// Events are appended. A time before the last one is a programmer's error.
    pub fn apply(&mut self, now_ns: u64, request: Request, events: &mut Vec<Event>) {
        assert!(now_ns >= self.last_time_ns, "time does not go back");
        self.last_time_ns = now_ns;
        match request {
            Request::New(new) => self.enter(new, events),
            Request::Cancel {
                participant,
                order,
                keep,
            } => self.cancel(participant, order, keep, events),
            Request::Replace {
                participant,
                order,
                price,
                quantity,
            } => self.replace(participant, order, price, quantity, events),
            Request::Halt { symbol } => self.set_halted(symbol, true, events),
            Request::Resume { symbol } => self.set_halted(symbol, false, events),
            Request::StartOfDay if self.phase == Phase::Before => {
                self.phase = Phase::Open;
                events.push(Event::Phase(Phase::Open));
            }
            Request::EndOfDay if self.phase == Phase::Open => self.end_day(events),
            Request::StartOfDay | Request::EndOfDay => {}
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The order if it is open.
    pub fn order(&self, number: u64) -> Option<&Order> {
        self.slab.slot_of(number).map(|slot| self.slab.get(slot))
    }

    pub fn open_orders(&self) -> usize {
        self.slab.len()
    }

    pub fn is_halted(&self, symbol: u16) -> bool {
        self.book(symbol).is_none_or(|book| book.halted)
    }

    /// Best bid and best ask, 1e-9.
    pub fn best(&self, symbol: u16) -> (Option<i64>, Option<i64>) {
        let book = self.book(symbol);
        (
            book.and_then(|book| book.bids.last_key_value().map(|(price, _)| *price)),
            book.and_then(|book| book.asks.first_key_value().map(|(price, _)| *price)),
        )
    }

    /// Levels of one side, lowest price first, with each level's queue.
    pub fn levels(
        &self,
        symbol: u16,
        side: Side,
    ) -> impl Iterator<Item = (i64, Level, impl Iterator<Item = &Order>)> {
        let levels = self.book(symbol).map(|book| book.side(side));
        levels
            .into_iter()
            .flatten()
            .map(|(price, level)| (*price, *level, self.slab.queue(level)))
    }

    pub(crate) fn book(&self, symbol: u16) -> Option<&Book> {
        self.books.get(usize::from(symbol).checked_sub(1)?)
    }

    fn enter(&mut self, new: NewOrder, events: &mut Vec<Event>) {
        if let Err(reason) = self.admissible(&new) {
            events.push(Event::Rejected(Rejected {
                participant: new.participant,
                symbol: new.symbol,
                reason,
            }));
            return;
        }
        self.last_order += 1;
        let order = self.last_order;
        events.push(Event::Accepted(Accepted { order, new }));
        self.match_and_rest(order, new, events);
    }

    /// Whether an order could enter now.
    pub(crate) fn admissible(&self, new: &NewOrder) -> Result<(), RejectReason> {
        let book = self.book(new.symbol).ok_or(RejectReason::InvalidStock)?;
        self.standing(book)?;
        self.price_fits(new)?;
        if new.quantity <= 0 || new.quantity > self.settings.limits.quantity {
            return Err(RejectReason::Quantity);
        }
        if new.terms == Terms::PostOnly && self.would_trade(book, new) {
            return Err(RejectReason::InvalidPrice);
        }
        Ok(())
    }

    pub(crate) fn standing(&self, book: &Book) -> Result<(), RejectReason> {
        if self.phase != Phase::Open {
            Err(RejectReason::Closed)
        } else if book.halted {
            Err(RejectReason::Halted)
        } else {
            Ok(())
        }
    }

    fn price_fits(&self, new: &NewOrder) -> Result<(), RejectReason> {
        let tick = self.settings.ticks[usize::from(new.symbol) - 1];
        let fits = match new.terms {
            Terms::MarketIoc => new.price == MARKET_PRICE,
            Terms::LimitDay | Terms::LimitIoc | Terms::PostOnly => {
                (1..=self.settings.limits.price).contains(&new.price) && new.price % tick == 0
            }
        };
        if fits {
            Ok(())
        } else {
            Err(RejectReason::InvalidPrice)
        }
    }

    fn would_trade(&self, book: &Book, new: &NewOrder) -> bool {
        book.best_against(new.side)
            .is_some_and(|(best, _)| crate::matcher::reaches(new, best))
    }

    fn cancel(&mut self, participant: u32, order: u64, keep: i64, events: &mut Vec<Event>) {
        let Some(slot) = self.owned(participant, order) else {
            return;
        };
        let found = self.slab.get(slot);
        let traded = found.traded();
        // A keep below what was traded leaves nothing open; above the size it asks for nothing.
        let open_after = keep.max(0).saturating_sub(traded).max(0);
        if open_after < found.open {
            let quantity = found.open - open_after;
            self.take_off(slot, quantity, CancelReason::User, events);
        }
    }

    pub(crate) fn owned(&self, participant: u32, order: u64) -> Option<u32> {
        self.slab
            .slot_of(order)
            .filter(|slot| self.slab.get(*slot).new.participant == participant)
    }

    /// Cancels `quantity` shares of an order of the book and says so.
    pub(crate) fn take_off(
        &mut self,
        slot: u32,
        quantity: i64,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) {
        let Order { number, new, .. } = *self.slab.get(slot);
        let book = &mut self.books[usize::from(new.symbol) - 1];
        let open = self.slab.reduce(book, slot, quantity);
        if open > 0 {
            self.slab.get_mut(slot).new.quantity -= quantity;
        }
        events.push(Event::Canceled(Canceled {
            order: number,
            participant: new.participant,
            symbol: new.symbol,
            quantity,
            open,
            reason,
            in_book: true,
        }));
    }

    fn set_halted(&mut self, symbol: u16, halted: bool, events: &mut Vec<Event>) {
        let index = usize::from(symbol).wrapping_sub(1);
        let Some(book) = self.books.get_mut(index) else {
            return;
        };
        if book.halted == halted {
            return;
        }
        book.halted = halted;
        events.push(if halted {
            Event::Halted { symbol }
        } else {
            Event::Resumed { symbol }
        });
    }

    fn end_day(&mut self, events: &mut Vec<Event>) {
        self.phase = Phase::After;
        for index in 0..self.books.len() {
            for side in [Side::Buy, Side::Sell] {
                while let Some(level) = self.books[index].side(side).values().next() {
                    let slot = level.head;
                    let open = self.slab.get(slot).open;
                    self.take_off(slot, open, CancelReason::Timeout, events);
                }
            }
        }
        events.push(Event::Phase(Phase::After));
    }
}
