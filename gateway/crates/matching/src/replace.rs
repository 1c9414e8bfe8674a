//! Replacement: in place where the order only shrinks, else out and in again.

use crate::book::Order;
use crate::engine::Engine;
use crate::types::{CancelReason, Event, NewOrder, Rejected, Replaced};

impl Engine {
    pub(crate) fn replace(
        &mut self,
        participant: u32,
        order: u64,
        price: i64,
        quantity: i64,
        events: &mut Vec<Event>,
    ) {
        let Some(slot) = self.owned(participant, order) else {
            return;
        };
        let old = *self.slab.get(slot);
        let symbol = old.new.symbol;
        let book = &self.books[usize::from(symbol) - 1];
        if let Err(reason) = self.standing(book) {
            events.push(Event::Rejected(Rejected {
                participant,
                symbol,
                reason,
            }));
            return;
        }
        let open = quantity.saturating_sub(old.traded());
        let new = NewOrder {
            price,
            quantity: open,
            ..old.new
        };
        // The size asked for must itself be admissible, not only what of it is left to trade.
        let too_large = quantity > self.settings.limits.quantity;
        if too_large || self.admissible(&new).is_err() {
            self.take_off(slot, old.open, CancelReason::User, events);
            return;
        }
        let keeps_place = price == old.new.price && open <= old.open;
        if keeps_place {
            self.shrink_in_place(slot, old, new, events);
        } else {
            self.move_to_end(slot, old, new, events);
        }
    }

    fn shrink_in_place(&mut self, slot: u32, old: Order, new: NewOrder, events: &mut Vec<Event>) {
        let book = &mut self.books[usize::from(new.symbol) - 1];
        if new.quantity < old.open {
            self.slab.reduce(book, slot, old.open - new.quantity);
        }
        self.slab.get_mut(slot).new = new;
        events.push(Event::Replaced(Replaced {
            old: old.number,
            order: old.number,
            new,
            old_open: old.open,
        }));
    }

    fn move_to_end(&mut self, slot: u32, old: Order, new: NewOrder, events: &mut Vec<Event>) {
        let book = &mut self.books[usize::from(new.symbol) - 1];
        self.slab.reduce(book, slot, old.open);
        self.last_order += 1;
        let order = self.last_order;
        events.push(Event::Replaced(Replaced {
            old: old.number,
            order,
            new,
            old_open: old.open,
        }));
        self.match_and_rest(order, new, events);
    }
}
