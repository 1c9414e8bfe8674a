//! One parent order: what was asked for, what traded, what may still trade.

use std::collections::BTreeSet;

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

/// Shares and 1e-9 throughout. `cum + exposure <= order.quantity` unless a report says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub order: ParentOrder,
    pub state: ParentState,
    /// What it becomes when its last child has ended.
    pub(super) ends_as: ParentState,
    pub cum: i64,
    /// Price times shares of what traded.
    pub notional: i128,
    /// What may still trade because of children that are out.
    pub exposure: i64,
    pub children: u64,
    pub rejects: u32,
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
            cum: 0,
            notional: 0,
            exposure: 0,
            children: 0,
            rejects: 0,
            retries: 0,
            reason: 0,
            live: BTreeSet::new(),
        }
    }

    /// Neither traded nor out: what children may still be made of.
    pub fn room(&self) -> i64 {
        if self.state == ParentState::Working {
            (self.order.quantity - self.cum - self.exposure).max(0)
        } else {
            0
        }
    }

    /// More is traded or out than was asked for.
    pub fn is_over(&self) -> bool {
        self.cum + self.exposure > self.order.quantity
    }

    /// Volume-weighted price of what traded, 1e-9, rounded down; 0 for nothing.
    pub fn average_price(&self) -> i64 {
        if self.cum <= 0 {
            return 0;
        }
        i64::try_from(self.notional / i128::from(self.cum)).unwrap_or(i64::MAX)
    }
}
