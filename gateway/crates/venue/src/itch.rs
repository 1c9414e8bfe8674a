//! Engine events as ITCH 5.0 messages.

use cws_abi::Side;
use cws_matching::{Event, Phase, Replaced, Rested};
use cws_wire::Price4;
use cws_wire::itch50::{
    AddOrder, OrderCancel, OrderDelete, OrderExecuted, OrderReplace, StockDirectory,
    StockTradingAction, SystemEvent,
};

/// Nanoseconds of a day; stamps count from UTC midnight.
pub const DAY_NS: u64 = 86_400_000_000_000;

/// A price of the engine on the wire: ticks are multiples of 1e-4, so every price of the book fits.
pub fn price4(nanos: i64) -> Price4 {
    Price4::from_nanos(nanos).expect("the book holds prices of the wire's unit only")
}

/// A quantity of the engine on the wire.
pub fn shares(quantity: i64) -> u32 {
    u32::try_from(quantity).expect("limits.quantity is below a million")
}

/// Name padded with spaces.
pub fn alpha<const N: usize>(text: &str) -> [u8; N] {
    let mut place = [b' '; N];
    let length = text.len().min(N);
    place[..length].copy_from_slice(&text.as_bytes()[..length]);
    place
}

pub fn system_event(timestamp: u64, event_code: u8) -> Vec<u8> {
    let event = SystemEvent {
        stock_locate: 0,
        tracking_number: 0,
        timestamp,
        event_code,
    };
    event.to_bytes().to_vec()
}

pub fn directory(timestamp: u64, stock_locate: u16, stock: [u8; 8], lot: u32) -> Vec<u8> {
    let entry = StockDirectory {
        stock_locate,
        tracking_number: 0,
        timestamp,
        stock,
        market_category: b'Q',
        financial_status: b'N',
        round_lot_size: lot,
        round_lots_only: b'N',
        issue_classification: b'C',
        issue_subtype: *b"Z ",
        authenticity: b'T',
        short_sale_threshold: b'N',
        ipo_flag: b'N',
        luld_reference_price_tier: b'1',
        etp_flag: b'N',
        etp_leverage_factor: 0,
        inverse_indicator: b'N',
    };
    entry.to_bytes().to_vec()
}

pub fn trading_action(timestamp: u64, stock_locate: u16, stock: [u8; 8], state: u8) -> Vec<u8> {
    let action = StockTradingAction {
        stock_locate,
        tracking_number: 0,
        timestamp,
        stock,
        trading_state: state,
        reserved: b' ',
        reason: *b"    ",
    };
    action.to_bytes().to_vec()
}

/// What the public sees of one request's events, in order. `stocks[locate - 1]` are the padded names.
pub fn messages(events: &[Event], timestamp: u64, stocks: &[[u8; 8]]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut skip_rested = false;
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Accepted(_) | Event::Rejected(_) => {}
            Event::Rested(_) if skip_rested => skip_rested = false,
            Event::Rested(e) => out.push(added(e, timestamp, stocks)),
            Event::Executed(e) => out.push(
                OrderExecuted {
                    stock_locate: e.symbol,
                    tracking_number: 0,
                    timestamp,
                    order_reference_number: e.resting,
                    executed_shares: shares(e.quantity),
                    match_number: e.match_number,
                }
                .to_bytes()
                .to_vec(),
            ),
            Event::Canceled(e) if e.in_book => {
                out.push(cut(e.symbol, timestamp, e.order, e.quantity, e.open));
            }
            Event::Canceled(_) => {}
            Event::Replaced(e) if e.old == e.order => {
                let cut_shares = e.old_open - e.new.quantity;
                if cut_shares > 0 {
                    let symbol = e.new.symbol;
                    out.push(cut(symbol, timestamp, e.order, cut_shares, e.new.quantity));
                }
            }
            Event::Replaced(e) => {
                // Only an order that rests whole is "replaced" to the public; one that trades on entry leaves and comes.
                skip_rested = matches!(events.get(index + 1), Some(Event::Rested(_)));
                out.push(if skip_rested {
                    moved(e, timestamp)
                } else {
                    cut(e.new.symbol, timestamp, e.old, e.old_open, 0)
                });
            }
            Event::Halted { symbol } | Event::Resumed { symbol } => {
                let state = if matches!(event, Event::Halted { .. }) {
                    b'H'
                } else {
                    b'T'
                };
                let stock = stocks[usize::from(*symbol) - 1];
                out.push(trading_action(timestamp, *symbol, stock, state));
            }
            Event::Phase(Phase::After) => out.push(system_event(timestamp, b'M')),
            Event::Phase(_) => out.push(system_event(timestamp, b'Q')),
        }
    }
    out
}

fn added(e: &Rested, timestamp: u64, stocks: &[[u8; 8]]) -> Vec<u8> {
    let add = AddOrder {
        stock_locate: e.symbol,
        tracking_number: 0,
        timestamp,
        order_reference_number: e.order,
        side: if e.side == Side::Buy { b'B' } else { b'S' },
        shares: shares(e.open),
        stock: stocks[usize::from(e.symbol) - 1],
        price: price4(e.price),
    };
    add.to_bytes().to_vec()
}

fn moved(e: &Replaced, timestamp: u64) -> Vec<u8> {
    let replace = OrderReplace {
        stock_locate: e.new.symbol,
        tracking_number: 0,
        timestamp,
        original_order_reference_number: e.old,
        new_order_reference_number: e.order,
        shares: shares(e.new.quantity),
        price: price4(e.new.price),
    };
    replace.to_bytes().to_vec()
}

fn cut(stock_locate: u16, timestamp: u64, order: u64, quantity: i64, open: i64) -> Vec<u8> {
    if open == 0 {
        let delete = OrderDelete {
            stock_locate,
            tracking_number: 0,
            timestamp,
            order_reference_number: order,
        };
        return delete.to_bytes().to_vec();
    }
    let cancel = OrderCancel {
        stock_locate,
        tracking_number: 0,
        timestamp,
        order_reference_number: order,
        cancelled_shares: shares(quantity),
    };
    cancel.to_bytes().to_vec()
}
