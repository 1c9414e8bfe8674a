//! OUCH 4.2: what a client asks, and engine events as answers.

use cws_abi::{Side, Terms};
use cws_matching::MARKET_PRICE;
use cws_wire::Price4;
use cws_wire::ouch42::{Accepted, Canceled, EnterOrder, Executed, Rejected, Replaced, SystemEvent};

pub type Token = [u8; 14];

const IMMEDIATE: u32 = 0;
const MARKET_HOURS: u32 = 99_998;
const SYSTEM_HOURS: u32 = 99_999;
const POST_ONLY: u8 = b'P';

/// The terms of an order that we trade, or OUCH's letter for why not.
pub fn terms(enter: &EnterOrder) -> Result<(Side, Terms, i64), u8> {
    let side = match enter.side {
        b'B' => Side::Buy,
        b'S' => Side::Sell,
        b'T' | b'E' => Side::SellShort,
        _ => return Err(b'O'),
    };
    if enter.cross_type != b'N' {
        return Err(b'R');
    }
    if enter.minimum_quantity != 0 {
        return Err(b'N');
    }
    let market = enter.price == Price4::MARKET;
    let terms = match (enter.time_in_force, enter.display == POST_ONLY, market) {
        (IMMEDIATE, false, false) => Terms::LimitIoc,
        (IMMEDIATE, false, true) => Terms::MarketIoc,
        (IMMEDIATE, true, _) => return Err(b'D'),
        (MARKET_HOURS | SYSTEM_HOURS, _, true) => return Err(b'X'),
        (MARKET_HOURS | SYSTEM_HOURS, true, false) => Terms::PostOnly,
        (MARKET_HOURS | SYSTEM_HOURS, false, false) => Terms::LimitDay,
        // Orders that live for some seconds are not offered.
        _ => return Err(b'O'),
    };
    Ok((side, terms, price(enter.price)))
}

/// 1e-9; [`MARKET_PRICE`] for the wire's market price.
pub fn price(price: Price4) -> i64 {
    if price == Price4::MARKET {
        MARKET_PRICE
    } else {
        price.nanos()
    }
}

/// OUCH 4.2: alphanumeric, padded with spaces.
pub fn is_token(token: &Token) -> bool {
    let text = token.trim_ascii_end();
    !text.is_empty() && text.iter().all(u8::is_ascii_alphanumeric)
}

pub fn accepted(timestamp: u64, enter: &EnterOrder, order: u64) -> Vec<u8> {
    let message = Accepted {
        timestamp,
        order_token: enter.order_token,
        side: enter.side,
        shares: enter.shares,
        stock: enter.stock,
        price: enter.price,
        time_in_force: enter.time_in_force,
        firm: enter.firm,
        display: enter.display,
        order_reference_number: order,
        capacity: enter.capacity,
        intermarket_sweep_eligibility: enter.intermarket_sweep_eligibility,
        minimum_quantity: enter.minimum_quantity,
        cross_type: enter.cross_type,
        order_state: b'L',
        bbo_weight_indicator: b' ',
    };
    message.to_bytes().to_vec()
}

/// `enter` as it stands after the replacement: new token, open shares, price.
pub fn replaced(timestamp: u64, enter: &EnterOrder, order: u64, previous: Token) -> Vec<u8> {
    let message = Replaced {
        timestamp,
        replacement_order_token: enter.order_token,
        side: enter.side,
        shares: enter.shares,
        stock: enter.stock,
        price: enter.price,
        time_in_force: enter.time_in_force,
        firm: enter.firm,
        display: enter.display,
        order_reference_number: order,
        capacity: enter.capacity,
        intermarket_sweep_eligibility: enter.intermarket_sweep_eligibility,
        minimum_quantity: enter.minimum_quantity,
        cross_type: enter.cross_type,
        order_state: b'L',
        previous_order_token: previous,
        bbo_weight_indicator: b' ',
    };
    message.to_bytes().to_vec()
}

pub fn rejected(timestamp: u64, order_token: Token, reason: u8) -> Vec<u8> {
    let message = Rejected {
        timestamp,
        order_token,
        reason,
    };
    message.to_bytes().to_vec()
}

pub fn canceled(timestamp: u64, order_token: Token, decrement_shares: u32, reason: u8) -> Vec<u8> {
    let message = Canceled {
        timestamp,
        order_token,
        decrement_shares,
        reason,
    };
    message.to_bytes().to_vec()
}

/// `liquidity_flag`: A = added, R = removed.
pub fn executed(
    timestamp: u64,
    order_token: Token,
    (executed_shares, execution_price): (u32, Price4),
    liquidity_flag: u8,
    match_number: u64,
) -> Vec<u8> {
    let message = Executed {
        timestamp,
        order_token,
        executed_shares,
        execution_price,
        liquidity_flag,
        match_number,
    };
    message.to_bytes().to_vec()
}

pub fn system_event(timestamp: u64, event_code: u8) -> Vec<u8> {
    let message = SystemEvent {
        timestamp,
        event_code,
    };
    message.to_bytes().to_vec()
}
