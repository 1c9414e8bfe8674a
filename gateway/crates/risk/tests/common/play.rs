//! The core between an intent and a message, with everything that it wanted done.
#![allow(dead_code)]

use cws_abi::{Execution, IntentKind, OrderId, OrderIntent, Side};
use cws_journal::{Entry, KillScope, Record};
use cws_risk::Now;
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::order::Order;
use cws_risk::settings::Settings;
use cws_risk::status::State;
use cws_wire::Price4;
use cws_wire::ouch42::{
    Accepted, Canceled, EnterOrder, Executed, Inbound, Rejected, Replaced, SystemEvent,
};
use cws_wire::soup_bin_tcp::Client;

use crate::common::{NOW, PRICE, id, intent, order, parent, signed};

pub struct Play {
    pub core: Core,
    pub now: Now,
    pub intent_seq: u64,
    pub venue_seq: u64,
    pub entries: Vec<(u64, Entry)>,
    pub executions: Vec<Execution>,
    pub sent: Vec<Inbound>,
    pub relogin: bool,
}

impl Play {
    pub fn new() -> Self {
        let mut play = Self::bare(Core::new(Settings::default()));
        play.core.status.gateway_build = "aa".into();
        play.act(|core, now, fx| core.set_limits(signed(), now, fx));
        play.tick();
        play.up();
        play.say(
            &SystemEvent {
                timestamp: 1,
                event_code: b'S',
            }
            .to_bytes(),
        );
        for (no, side) in [(1, Side::Buy), (2, Side::Sell), (3, Side::SellShort)] {
            play.act(|core, now, fx| {
                core.register(parent(no, side, 1_000_000), now, fx)
                    .expect("sound")
            });
        }
        play.executions.clear();
        play
    }

    pub fn bare(core: Core) -> Self {
        Self {
            core,
            now: NOW,
            intent_seq: 0,
            venue_seq: 0,
            entries: Vec::new(),
            executions: Vec::new(),
            sent: Vec::new(),
            relogin: false,
        }
    }

    pub fn act(&mut self, act: impl FnOnce(&mut Core, Now, &mut Effects)) {
        let mut fx = Effects::default();
        act(&mut self.core, self.now, &mut fx);
        self.entries.append(&mut fx.entries);
        self.core.settle();
        self.executions.append(&mut fx.executions);
        self.relogin |= fx.relogin;
        for outgoing in &fx.outgoing {
            let Ok(Client::ClientData(data)) = Client::decode(&outgoing.frame.bytes()[2..]) else {
                panic!("orders are unsequenced data");
            };
            self.sent
                .push(Inbound::decode(data.payload).expect("decodes"));
        }
    }

    pub fn later(&mut self, ns: u64) {
        self.now.utc_ns += ns;
        self.now.mono_ns += ns;
        if self.core.status.beat_ns != 0 {
            self.core.beat(self.now.mono_ns);
        }
    }

    pub fn tick(&mut self) {
        self.core.beat(self.now.mono_ns);
        self.act(|core, now, fx| core.tick(None, now, fx));
    }

    pub fn up(&mut self) {
        self.act(|core, now, fx| {
            core.session_up("DAY1", false, now, fx);
            core.session_idle(now, fx);
        });
    }

    pub fn down(&mut self) {
        self.act(|core, now, fx| core.session_down("test", now, fx));
    }

    pub fn push(&mut self, intent: OrderIntent) {
        self.intent_seq += 1;
        let intent = OrderIntent {
            seq: self.intent_seq,
            ts_recv_ns: self.now.utc_ns,
            ..intent
        };
        self.act(|core, now, fx| core.intent(&intent, now, fx));
    }

    pub fn place(&mut self, order: &Order) {
        self.push(intent(0, order));
    }

    pub fn cancel(&mut self, counter: u64, of: u64) {
        self.push(OrderIntent {
            orig_order_id: id(of).bits(),
            kind: IntentKind::Cancel as u8,
            quantity: 0,
            ..intent(0, &order(counter, Side::Buy, 1, PRICE))
        });
    }

    pub fn say(&mut self, message: &[u8]) {
        self.venue_seq += 1;
        let seq = self.venue_seq;
        self.act(|core, now, fx| core.message(seq, message, now, fx));
    }

    pub fn drop_copy(&mut self, seq: u64, message: &[u8]) {
        self.act(|core, now, fx| core.drop_copy_message(seq, message, now, fx));
    }

    pub fn rearm_strategy(&mut self) {
        self.act(|core, now, fx| {
            assert_eq!(
                core.rearm(KillScope::Strategy, "one", ("ops", "looked"), now, fx),
                None
            );
        });
    }

    pub fn state(&self) -> State {
        self.core.state(self.now).0
    }

    pub fn position(&self) -> i64 {
        self.core
            .book
            .exposure
            .symbols
            .get(&1)
            .map_or(0, |symbol| symbol.position)
    }

    pub fn last(&self) -> Execution {
        *self.executions.last().expect("something was told")
    }

    pub fn sent_orders(&self) -> Vec<EnterOrder> {
        let orders = self.sent.iter().filter_map(|message| match message {
            Inbound::EnterOrder(enter) => Some(*enter),
            _ => None,
        });
        orders.collect()
    }

    pub fn sent_cancels(&self) -> Vec<OrderId> {
        let cancels = self.sent.iter().filter_map(|message| match message {
            Inbound::CancelOrder(cancel) => OrderId::from_token(&cancel.order_token).ok(),
            _ => None,
        });
        cancels.collect()
    }
}

/// What a journal of these entries would give back.
pub fn records(entries: &[(u64, Entry)]) -> impl Iterator<Item = Record> + '_ {
    entries.iter().zip(1..).map(|((ts_ns, entry), seq)| {
        let mut payload = Vec::new();
        let kind = entry.encode(&mut payload);
        Record {
            seq,
            ts_ns: *ts_ns,
            kind,
            payload,
            hash: [0; 32],
            offset: 0,
        }
    })
}

fn price4(price: i64) -> Price4 {
    Price4::from_nanos(price).expect("a price of the wire")
}

pub fn accepted(counter: u64, shares: u32, price: i64) -> Vec<u8> {
    let message = Accepted {
        timestamp: 2,
        order_token: id(counter).token(),
        side: b'B',
        shares,
        stock: *b"AAPL    ",
        price: price4(price),
        time_in_force: 99_998,
        firm: *b"CWS ",
        display: b'Y',
        order_reference_number: 1,
        capacity: b'P',
        intermarket_sweep_eligibility: b'N',
        minimum_quantity: 0,
        cross_type: b'N',
        order_state: b'L',
        bbo_weight_indicator: b' ',
    };
    message.to_bytes().to_vec()
}

pub fn replaced(counter: u64, previous: u64, shares: u32, price: i64) -> Vec<u8> {
    let message = Replaced {
        timestamp: 2,
        replacement_order_token: id(counter).token(),
        side: b'B',
        shares,
        stock: *b"AAPL    ",
        price: price4(price),
        time_in_force: 99_998,
        firm: *b"CWS ",
        display: b'Y',
        order_reference_number: 2,
        capacity: b'P',
        intermarket_sweep_eligibility: b'N',
        minimum_quantity: 0,
        cross_type: b'N',
        order_state: b'L',
        previous_order_token: id(previous).token(),
        bbo_weight_indicator: b' ',
    };
    message.to_bytes().to_vec()
}

pub fn executed(counter: u64, shares: u32, price: i64, match_number: u64) -> Vec<u8> {
    let message = Executed {
        timestamp: 3,
        order_token: id(counter).token(),
        executed_shares: shares,
        execution_price: price4(price),
        liquidity_flag: b'A',
        match_number,
    };
    message.to_bytes().to_vec()
}

pub fn canceled(counter: u64, decrement_shares: u32) -> Vec<u8> {
    let message = Canceled {
        timestamp: 4,
        order_token: id(counter).token(),
        decrement_shares,
        reason: b'U',
    };
    message.to_bytes().to_vec()
}

pub fn rejected(counter: u64, reason: u8) -> Vec<u8> {
    Rejected {
        timestamp: 5,
        order_token: id(counter).token(),
        reason,
    }
    .to_bytes()
    .to_vec()
}
