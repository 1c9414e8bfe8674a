//! Trading of an order on entry: best price first, then first come.

use cws_abi::Terms;

use crate::book::{NONE, Order, is_buy};
use crate::engine::Engine;
use crate::types::{CancelReason, Canceled, Event, Executed, NewOrder, Rested, SelfMatch};

/// Whether the order's limit allows a trade at `price`.
pub(crate) fn reaches(new: &NewOrder, price: i64) -> bool {
    new.terms == Terms::MarketIoc
        || if is_buy(new.side) {
            new.price >= price
        } else {
            new.price <= price
        }
}

impl Engine {
    /// Trades what can be traded, then rests or cancels the remainder.
    pub(crate) fn match_and_rest(&mut self, order: u64, new: NewOrder, events: &mut Vec<Event>) {
        let (open, own_order_ahead) = self.trade(order, &new, events);
        if open == 0 {
            return;
        }
        let rests = matches!(new.terms, Terms::LimitDay | Terms::PostOnly);
        let reason = if own_order_ahead {
            Some(CancelReason::SelfMatch)
        } else if !rests {
            Some(CancelReason::ImmediateOrCancel)
        } else if self.is_full(&new) {
            Some(CancelReason::System)
        } else {
            None
        };
        match reason {
            Some(reason) => events.push(Event::Canceled(Canceled {
                order,
                participant: new.participant,
                symbol: new.symbol,
                quantity: open,
                open: 0,
                reason,
                in_book: false,
            })),
            None => self.rest(order, new, open, events),
        }
    }

    fn is_full(&self, new: &NewOrder) -> bool {
        let levels = self.books[usize::from(new.symbol) - 1].side(new.side);
        self.slab.len() >= self.settings.limits.open_orders
            || (levels.len() >= self.settings.limits.levels && !levels.contains_key(&new.price))
    }

    fn rest(&mut self, number: u64, new: NewOrder, open: i64, events: &mut Vec<Event>) {
        let book = &mut self.books[usize::from(new.symbol) - 1];
        self.slab.push_back(
            book,
            Order {
                number,
                new,
                open,
                previous: NONE,
                next: NONE,
            },
        );
        events.push(Event::Rested(Rested {
            order: number,
            symbol: new.symbol,
            side: new.side,
            price: new.price,
            open,
        }));
    }

    /// What stays open, and whether an order of the same participant stopped it.
    fn trade(&mut self, order: u64, new: &NewOrder, events: &mut Vec<Event>) -> (i64, bool) {
        let mut open = new.quantity;
        while open > 0 {
            let book = &mut self.books[usize::from(new.symbol) - 1];
            let Some((price, slot)) = book.best_against(new.side) else {
                break;
            };
            if !reaches(new, price) {
                break;
            }
            let resting = *self.slab.get(slot);
            if new.participant != 0 && resting.new.participant == new.participant {
                match self.settings.self_match {
                    SelfMatch::CancelAggressor => return (open, true),
                    SelfMatch::CancelResting => {
                        self.take_off(slot, resting.open, CancelReason::SelfMatch, events);
                        continue;
                    }
                }
            }
            let quantity = open.min(resting.open);
            open -= quantity;
            let resting_open = self.slab.reduce(book, slot, quantity);
            self.last_match += 1;
            events.push(Event::Executed(Executed {
                match_number: self.last_match,
                symbol: new.symbol,
                resting: resting.number,
                resting_participant: resting.new.participant,
                resting_open,
                aggressor: order,
                aggressor_participant: new.participant,
                aggressor_side: new.side,
                aggressor_open: open,
                price,
                quantity,
            }));
        }
        (open, false)
    }
}
