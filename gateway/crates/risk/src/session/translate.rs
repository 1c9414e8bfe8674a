//! One sequenced OUCH message becomes one `Execution`, by what the book knows. Whatever is no news (a repeated trade, a
//! stranger's order, bytes that are no message) becomes a `SessionEvent`, so that every number is accounted for.

use cws_abi::{ExecKind, Execution, OrderId, VENUE_REASON};
use cws_wire::Price4;
use cws_wire::ouch42::Outbound;

use super::stamp::event_ns;
use crate::book::{Book, OpenOrder};

/// OUCH 4.2, order state of Accepted and Replaced: taken and cancelled at once, and nothing more is said about it.
const DEAD: u8 = b'D';

/// Message `venue_seq` of the order session (or of drop copy), received at `utc_ns`. `seq` stays 0: the ring's count is
/// the caller's. `midnight_ns` is the venue's, as of [`event_ns`].
pub fn translate(
    book: &Book,
    payload: &[u8],
    venue_seq: u64,
    utc_ns: u64,
    midnight_ns: u64,
) -> Execution {
    let mut execution = Execution {
        venue_seq,
        ts_recv_ns: utc_ns,
        kind: ExecKind::SessionEvent as u8,
        ..Execution::default()
    };
    if let Ok(message) = Outbound::decode(payload) {
        fill_in(&mut execution, book, &message);
        // Without an order a letter is the day's. A token that is none of ours names no order, and the day said nothing.
        if execution.order_id == 0 && !matches!(message, Outbound::SystemEvent(_)) {
            execution.reason = 0;
        }
        execution.ts_event_ns = event_ns(midnight_ns, execution.ts_event_ns, utc_ns);
    }
    execution
}

/// `ts_event_ns` as the venue says it: from its midnight.
fn fill_in(e: &mut Execution, book: &Book, message: &Outbound) {
    match message {
        Outbound::SystemEvent(m) => {
            e.ts_event_ns = m.timestamp;
            e.reason = letter(m.event_code);
        }
        Outbound::Accepted(m) => {
            if let Some(open) = about(e, book, &m.order_token, m.timestamp) {
                e.leaves_qty = leaves(m.shares, open, m.order_state);
                e.price = nanos(m.price);
                e.kind = ExecKind::Accepted as u8;
                if m.order_state == DEAD {
                    e.kind = ExecKind::Canceled as u8;
                    e.reason = letter(DEAD);
                }
            }
        }
        Outbound::Replaced(m) => {
            let old = token(&m.previous_order_token).map_or(0, OrderId::bits);
            if let Some(open) = about(e, book, &m.replacement_order_token, m.timestamp) {
                e.orig_order_id = old;
                e.leaves_qty = leaves(m.shares, open, m.order_state);
                e.price = nanos(m.price);
                e.kind = ExecKind::Replaced as u8;
            }
        }
        Outbound::Canceled(m) => {
            canceled(
                e,
                book,
                &m.order_token,
                (m.timestamp, m.decrement_shares, m.reason),
            );
        }
        Outbound::AiqCanceled(m) => {
            canceled(
                e,
                book,
                &m.order_token,
                (m.timestamp, m.decrement_shares, m.reason),
            );
        }
        Outbound::Executed(m) => {
            let trade = (m.executed_shares, m.execution_price, m.match_number);
            executed(e, book, &m.order_token, m.timestamp, trade);
        }
        Outbound::ExecutedWithReferencePrice(m) => {
            let trade = (m.executed_shares, m.execution_price, m.match_number);
            executed(e, book, &m.order_token, m.timestamp, trade);
        }
        Outbound::BrokenTrade(m) => {
            let known = about(e, book, &m.order_token, m.timestamp);
            (e.exec_id, e.reason) = (m.match_number, letter(m.reason));
            let Some(open) = known else {
                return;
            };
            let trade = book.trades.get(&(e.order_id, m.match_number));
            if let Some(trade) = trade.filter(|trade| !trade.broken) {
                (e.last_qty, e.price) = (trade.quantity, trade.price);
                e.cum_qty = open.cum - trade.quantity;
                e.kind = ExecKind::Broken as u8;
            }
        }
        Outbound::Rejected(m) => {
            let known = about(e, book, &m.order_token, m.timestamp);
            e.reason = letter(m.reason);
            if known.is_some_and(OpenOrder::open) {
                e.leaves_qty = 0;
                e.kind = ExecKind::RejectedByVenue as u8;
            }
        }
        Outbound::CancelReject(m) => {
            if let Some(open) = about(e, book, &m.order_token, m.timestamp) {
                request(e, open);
                e.kind = ExecKind::CancelRejected as u8;
            }
        }
        Outbound::PriceCorrection(m) => {
            about(e, book, &m.order_token, m.timestamp);
            (e.exec_id, e.price) = (m.match_number, nanos(m.new_execution_price));
            e.reason = letter(m.reason);
            let trade = book.trades.get(&(e.order_id, m.match_number));
            if let Some(trade) = trade.filter(|t| !t.broken && t.price != e.price) {
                e.last_qty = trade.quantity;
                e.kind = ExecKind::Corrected as u8;
            }
        }
        Outbound::CancelPending(m) => drop(about(e, book, &m.order_token, m.timestamp)),
        Outbound::PriorityUpdate(m) => drop(about(e, book, &m.order_token, m.timestamp)),
        Outbound::Modified(m) => drop(about(e, book, &m.order_token, m.timestamp)),
    }
}

/// Says which order it is about; None (and a `SessionEvent`) where nobody here knows it.
fn about<'a>(e: &mut Execution, book: &'a Book, text: &[u8; 14], ts: u64) -> Option<&'a OpenOrder> {
    e.ts_event_ns = ts;
    e.order_id = token(text).map_or(0, OrderId::bits);
    let open = book.orders.get(&e.order_id)?;
    e.parent_id = open.order.parent_id;
    e.symbol = open.order.symbol;
    e.strategy = open.order.strategy;
    e.side = open.order.side as u8;
    e.ts_trigger_ns = open.order.ts_recv_ns;
    e.cum_qty = open.cum;
    e.leaves_qty = open.leaves;
    e.price = open.order.price;
    Some(open)
}

/// What is open of `shares` that were accepted. A trade may overtake the acknowledgement: what traded is no longer open.
fn leaves(shares: u32, open: &OpenOrder, order_state: u8) -> i64 {
    match order_state {
        DEAD => 0,
        _ => (i64::from(shares) - open.cum).max(0),
    }
}

fn executed(
    e: &mut Execution,
    book: &Book,
    text: &[u8; 14],
    ts: u64,
    (shares, price, match_number): (u32, Price4, u64),
) {
    let Some(open) = about(e, book, text, ts) else {
        return;
    };
    (e.exec_id, e.price) = (match_number, nanos(price));
    // A repeated trade says nothing new: the number is kept, the shares are not counted again.
    if book.trades.contains_key(&(e.order_id, match_number)) {
        return;
    }
    e.last_qty = i64::from(shares);
    e.cum_qty = open.cum + e.last_qty;
    e.leaves_qty = (open.leaves - e.last_qty).max(0);
    e.kind = ExecKind::Filled as u8;
}

fn canceled(
    e: &mut Execution,
    book: &Book,
    text: &[u8; 14],
    (ts, decrement, reason): (u64, u32, u8),
) {
    let Some(open) = about(e, book, text, ts) else {
        return;
    };
    e.reason = letter(reason);
    if !open.open() {
        return;
    }
    e.orig_order_id = open.cancel_id;
    e.leaves_qty = (open.leaves - i64::from(decrement)).max(0);
    e.kind = ExecKind::Canceled as u8;
}

/// The answer is to the cancel that waits, where one does.
fn request(e: &mut Execution, open: &OpenOrder) {
    if open.cancel_id != 0 {
        (e.orig_order_id, e.order_id) = (e.order_id, open.cancel_id);
    }
}

fn token(text: &[u8; 14]) -> Option<OrderId> {
    OrderId::from_token(text).ok()
}

fn letter(reason: u8) -> u16 {
    VENUE_REASON + u16::from(reason)
}

/// A market order's price is 0 inside.
fn nanos(price: Price4) -> i64 {
    if price == Price4::MARKET {
        0
    } else {
        price.nanos()
    }
}
