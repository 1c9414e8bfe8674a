//! One parent order: what was asked for, what traded, what may still trade.

use std::collections::BTreeSet;

use cws_abi::Side;
use cws_journal::ParentOrder;

/// Where a parent stands. Open: Pending, Working, Canceling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParentState {
    /// Before its start.
    Pending,
    Working,
    /// No new child; open ones are being cancelled.
    Canceling,
    Filled,
    Canceled,
    /// Its end came; what had not traded lapsed.
    Expired,
    /// Its children were refused again and again; the first reason is kept.
    Rejected,
}

impl ParentState {
    pub fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Working | Self::Canceling => false,
            Self::Filled | Self::Canceled | Self::Expired | Self::Rejected => true,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Working => "working",
            Self::Canceling => "canceling",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }
}

/// What one side of a parent's children came to, shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideSums {
    pub cum: i64,
    /// What may still trade because of children that are out.
    pub exposure: i64,
}

/// Shares and 1e-9 throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub order: ParentOrder,
    pub state: ParentState,
    /// What it becomes when its last child has ended.
    pub(super) ends_as: ParentState,
    pub bought: SideSums,
    pub sold: SideSums,
    /// Price times shares of what traded.
    pub notional: i128,
    pub children: u64,
    /// Refused children since the last good one, by id: in whatever order their answers come, the count is the same.
    pub(super) refused: BTreeSet<u64>,
    pub(super) last_good: u64,
    /// Cancels of children asked for again after one was refused.
    pub(super) retries: u32,
    /// Reason of the last refusal; see [`cws_abi::reason_text`].
    pub reason: u16,
    pub live: BTreeSet<u64>,
}

impl Parent {
    pub(super) fn new(order: ParentOrder) -> Self {
        Self {
            order,
            state: ParentState::Pending,
            ends_as: ParentState::Canceled,
            bought: SideSums::default(),
            sold: SideSums::default(),
            notional: 0,
            children: 0,
            refused: BTreeSet::new(),
            last_good: 0,
            retries: 0,
            reason: 0,
            live: BTreeSet::new(),
        }
    }

    pub(super) fn sums(&mut self, side: Side) -> &mut SideSums {
        match side {
            Side::Buy => &mut self.bought,
            Side::Sell | Side::SellShort => &mut self.sold,
        }
    }

    pub fn cum(&self) -> i64 {
        self.bought.cum + self.sold.cum
    }

    pub fn exposure(&self) -> i64 {
        self.bought.exposure + self.sold.exposure
    }

    /// Refused children in a row.
    pub fn rejects(&self) -> usize {
        self.refused.len()
    }

    /// A quote's quantity bounds its position either way, not what it trades.
    fn is_quote(&self) -> bool {
        self.order.style.starts_with("quote")
    }

    pub fn is_filled(&self) -> bool {
        !self.is_quote() && self.cum() >= self.order.quantity
    }

    /// Neither traded nor out: what children may still be made of; of a quote, on the side that has less of it.
    pub fn room(&self) -> i64 {
        if self.state != ParentState::Working {
            return 0;
        }
        (self.order.quantity - self.worst()).max(0)
    }

    /// More is traded or out than was asked for.
    pub fn is_over(&self) -> bool {
        self.worst() > self.order.quantity
    }

    /// What is traded, were all that is out to trade; of a quote, the largest position either way.
    fn worst(&self) -> i64 {
        if !self.is_quote() {
            return self.cum() + self.exposure();
        }
        let position = self.bought.cum - self.sold.cum;
        (position + self.bought.exposure).max(self.sold.exposure - position)
    }

    /// Volume-weighted price of what traded, 1e-9, rounded down; 0 for nothing.
    pub fn average_price(&self) -> i64 {
        if self.cum() <= 0 {
            return 0;
        }
        i64::try_from(self.notional / i128::from(self.cum())).unwrap_or(i64::MAX)
    }
}
