//! R01 to R23. An order leaves only as [`RiskApproved`], and that is made here alone, after all of them said yes.

mod account;
mod conduct;
mod identity;
mod market;
mod permission;
mod size;

use std::fmt;

use crate::Now;
use crate::book::{Book, OpenOrder, Parent, SymbolBook, Totals};
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

        /// The first that says no. Called one by one and by name: through the table each would be a jump that the
        /// processor cannot foresee.
        fn refused_by(ask: &Ask<'_>) -> Option<Code> {
            $(if !$run(ask) { return Some(Code::$code); })+
            None
        }
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

/// One question: may this order leave, as things stand? Nothing in it changes while it is answered; what several checks
/// look up is looked up once.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    order: &'a Order,
    limits: &'a Limits,
    book: &'a Book,
    status: &'a Status,
    now: Now,
    region: u8,
    /// None is refused by R19; checks before it leave that to it.
    strategy: Option<&'a Strategy>,
    /// None is refused by R14; checks before it leave that to it.
    symbol: Option<&'a Symbol>,
    /// The signed reference price, where it can be used.
    reference: Option<i64>,
    parent: Option<&'a Parent>,
    replaced: Option<&'a OpenOrder>,
    /// The firm in this symbol; None where it never was in it.
    held: Option<&'a SymbolBook>,
    /// Shares that would come on top of what counts as open: for a replacement the difference, at least 0.
    added: i64,
    /// The firm's sums without this order and with it: see [`crate::book::Exposure::totals_with`].
    totals: [Totals; 2],
}

impl<'a> Ask<'a> {
    /// `region` is the only one whose ids are ours.
    pub fn new(
        order: &'a Order,
        limits: &'a Limits,
        book: &'a Book,
        status: &'a Status,
        now: Now,
        region: u8,
    ) -> Self {
        let symbol = limits.symbols.get(&order.symbol);
        let max_age_s = limits.firm.max_reference_age_s;
        let replaced = (order.replaces != 0)
            .then(|| book.orders.get(&order.replaces))
            .flatten();
        let added = match replaced {
            None => order.quantity.max(0),
            Some(old) => {
                let open = order.quantity.saturating_sub(old.cum);
                open.saturating_sub(old.counted).max(0)
            }
        };
        let held = book.exposure.symbols.get(&order.symbol);
        Self {
            order,
            limits,
            book,
            status,
            now,
            region,
            strategy: limits.strategies.get(&order.strategy),
            symbol,
            reference: symbol.and_then(|s| s.usable_reference(now.utc_ns, max_age_s)),
            parent: book.parents.get(&order.parent_id),
            replaced,
            held,
            added,
            totals: book.exposure.totals_with(held, order, added),
        }
    }

    /// The highest price that the order could trade at, for its notional; None without a reference for a market order.
    fn price(&self) -> Option<i64> {
        if self.order.price != 0 {
            return Some(self.order.price);
        }
        let collar = i128::from(self.symbol?.collar_bps) + 10_000;
        i64::try_from(i128::from(self.reference?) * collar / 10_000).ok()
    }
}

/// Within the bound either way, or on the same side and nearer to zero than before: what leads back is never refused for not
/// being there yet.
fn bounded(after: i128, before: i128, bound: i128) -> bool {
    let leads_back = after.abs() < before.abs() && after.signum() * before.signum() >= 0;
    after.abs() <= bound || leads_back
}

/// Something that all checks passed. Nobody outside this module can make one:
///
/// ```compile_fail,E0451
/// let forged = cws_risk::checks::RiskApproved { inner: 1 };
/// ```
///
/// ```compile_fail,E0277
/// fn out_of_thin_air(order: cws_risk::order::Order) -> cws_risk::checks::RiskApproved<cws_risk::order::Order> {
///     order.into()
/// }
/// ```
///
/// And the encoder takes nothing else:
///
/// ```compile_fail,E0308
/// use cws_risk::{encode, order::Order};
/// fn unchecked(order: &Order, wire: &encode::WireTerms) -> bool {
///     encode::place(order, wire).is_ok()
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
    match refused_by(ask) {
        Some(code) => Err(code),
        None => Ok(RiskApproved { inner: *ask.order }),
    }
}
