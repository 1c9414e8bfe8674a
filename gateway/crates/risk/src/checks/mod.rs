//! R01 to R23. An order leaves only as [`RiskApproved`], and that is made here alone, after all of them said yes.

mod account;
mod conduct;
mod identity;
mod market;
mod permission;
mod size;

use std::fmt;

use crate::Now;
use crate::book::{Book, OpenOrder};
use crate::limits::{Limits, Strategy, Symbol};
use crate::order::Order;
use crate::status::Status;

macro_rules! checks {
    ($($code:ident $number:literal $name:literal $run:path;)+) => {
        /// The check that refused; its number is the reason in an `Execution`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Code { $(#[doc = $name] $code = $number),+ }

        /// In the order in which they run; the same table is in `gateway/docs/risk.md`.
        pub const CHECKS: [Check; 23] = [$(Check { code: Code::$code, name: $name, passes: $run }),+];
    };
}
checks! {
    R01 1 "max quantity" size::max_quantity;
    R02 2 "max notional" size::max_notional;
    R03 3 "price collar" market::price_collar;
    R04 4 "share of average daily volume" size::share_of_adv;
    R05 5 "position of the strategy" size::strategy_position;
    R06 6 "gross and net notional of the firm" account::gross_and_net;
    R07 7 "open orders, worst case" account::open_worst_case;
    R08 8 "daily loss" account::daily_loss;
    R09 9 "message rate" conduct::message_rate;
    R10 10 "cancel and replace ratio" conduct::cancel_ratio;
    R11 11 "duplicate order or ClOrdID" identity::duplicate;
    R12 12 "repeated executions" conduct::repeated_executions;
    R13 13 "child within its parent" identity::within_parent;
    R14 14 "restricted list" permission::restricted;
    R15 15 "short locate" permission::short_locate;
    R16 16 "session and halt state" permission::state;
    R17 17 "tick, lot, NaN, overflow" market::well_formed;
    R18 18 "self-match" conduct::self_match;
    R19 19 "authorised strategy and build" identity::authorised;
    R20 20 "capital of the firm" account::capital;
    R21 21 "age of market data" market::data_age;
    R22 22 "currency" permission::currency;
    R23 23 "phase" permission::phase;
}

impl Code {
    pub fn reason(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{:02}", self.reason())
    }
}

pub struct Check {
    pub code: Code,
    pub name: &'static str,
    /// True where the order may go on to the next check.
    pub passes: fn(&Ask<'_>) -> bool,
}

/// One question: may this order leave, as things stand? Nothing in it changes while it is answered.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub order: &'a Order,
    pub limits: &'a Limits,
    pub book: &'a Book,
    pub status: &'a Status,
    pub now: Now,
    /// The only region whose ids are ours.
    pub region: u8,
}

impl Ask<'_> {
    /// None is refused by R19; checks before it leave that to it.
    fn strategy(&self) -> Option<&Strategy> {
        self.limits.strategies.get(&self.order.strategy)
    }

    /// None is refused by R14.
    fn symbol(&self) -> Option<&Symbol> {
        self.limits.symbols.get(&self.order.symbol)
    }

    /// The signed reference price, where it can be used.
    fn reference(&self) -> Option<i64> {
        let max_age_s = self.limits.firm.max_reference_age_s;
        self.symbol()?.usable_reference(self.now.utc_ns, max_age_s)
    }

    fn replaced(&self) -> Option<&OpenOrder> {
        self.book.orders.get(&self.order.replaces)
    }

    /// Shares that would come on top of what counts as open: for a replacement the difference, at least 0.
    fn added(&self) -> i64 {
        let Some(old) = self.replaced() else {
            return self.order.quantity.max(0);
        };
        let open = self.order.quantity.saturating_sub(old.cum_chain());
        open.saturating_sub(old.counted).max(0)
    }

    /// The highest price that the order could trade at, for its notional; None without a reference for a market order.
    fn price(&self) -> Option<i64> {
        if self.order.price != 0 {
            return Some(self.order.price);
        }
        let collar = i128::from(self.symbol()?.collar_bps) + 10_000;
        i64::try_from(i128::from(self.reference()?) * collar / 10_000).ok()
    }
}

/// Within the bound, or nearer to it than before: what leads back is never refused for not being there yet.
fn bounded(after: i128, before: i128, bound: i128) -> bool {
    after <= bound || after < before
}

/// Something that all checks passed. Nobody outside this module can make one:
///
/// ```compile_fail
/// let forged = cws_risk::checks::RiskApproved { inner: 1 };
/// ```
///
/// ```compile_fail
/// fn out_of_thin_air(order: cws_risk::order::Order) -> cws_risk::checks::RiskApproved<cws_risk::order::Order> {
///     order.into()
/// }
/// ```
///
/// And the encoder takes nothing else:
///
/// ```compile_fail
/// fn unchecked(order: &cws_risk::order::Order, terms: &cws_risk::encode::Terms) -> Vec<u8> {
///     cws_risk::encode::order(order, terms).unwrap()
/// }
/// ```
///
/// ```
/// use cws_risk::{checks::RiskApproved, encode, order::Order};
/// fn checked(order: &RiskApproved<Order>, wire: &encode::WireTerms) -> bool {
///     encode::place(order, wire).is_ok()
/// }
/// ```
#[derive(Debug)]
pub struct RiskApproved<T> {
    inner: T,
}

impl<T> RiskApproved<T> {
    pub fn get(&self) -> &T {
        &self.inner
    }
}

/// Runs all checks in their order.
///
/// # Errors
/// The first that refuses.
pub fn approve(ask: &Ask<'_>) -> Result<RiskApproved<Order>, Code> {
    match CHECKS.iter().find(|check| !(check.passes)(ask)) {
        Some(check) => Err(check.code),
        None => Ok(RiskApproved { inner: *ask.order }),
    }
}
