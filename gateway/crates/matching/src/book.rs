//! One symbol's two sides: levels sorted by price, each a queue of orders linked through a slab.

use std::collections::{BTreeMap, HashMap};

use cws_abi::Side;

use crate::types::NewOrder;

/// No neighbour.
pub(crate) const NONE: u32 = u32::MAX;

/// An order that stands in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub number: u64,
    /// As accepted; `quantity` is the size at entry less what was cancelled of it.
    pub new: NewOrder,
    pub open: i64,
    pub(crate) previous: u32,
    pub(crate) next: u32,
}

impl Order {
    /// Shares traded so far.
    pub fn traded(&self) -> i64 {
        self.new.quantity - self.open
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Sum of the open quantities of its orders.
    pub open: i64,
    pub orders: usize,
    pub(crate) head: u32,
    pub(crate) tail: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    pub bids: BTreeMap<i64, Level>,
    pub asks: BTreeMap<i64, Level>,
    pub halted: bool,
}

pub(crate) fn is_buy(side: Side) -> bool {
    side == Side::Buy
}

impl Book {
    pub fn side(&self, side: Side) -> &BTreeMap<i64, Level> {
        if is_buy(side) { &self.bids } else { &self.asks }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        if is_buy(side) {
            &mut self.bids
        } else {
            &mut self.asks
        }
    }

    /// Best price that an order of `side` would trade with.
    pub fn best_against(&self, side: Side) -> Option<(i64, u32)> {
        let found = if is_buy(side) {
            self.asks.first_key_value()
        } else {
            self.bids.last_key_value()
        };
        found.map(|(price, level)| (*price, level.head))
    }
}

/// All open orders of the venue, by slot and by number.
#[derive(Debug, Default)]
pub(crate) struct Slab {
    slots: Vec<Order>,
    free: Vec<u32>,
    by_number: HashMap<u64, u32>,
}

impl Slab {
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    pub fn slot_of(&self, number: u64) -> Option<u32> {
        self.by_number.get(&number).copied()
    }

    pub fn get(&self, slot: u32) -> &Order {
        &self.slots[slot as usize]
    }

    pub fn get_mut(&mut self, slot: u32) -> &mut Order {
        &mut self.slots[slot as usize]
    }

    /// At the end of its level's queue; the level is made where there is none.
    pub fn push_back(&mut self, book: &mut Book, mut order: Order) {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.slots.len()).expect("limits.open_orders is below");
                self.slots.push(order);
                slot
            }
        };
        let level = book
            .side_mut(order.new.side)
            .entry(order.new.price)
            .or_insert(Level {
                open: 0,
                orders: 0,
                head: slot,
                tail: NONE,
            });
        order.previous = level.tail;
        order.next = NONE;
        if level.tail != NONE {
            self.slots[level.tail as usize].next = slot;
        }
        level.tail = slot;
        level.open += order.open;
        level.orders += 1;
        self.slots[slot as usize] = order;
        let known = self.by_number.insert(order.number, slot);
        assert!(known.is_none(), "numbers are given once");
    }

    /// Takes `quantity` off the open shares; at 0 the order leaves, and its level with the last one.
    pub fn reduce(&mut self, book: &mut Book, slot: u32, quantity: i64) -> i64 {
        let order = self.get_mut(slot);
        assert!(
            quantity > 0 && quantity <= order.open,
            "no more than is open"
        );
        order.open -= quantity;
        let (price, side, open) = (order.new.price, order.new.side, order.open);
        let levels = book.side_mut(side);
        let level = levels.get_mut(&price).expect("an order's level exists");
        level.open -= quantity;
        if open == 0 {
            self.unlink(level, slot);
            if level.orders == 0 {
                levels.remove(&price);
            }
        }
        open
    }

    fn unlink(&mut self, level: &mut Level, slot: u32) {
        let Order {
            previous,
            next,
            number,
            ..
        } = *self.get(slot);
        match previous {
            NONE => level.head = next,
            before => self.get_mut(before).next = next,
        }
        match next {
            NONE => level.tail = previous,
            after => self.get_mut(after).previous = previous,
        }
        level.orders -= 1;
        self.by_number.remove(&number);
        self.free.push(slot);
    }

    /// A level's orders, first in the queue first.
    pub fn queue(&self, level: &Level) -> impl Iterator<Item = &Order> {
        let mut slot = level.head;
        std::iter::from_fn(move || {
            (slot != NONE).then(|| {
                let order = self.get(slot);
                slot = order.next;
                order
            })
        })
    }
}
