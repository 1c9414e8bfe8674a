//! Rates: tokens, cancels for each order, repeated executions, the same order twice. Monotonic ns, handed in.

use std::collections::{HashMap, VecDeque};

use crate::numbers::Numbered;
use crate::order::Order;

const MINUTE_NS: u64 = 60_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;
/// Remembered executions of one strategy, symbol and side; a limit above is none.
const EXECUTIONS_MAX: usize = 65_536;

/// A token bucket, in 1e-9 of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    tokens: u128,
    last_ns: u64,
}

impl Bucket {
    pub fn full(burst: u32, now_ns: u64) -> Self {
        Self {
            tokens: u128::from(burst) * u128::from(SECOND_NS),
            last_ns: now_ns,
        }
    }

    /// Whether a message may leave now.
    pub fn has_one(&self, rate: u32, burst: u32, now_ns: u64) -> bool {
        self.filled(rate, burst, now_ns) >= u128::from(SECOND_NS)
    }

    /// One message left.
    pub fn take(&mut self, rate: u32, burst: u32, now_ns: u64) {
        self.tokens = self
            .filled(rate, burst, now_ns)
            .saturating_sub(u128::from(SECOND_NS));
        self.last_ns = self.last_ns.max(now_ns);
    }

    fn filled(&self, rate: u32, burst: u32, now_ns: u64) -> u128 {
        let passed = u128::from(now_ns.saturating_sub(self.last_ns));
        let cap = u128::from(burst) * u128::from(SECOND_NS);
        (self.tokens + passed * u128::from(rate)).min(cap)
    }
}

/// What makes two orders the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    parent_id: u64,
    price: i64,
    quantity: i64,
    symbol: u16,
    side: u8,
}

impl Repeat {
    pub fn of(order: &Order) -> Self {
        Self {
            parent_id: order.parent_id,
            price: order.price,
            quantity: order.quantity,
            symbol: order.symbol,
            side: order.side as u8,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Minute {
    started_ns: u64,
    orders: u32,
    cancels: u32,
}

#[derive(Debug, Default)]
pub struct Meters {
    pub firm: Option<Bucket>,
    pub strategies: Numbered<u16, Bucket>,
    minutes: Numbered<u16, Minute>,
    executions: Numbered<(u16, u16, u8), VecDeque<u64>>,
    /// Until when the same order is a duplicate; and by when each was told, so that what is over is forgotten.
    recent: HashMap<Repeat, u64>,
    recent_order: VecDeque<(u64, Repeat)>,
    refusals: Numbered<u16, (u64, u32)>,
}

impl Meters {
    /// New orders, and cancels with replaces, of a strategy in the running minute.
    pub fn minute(&self, strategy: u16, now_ns: u64) -> (u32, u32) {
        self.minutes
            .get(&strategy)
            .filter(|minute| now_ns.saturating_sub(minute.started_ns) < MINUTE_NS)
            .map_or((0, 0), |minute| (minute.orders, minute.cancels))
    }

    pub fn count_order(&mut self, strategy: u16, now_ns: u64) {
        let minute = self.running(strategy, now_ns);
        minute.orders = minute.orders.saturating_add(1);
    }

    pub fn count_cancel(&mut self, strategy: u16, now_ns: u64) {
        let minute = self.running(strategy, now_ns);
        minute.cancels = minute.cancels.saturating_add(1);
    }

    fn running(&mut self, strategy: u16, now_ns: u64) -> &mut Minute {
        let minute = self.minutes.entry(strategy).or_default();
        if now_ns.saturating_sub(minute.started_ns) >= MINUTE_NS {
            *minute = Minute {
                started_ns: now_ns,
                ..Minute::default()
            };
        }
        minute
    }

    pub fn executed(&mut self, order: &Order, now_ns: u64) {
        let key = (order.strategy, order.symbol, order.side as u8);
        let times = self.executions.entry(key).or_default();
        if times.len() == EXECUTIONS_MAX {
            times.pop_front();
        }
        times.push_back(now_ns);
    }

    /// Whether there were `count` executions of this strategy, symbol and side within the window.
    pub fn repeated(&self, order: &Order, count: u32, window_ns: u64, now_ns: u64) -> bool {
        let key = (order.strategy, order.symbol, order.side as u8);
        let since = now_ns.saturating_sub(window_ns);
        let Some(back) = (count as usize).checked_sub(1) else {
            return true;
        };
        let times = self.executions.get(&key);
        times
            .and_then(|times| times.iter().rev().nth(back))
            .is_some_and(|at| *at >= since)
    }

    /// A person looked: what repeated may repeat again.
    pub fn forget_executions(&mut self, strategy: Option<u16>) {
        self.executions
            .retain(|(of, _, _), _| strategy.is_some_and(|s| s != *of));
        self.refusals
            .retain(|of, _| strategy.is_some_and(|s| s != *of));
    }

    /// Until when the same order, which left before, is a duplicate.
    pub fn same_until(&self, order: &Order) -> Option<u64> {
        self.recent.get(&Repeat::of(order)).copied()
    }

    /// The same again within `window_ns` is a duplicate. No more are kept than the message rate lets through in a window.
    pub fn remember(&mut self, order: &Order, window_ns: u64, now_ns: u64) {
        while let Some((until_ns, old)) = self.recent_order.pop_front_if(|o| o.0 <= now_ns) {
            if self.recent.get(&old) == Some(&until_ns) {
                self.recent.remove(&old);
            }
        }
        if window_ns > 0 {
            let (until_ns, same) = (now_ns.saturating_add(window_ns), Repeat::of(order));
            self.recent.insert(same, until_ns);
            self.recent_order.push_back((until_ns, same));
        }
    }

    /// Counts a refusal by the message rate and gives how many there were within this second.
    pub fn refused(&mut self, strategy: u16, now_ns: u64) -> u32 {
        let (since, count) = self.refusals.entry(strategy).or_insert((now_ns, 0));
        if now_ns.saturating_sub(*since) >= SECOND_NS {
            (*since, *count) = (now_ns, 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}
