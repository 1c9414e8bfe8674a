//! Intents: checked, refused or sent.

use cws_abi::{ExecKind, Execution, OrderIntent};
use cws_journal::{Entry, KillScope, Trigger};
use cws_wire::padded;

use super::Core;
use crate::Now;
use crate::book::{Bucket, OpenOrder};
use crate::checks::{Ask, Code, RiskApproved, approve};
use crate::effects::{Effects, Outgoing};
use crate::encode::{self, WireTerms};
use crate::limits::Firm;
use crate::order::{Order, Request, read};

impl Core {
    /// One record of `intents.ring`. One that was decided on before (it came again after a restart) changes nothing.
    pub fn intent(&mut self, intent: &OrderIntent, now: Now, fx: &mut Effects) {
        if intent.seq <= self.intent_seq {
            return;
        }
        if intent.seq != self.intent_seq + 1 {
            return self.ring_failed("an intent does not follow the one before it", now, fx);
        }
        self.settle();
        self.intent_seq = intent.seq;
        self.counters.intents += 1;
        fx.entries.push((now.utc_ns, Entry::Intent(*intent)));
        match read(intent) {
            Ok(Request::Cancel { id, target, keep }) => {
                self.cancel_intent(intent, id, target, keep, now, fx)
            }
            Ok(Request::Place(order)) => match self.check(&order, now) {
                Ok(approved) => self.send(&approved, intent, now, fx),
                Err(code) => {
                    self.refuse(intent, code, now, fx);
                    self.conduct_kills(&order, code, now, fx);
                }
            },
            Err(code) => self.refuse(intent, code, now, fx),
        }
    }

    /// Shared memory is not what it was: nothing more is read from it until a person re-arms.
    pub fn ring_failed(&mut self, why: &str, now: Now, fx: &mut Effects) {
        if self.status.ring_failed {
            return;
        }
        self.status.ring_failed = true;
        self.kill(
            KillScope::Firm,
            "",
            Trigger::OwnChecks,
            ("risk", why),
            now,
            fx,
        );
    }

    fn check(&self, order: &Order, now: Now) -> Result<RiskApproved<Order>, Code> {
        let limits = self.limits().ok_or(Code::R16)?;
        let ask = Ask::new(
            order,
            limits,
            &self.book,
            &self.status,
            now,
            self.settings.region,
        );
        approve(&ask)
    }

    fn send(
        &mut self,
        approved: &RiskApproved<Order>,
        intent: &OrderIntent,
        now: Now,
        fx: &mut Effects,
    ) {
        let order = *approved.get();
        let symbol = self
            .limits()
            .and_then(|limits| limits.symbols.get(&order.symbol))
            .expect("R14 passed: the limits name the symbol");
        let wire = WireTerms {
            stock: padded(&symbol.name).expect("in 8 characters"),
            firm: self.settings.firm,
            capacity: self.settings.capacity,
            market_limit: symbol.collar_edge(order.side == cws_abi::Side::Buy),
        };
        let Ok(frame) = encode::place(approved, &wire) else {
            return self.refuse(intent, Code::R17, now, fx);
        };
        self.counters.approved += 1;
        let order_id = order.id.bits();
        fx.entries.push((now.utc_ns, decision(intent, 0)));
        let sent = Entry::Sent {
            order_id,
            orig_order_id: order.replaces,
            bytes: frame.bytes().to_vec(),
        };
        fx.entries.push((now.utc_ns, sent));
        fx.outgoing.push(Outgoing {
            frame,
            order_id,
            cancels: 0,
        });
        if order.id.epoch() > self.book.epoch {
            let (region, epoch) = (order.id.region(), order.id.epoch());
            fx.entries
                .push((now.utc_ns, Entry::Epoch { region, epoch }));
        }
        self.unsettled = Some((order, now));
    }

    /// Books the order that was approved last, with all that it uses up. Its bytes need not wait for this, everything else
    /// does: the next intent, a kill, and whatever comes after the effects were carried out. A death in between loses
    /// nothing, for the journal has the order before a byte of it leaves.
    pub fn settle(&mut self) {
        if let Some((order, now)) = self.unsettled.take() {
            self.spend(&order, now);
            self.book.place(order, now.mono_ns);
        }
    }

    /// What an order uses up.
    fn spend(&mut self, order: &Order, now: Now) {
        let Some((firm, strategy)) = self.limits.as_ref().and_then(|signed| {
            let strategy = signed.limits.strategies.get(&order.strategy)?;
            Some((&signed.limits.firm, strategy))
        }) else {
            return;
        };
        let meters = &mut self.book.meters;
        let Firm {
            messages_per_s,
            message_burst,
            ..
        } = *firm;
        let full = |burst| Bucket::full(burst, now.mono_ns);
        let bucket = meters.firm.get_or_insert_with(|| full(message_burst));
        bucket.take(messages_per_s, message_burst, now.mono_ns);
        let (rate, burst) = (strategy.messages_per_s, strategy.message_burst);
        let bucket = meters
            .strategies
            .entry(strategy.no)
            .or_insert_with(|| full(burst));
        bucket.take(rate, burst, now.mono_ns);
        let window_ns = u64::from(strategy.duplicate_window_ms) * 1_000_000;
        meters.remember(order, window_ns, now.mono_ns);
        if order.replaces == 0 {
            meters.count_order(order.strategy, now.mono_ns);
        } else {
            meters.count_cancel(order.strategy, now.mono_ns);
        }
    }

    fn refuse(&mut self, intent: &OrderIntent, code: Code, now: Now, fx: &mut Effects) {
        self.counters.refused[usize::from(code.reason())] += 1;
        fx.entries
            .push((now.utc_ns, decision(intent, code.reason())));
        let execution = refusal(intent, code.reason(), now.utc_ns);
        self.execution_seq += 1;
        fx.executions.push(Execution {
            seq: self.execution_seq,
            ..execution
        });
    }

    /// Refusals that say more than no.
    fn conduct_kills(&mut self, order: &Order, code: Code, now: Now, fx: &mut Effects) {
        let Some(strategy) = self
            .limits()
            .and_then(|limits| limits.strategies.get(&order.strategy))
        else {
            return;
        };
        let (name, kills_at) = (strategy.name.clone(), strategy.rate_kills_at);
        let why = match code {
            Code::R09 if self.book.meters.refused(order.strategy, now.mono_ns) >= kills_at => {
                "message rate: refused again and again"
            }
            Code::R12 => "repeated executions",
            _ => return,
        };
        self.kill(
            KillScope::Strategy,
            &name,
            Trigger::OwnChecks,
            ("risk", why),
            now,
            fx,
        );
    }

    /// Its bytes never left, and never will: as if it had been refused. Of several, the latest comes first.
    pub fn unsent(&mut self, order_id: u64, now: Now, fx: &mut Effects) {
        self.settle();
        let known = self.book.orders.get(&order_id).copied();
        let Some(open) = known.filter(OpenOrder::open) else {
            return;
        };
        let order = open.order;
        let execution = Execution {
            order_id,
            parent_id: order.parent_id,
            orig_order_id: order.replaces,
            ts_recv_ns: now.utc_ns,
            price: order.price,
            symbol: order.symbol,
            strategy: order.strategy,
            reason: Code::R16.reason(),
            kind: ExecKind::RejectedByRisk as u8,
            side: order.side as u8,
            ts_trigger_ns: order.ts_recv_ns,
            ..Execution::default()
        };
        self.execute(execution, true, now, fx);
        self.conclude_rivals(&open, now, fx);
    }
}

pub(super) fn decision(intent: &OrderIntent, reason: u16) -> Entry {
    Entry::Decision {
        intent_seq: intent.seq,
        order_id: intent.order_id,
        reason,
    }
}

/// The answer to an intent that goes nowhere.
pub(super) fn refusal(intent: &OrderIntent, reason: u16, utc_ns: u64) -> Execution {
    Execution {
        order_id: intent.order_id,
        parent_id: intent.parent_id,
        orig_order_id: intent.orig_order_id,
        ts_recv_ns: utc_ns,
        price: intent.price,
        symbol: intent.symbol,
        strategy: intent.strategy,
        reason,
        kind: ExecKind::RejectedByRisk as u8,
        side: intent.side,
        ts_trigger_ns: intent.ts_recv_ns,
        ..Execution::default()
    }
}
