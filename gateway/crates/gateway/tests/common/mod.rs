//! Orders and executions as the tests write them.

#![allow(dead_code)] // Each test file uses its own part.

pub mod story;

use cws_abi::{ExecKind, Execution, IntentKind, OrderId, OrderIntent, Side, Terms};
use cws_gateway::oms::{Limits, Orders};

pub const PARENT: u64 = 7;

pub fn id(counter: u64) -> u64 {
    OrderId::new(b'H', 1, counter).expect("in range").bits()
}

pub fn orders() -> Orders {
    Orders::new(Limits { orders_max: 100 })
}

pub fn new_order(counter: u64, quantity: i64) -> OrderIntent {
    OrderIntent {
        order_id: id(counter),
        parent_id: PARENT,
        price: 10_000_000_000,
        quantity,
        symbol: 1,
        strategy: 2,
        kind: IntentKind::New as u8,
        side: Side::Buy as u8,
        terms: Terms::LimitDay as u8,
        version: OrderIntent::VERSION,
        ..OrderIntent::default()
    }
}

pub fn cancel(counter: u64, target: u64) -> OrderIntent {
    OrderIntent {
        kind: IntentKind::Cancel as u8,
        orig_order_id: id(target),
        quantity: 0,
        ..new_order(counter, 0)
    }
}

pub fn replace(counter: u64, target: u64, quantity: i64) -> OrderIntent {
    OrderIntent {
        kind: IntentKind::Replace as u8,
        orig_order_id: id(target),
        ..new_order(counter, quantity)
    }
}

/// `seq` is given by [`Feed`].
pub fn told(kind: ExecKind, counter: u64) -> Execution {
    Execution {
        order_id: id(counter),
        parent_id: PARENT,
        price: 10_000_000_000,
        symbol: 1,
        strategy: 2,
        kind: kind as u8,
        side: Side::Buy as u8,
        ..Execution::default()
    }
}

pub fn fill(counter: u64, exec_id: u64, quantity: i64) -> Execution {
    Execution {
        exec_id,
        last_qty: quantity,
        ..told(ExecKind::Filled, counter)
    }
}

pub fn broken(counter: u64, exec_id: u64) -> Execution {
    Execution {
        exec_id,
        ..told(ExecKind::Broken, counter)
    }
}

/// Orders, and the sequence numbers that the risk core would give.
pub struct Feed {
    pub orders: Orders,
    seq: u64,
}

impl Feed {
    pub fn new() -> Self {
        Self {
            orders: orders(),
            seq: 0,
        }
    }

    pub fn intent(&mut self, intent: OrderIntent) -> Option<&'static str> {
        self.orders.apply_intent(&intent).note.map(|note| note.code)
    }

    pub fn tell(&mut self, execution: Execution) -> Option<&'static str> {
        self.seq += 1;
        let numbered = Execution {
            seq: self.seq,
            ..execution
        };
        self.orders
            .apply_execution(&numbered)
            .note
            .map(|note| note.code)
    }

    pub fn state(&self, counter: u64) -> cws_gateway::oms::State {
        self.orders.get(id(counter)).expect("known").state
    }

    /// Traded, open, cancelled, broken.
    pub fn parts(&self, counter: u64) -> [i64; 4] {
        let order = self.orders.get(id(counter)).expect("known");
        [order.cum, order.leaves, order.canceled, order.broken]
    }
}
