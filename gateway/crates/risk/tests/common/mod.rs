//! A small world in which an order passes all checks; tests change one thing at a time.
#![allow(dead_code)]

use cws_abi::{IntentKind, OrderId, OrderIntent, Side, Terms};
use cws_journal::ParentOrder;
use cws_risk::Now;
use cws_risk::book::Book;
use cws_risk::checks::{Ask, CHECKS, Code, approve};
use cws_risk::limits::Limits;
use cws_risk::order::Order;
use cws_risk::signing::SignedLimits;
use cws_risk::status::{SessionState, Status};

pub const S: u64 = 1_000_000_000;
pub const PRICE: i64 = 100 * 1_000_000_000;
/// Far from 0, so that "long ago" can be said.
pub const NOW: Now = Now {
    utc_ns: 1_800_000_000 * S,
    mono_ns: 500 * S,
};

pub const LIMITS: &str = r#"
version = 1
valid_until_ns = 1800000100000000000

[firm]
max_order_notional = 1000000
max_gross_notional = 10000000
max_net_notional = 10000000
max_open_notional = 10000000
max_daily_loss = 50000
reduce_at_loss = 40000
capital = 20000000.5
margin_bps = 10000
currencies = ["USD"]
messages_per_s = 1000
message_burst = 1000
max_orders_a_day = 1000000
max_reference_age_s = 60
max_market_data_age_ms = 1000
day_starts_s = 0
gateway_builds = ["aa"]

[[strategy]]
no = 1
name = "one"
enabled = true
patches = ["p1"]
currency = "USD"
phases = ["open"]
max_order_quantity = 1000
max_order_notional = 500000
max_position = 5000
max_daily_loss = 10000
messages_per_s = 100
message_burst = 100
rate_kills_at = 1000
max_cancel_ratio = 2
free_cancels = 3
duplicate_window_ms = 10
max_repeated_executions = 100
repeated_window_ms = 1000

[[symbol]]
locate = 1
name = "AAPL"
currency = "USD"
tick = 0.01
lot = 1
unit = 1
max_order_quantity = 2000
reference_price = 100.0
reference_ns = 1799999990000000000
collar_bps = 500
adv = 1000000
max_adv_share_bps = 1000
short_locate = 300
restricted = "no"
halted = false
"#;

pub struct World {
    pub limits: Limits,
    pub book: Book,
    pub status: Status,
    pub order: Order,
    pub now: Now,
}

pub fn limits() -> Limits {
    Limits::parse(LIMITS).expect("sound limits")
}

pub fn signed() -> SignedLimits {
    SignedLimits {
        limits: limits(),
        hash: [0; 32],
    }
}

pub fn id(counter: u64) -> OrderId {
    OrderId::new(b'A', 7, counter).expect("in range")
}

pub fn order(counter: u64, side: Side, quantity: i64, price: i64) -> Order {
    Order {
        id: id(counter),
        parent_id: 1,
        replaces: 0,
        side,
        terms: Terms::LimitDay,
        symbol: 1,
        strategy: 1,
        price,
        quantity,
        ts_recv_ns: NOW.utc_ns - 1_000,
    }
}

pub fn parent(id: u64, side: Side, quantity: i64) -> ParentOrder {
    ParentOrder {
        parent_id: id,
        strategy_no: 1,
        symbol_no: 1,
        side: side as u8,
        quantity,
        strategy: "one".into(),
        symbol: "AAPL".into(),
        patch: "p1".into(),
        ..ParentOrder::default()
    }
}

/// The intent that asks for an order.
pub fn intent(seq: u64, order: &Order) -> OrderIntent {
    OrderIntent {
        seq,
        order_id: order.id.bits(),
        parent_id: order.parent_id,
        orig_order_id: order.replaces,
        ts_recv_ns: order.ts_recv_ns,
        price: order.price,
        quantity: order.quantity,
        symbol: order.symbol,
        strategy: order.strategy,
        kind: if order.replaces == 0 {
            IntentKind::New as u8
        } else {
            IntentKind::Replace as u8
        },
        side: order.side as u8,
        terms: order.terms as u8,
        version: OrderIntent::VERSION,
    }
}

impl World {
    pub fn new() -> Self {
        let mut status = Status::new(50_000_000);
        status.session = SessionState::Up;
        status.phase = cws_risk::limits::Phase::Open;
        status.beat_ns = NOW.mono_ns;
        status.gateway_build = "aa".into();
        let mut book = Book {
            day: (NOW.utc_ns / S / 86_400) as i64,
            ..Book::default()
        };
        book.register(parent(1, Side::Buy, 1_000_000));
        book.register(parent(2, Side::Sell, 1_000_000));
        book.register(parent(3, Side::SellShort, 1_000_000));
        book.exposure.set_mark(1, PRICE, 1);
        Self {
            limits: limits(),
            book,
            status,
            order: order(1000, Side::Buy, 100, PRICE),
            now: NOW,
        }
    }

    pub fn ask(&self) -> Ask<'_> {
        Ask::new(
            &self.order,
            &self.limits,
            &self.book,
            &self.status,
            self.now,
            b'A',
        )
    }

    /// One check alone.
    pub fn passes(&self, code: Code) -> bool {
        let check = &CHECKS[usize::from(code.reason()) - 1];
        assert_eq!(check.code, code);
        (check.passes)(&self.ask())
    }

    /// All of them: the first that refuses.
    pub fn verdict(&self) -> Option<Code> {
        approve(&self.ask()).err()
    }

    pub fn sell(&mut self, side: Side, quantity: i64) {
        self.order = Order {
            parent_id: if side == Side::Sell { 2 } else { 3 },
            ..order(1000, side, quantity, PRICE)
        };
    }

    /// As if `quantity` had traded at `price`, long ago.
    pub fn traded(&mut self, side: Side, quantity: i64, price: i64) {
        let order = order(1, side, quantity, price);
        self.book.exposure.trade(&order, quantity, price, 2);
    }

    pub fn open(&mut self, counter: u64, side: Side, quantity: i64, price: i64) {
        let parent_id = match side {
            Side::Buy => 1,
            Side::Sell => 2,
            Side::SellShort => 3,
        };
        let order = Order {
            parent_id,
            ..order(counter, side, quantity, price)
        };
        self.book.place(order, 1);
    }
}
