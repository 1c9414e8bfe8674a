//! Answers that are no trade and no acknowledgement: refusals, losses, resolutions.

use cws_abi::{ExecKind, Execution};

use super::order::Order;
use super::orders::Orders;
use super::report::Outcome;
use super::table::{Event, State};

impl Orders {
    /// A refusal, a loss or a resolution: about an order itself, or about a request to cancel or replace one.
    pub(super) fn answered(
        &mut self,
        id: u64,
        execution: &Execution,
        kind: ExecKind,
        outcome: &mut Outcome,
    ) {
        let reason = execution.reason;
        if matches!(kind, ExecKind::RejectedByRisk | ExecKind::RejectedByVenue) {
            self.counters.rejects += 1;
        }
        let Some(order) = self.orders.get(&id) else {
            return;
        };
        let successor = order.replaced_by;
        let is_request = id != execution.order_id || kind == ExecKind::CancelRejected;
        if is_request {
            return self.request_answered(id, successor, (kind, reason), outcome);
        }
        let predecessor = order.replaces;
        let seen = order.acked || order.cum > 0;
        let event = match kind {
            ExecKind::Unknown => Event::Lost,
            ExecKind::NotAtVenue if seen => Event::Vanished,
            ExecKind::NotAtVenue => Event::NotAtVenue,
            _ => Event::Reject,
        };
        self.change(id, outcome, |order| order.reason = reason);
        self.step(id, event, outcome);
        if event != Event::Lost && self.names_successor(predecessor, id) {
            self.change(predecessor, outcome, Order::successor_gone);
            self.step(predecessor, Event::RequestRejected, outcome);
        }
    }

    fn request_answered(
        &mut self,
        id: u64,
        successor: u64,
        (kind, reason): (ExecKind, u16),
        outcome: &mut Outcome,
    ) {
        if kind == ExecKind::Unknown {
            return self.step(id, Event::Lost, outcome);
        }
        let was_cancel = self
            .orders
            .get(&id)
            .is_some_and(|order| order.cancel_pending);
        self.change(id, outcome, |order| order.reason = reason);
        self.step(id, Event::RequestRejected, outcome);
        if !was_cancel && self.names_predecessor(successor, id) {
            self.step(successor, Event::Reject, outcome);
        }
    }

    fn names_successor(&self, predecessor: u64, id: u64) -> bool {
        self.orders
            .get(&predecessor)
            .is_some_and(|old| old.replaced_by == id && old.state != State::Replaced)
    }

    pub(super) fn names_predecessor(&self, successor: u64, id: u64) -> bool {
        self.orders
            .get(&successor)
            .is_some_and(|new| new.replaces == id && new.state == State::PendingNew)
    }
}
