//! What we have out and what we own, moved by two things only: [`Book::place`] and [`Book::apply`]. Live and replay
//! call the same two, so a replay ends where the life before it ended.

mod apply;
mod exposure;
mod meters;

use std::collections::{BTreeMap, BTreeSet};

use cws_abi::{OrderId, Side};
use cws_journal::ParentOrder;

pub use exposure::{Exposure, Holding, SymbolBook, Totals, money};
pub use meters::{Bucket, Meters, Repeat};

use crate::numbers::Numbered;
use crate::order::Order;

/// Where an order stands, as far as risk must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Bytes left, no answer yet.
    Sent,
    Live,
    /// The session broke, or the venue was silent, before an answer. Counts in full until resolved.
    Unknown,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    pub order: Order,
    pub state: OrderState,
    /// Shares traded of this order, and of the one that it replaced: what its quantity counts.
    pub cum: i64,
    pub cum_before: i64,
    /// Shares that may still trade.
    pub leaves: i64,
    /// Shares that count as open: less than `leaves` while the order that it replaces is still live.
    pub counted: i64,
    pub sent_mono_ns: u64,
    /// We want it gone; asked for again after a broken session until the venue answers.
    pub cancel_wanted: bool,
    /// The cancel intent that waits for an answer; 0 for none.
    pub cancel_id: u64,
    pub cancel_sent_mono_ns: u64,
    /// The order that takes its place; 0 for none.
    pub replaced_by: u64,
    /// Done because the venue never had it, by all that was said until then.
    pub absent: bool,
    /// The trading day in which it ended.
    pub ended: i64,
}

impl OpenOrder {
    pub fn open(&self) -> bool {
        self.state != OrderState::Done
    }

    /// Shares that a venue in its right mind may still trade of it: once it has ended, only what crossed its end.
    pub fn may_trade(&self) -> i64 {
        if self.open() {
            self.leaves
        } else {
            self.order.quantity - self.cum_before - self.cum
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parent {
    pub order: ParentOrder,
    pub executed: i64,
    pub open: i64,
    /// Of `executed`, what was sold.
    pub sold: i64,
    /// Of `open`, what would be sold.
    pub open_sales: i64,
    /// The trading day in which something happened to it last.
    pub moved: i64,
}

impl Parent {
    /// A quote works both sides, and its quantity bounds its position either way.
    pub fn is_quote(&self) -> bool {
        self.order.style.split_ascii_whitespace().next() == Some("quote")
    }

    /// `shares` below 0 are taken back.
    fn trade(&mut self, side: Side, shares: i64) {
        self.executed += shares;
        if side != Side::Buy {
            self.sold += shares;
        }
    }

    /// Shares of the parent used up, were all that is open to trade; of a quote, its position towards this side were all
    /// that is open on that side alone to trade.
    pub fn used(&self, side: Side) -> i128 {
        let [executed, open, sold, sales] =
            [self.executed, self.open, self.sold, self.open_sales].map(i128::from);
        let position = executed - 2 * sold;
        match side {
            _ if !self.is_quote() => executed + open,
            Side::Buy => position + open - sales,
            Side::Sell | Side::SellShort => sales - position,
        }
    }
}

/// One trade as it was booked, to tell repeats and to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    pub quantity: i64,
    pub price: i64,
    pub broken: bool,
}

/// What grows with the day lies in trees: a hash map that doubles copies itself whole, 11 ms at 100,000 orders, and
/// every order behind it waits.
#[derive(Debug, Default)]
pub struct Book {
    pub orders: BTreeMap<u64, OpenOrder>,
    /// Open orders of a symbol: buys, sales.
    pub resting: Numbered<u16, [BTreeSet<u64>; 2]>,
    /// By order id and match number.
    pub trades: BTreeMap<(u64, u64), Trade>,
    pub parents: Numbered<u64, Parent>,
    /// Ids of parents that are over and were forgotten: none comes back as another, for what it traded is not known any more.
    pub past_parents: BTreeSet<u64>,
    pub exposure: Exposure,
    /// Whose the numbers are that parents came with. What is held and open is kept by number.
    pub symbol_names: BTreeMap<u16, String>,
    pub strategy_names: BTreeMap<u16, String>,
    pub meters: Meters,
    /// Highest epoch seen; ids of older ones are refused.
    pub epoch: u16,
    /// Highest id placed, as bits: every other one is above it, so no id is used twice however long ago.
    pub newest: u64,
    /// The trading day, days since 1970 shifted by its start.
    pub day: i64,
    pub orders_today: u32,
    /// Executions about orders that nobody here sent.
    pub strangers: u64,
}

impl Book {
    /// The order leaves: from here on it counts.
    pub fn place(&mut self, order: Order, mono_ns: u64) {
        let bits = order.id.bits();
        let (mut cum_before, mut counted_before) = (0, 0);
        if let Some(old) = self.orders.get_mut(&order.replaces) {
            (cum_before, counted_before) = (old.cum, old.counted);
            old.replaced_by = bits;
        }
        let leaves = (order.quantity - cum_before).max(0);
        let counted = (leaves - counted_before).max(0);
        let placed = OpenOrder {
            order,
            state: OrderState::Sent,
            cum: 0,
            cum_before,
            leaves,
            counted,
            sent_mono_ns: mono_ns,
            cancel_wanted: false,
            cancel_id: 0,
            cancel_sent_mono_ns: 0,
            replaced_by: 0,
            absent: false,
            ended: 0,
        };
        let old = self.orders.insert(bits, placed);
        assert!(old.is_none(), "R11 refuses an id that is in use");
        let resting = self.resting.entry(order.symbol).or_default();
        resting[side_of(order.side)].insert(bits);
        self.counts(&order, counted);
        self.epoch = self.epoch.max(order.id.epoch());
        self.newest = self.newest.max(bits);
        self.orders_today = self.orders_today.saturating_add(1);
    }

    /// Above all that were placed, by epoch and counter.
    pub fn is_new(&self, id: OrderId) -> bool {
        id.bits() > self.newest
    }

    /// Sets how many shares of an order count as open, everywhere at once.
    fn count(&mut self, bits: u64, counted: i64) {
        let Some(open) = self.orders.get_mut(&bits) else {
            return;
        };
        let change = counted - open.counted;
        open.counted = counted;
        let order = open.order;
        self.counts(&order, change);
    }

    /// `change` more (or fewer) shares of an order count as open, in the sums that other orders are checked against.
    fn counts(&mut self, order: &Order, change: i64) {
        self.exposure.open(order, change);
        if let Some(parent) = self.parents.get_mut(&order.parent_id) {
            parent.moved = self.day;
            parent.open += change;
            if order.side != Side::Buy {
                parent.open_sales += change;
            }
        }
    }

    /// Nothing of it can trade any more.
    fn finish(&mut self, bits: u64) {
        let Some(open) = self.orders.get_mut(&bits) else {
            return;
        };
        open.state = OrderState::Done;
        open.leaves = 0;
        open.cancel_wanted = false;
        open.ended = self.day;
        let order = open.order;
        self.count(bits, 0);
        if let Some(resting) = self.resting.get_mut(&order.symbol) {
            resting[side_of(order.side)].remove(&bits);
        }
    }

    pub fn register(&mut self, order: ParentOrder) {
        let names = &mut self.symbol_names;
        let name = names.entry(order.symbol_no);
        name.or_insert_with(|| order.symbol.clone());
        let names = &mut self.strategy_names;
        let name = names.entry(order.strategy_no);
        name.or_insert_with(|| order.strategy.clone());
        let parent = Parent {
            order,
            moved: self.day,
            ..Parent::default()
        };
        self.parents.insert(parent.order.parent_id, parent);
    }

    /// All open orders, whatever else the day has seen.
    pub fn open(&self) -> impl Iterator<Item = &OpenOrder> {
        let ids = self.resting.values().flatten().flatten();
        ids.map(|id| &self.orders[id])
    }

    /// Ids of open orders that `wanted` chooses, in the order of their ids.
    pub fn open_ids(&self, wanted: impl Fn(&OpenOrder) -> bool) -> Vec<u64> {
        let open = self.open().filter(|open| wanted(open));
        let mut ids: Vec<u64> = open.map(|open| open.order.id.bits()).collect();
        ids.sort_unstable();
        ids
    }

    pub fn opposite_open(&self, symbol: u16, side: Side) -> impl Iterator<Item = &OpenOrder> {
        let sides = self.resting.get(&symbol);
        let ids = sides.map(|sides| &sides[1 - side_of(side)]);
        ids.into_iter().flatten().map(|id| &self.orders[id])
    }

    /// Begins the trading day that it is by now, and gives it, where that is a new one.
    pub fn roll(&mut self, utc_ns: u64, day_starts_s: u32) -> Option<i64> {
        let seconds = (utc_ns / 1_000_000_000) as i64 - i64::from(day_starts_s);
        let day = seconds.div_euclid(86_400);
        if day <= self.day {
            return None;
        }
        self.begin(day, utc_ns);
        Some(day)
    }

    /// A new trading day: daily sums start again. Orders that ended before the day that is over are forgotten, and parents
    /// to which nothing happened since, of which nothing is out and whose time is up. What ended last day is still known:
    /// the venue takes a trade back the morning after.
    pub fn begin(&mut self, day: i64, utc_ns: u64) {
        self.day = day;
        self.orders_today = 0;
        self.exposure.roll();
        self.orders
            .retain(|_, open| open.open() || open.ended + 1 >= day);
        let orders = &self.orders;
        self.trades.retain(|(id, _), _| orders.contains_key(id));
        let past = &mut self.past_parents;
        self.parents.retain(|id, parent| {
            let over = parent.open == 0 && parent.order.end_ns <= utc_ns;
            let keep = !over || parent.moved + 1 >= day;
            if !keep {
                past.insert(*id);
            }
            keep
        });
    }
}

/// Where a side stands in [`Book::resting`].
fn side_of(side: Side) -> usize {
    usize::from(side != Side::Buy)
}
