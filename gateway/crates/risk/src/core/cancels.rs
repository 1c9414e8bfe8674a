//! Cancels: through no check, in every state.

use cws_abi::{ExecKind, OrderId, OrderIntent};
use cws_journal::Entry;

use super::Core;
use super::intents::{decision, refusal};
use crate::Now;
use crate::book::OpenOrder;
use crate::checks::Code;
use crate::effects::{Effects, Outgoing};
use crate::encode;
use crate::status::SessionState;

impl Core {
    pub(super) fn cancel_intent(
        &mut self,
        intent: &OrderIntent,
        id: u64,
        target: u64,
        keep: i64,
        now: Now,
        fx: &mut Effects,
    ) {
        fx.entries.push((now.utc_ns, decision(intent, 0)));
        self.book.meters.count_cancel(intent.strategy, now.mono_ns);
        let again = self.settings.cancel_again_ns;
        let down = self.status.session == SessionState::Down;
        // Asked for just now; or a cut that nobody could take now, and that makes no sense later.
        let pointless = |open: &OpenOrder| {
            let sent = open.cancel_sent_mono_ns;
            let just_now = sent != 0 && now.mono_ns.saturating_sub(sent) < again;
            just_now && (keep > 0 || open.cancel_wanted) || keep > 0 && down
        };
        let open = self.book.orders.get_mut(&target).filter(|open| open.open());
        match open {
            Some(open) if !pointless(open) => {
                open.cancel_id = id;
                self.send_cancel(target, id, keep, now, fx);
            }
            _ => {
                let mut answer = refusal(intent, 0, now.utc_ns);
                answer.kind = ExecKind::CancelRejected as u8;
                answer.orig_order_id = target;
                if !self.book.orders.contains_key(&target) {
                    answer.reason = Code::R11.reason();
                }
                self.execute(answer, true, now, fx);
            }
        }
    }

    /// Asks the venue to cut an order down; while there is no session it is remembered and asked for after the login.
    pub(super) fn send_cancel(
        &mut self,
        target: u64,
        id: u64,
        keep: i64,
        now: Now,
        fx: &mut Effects,
    ) {
        let Some(open) = self.book.orders.get_mut(&target) else {
            return;
        };
        let Some(order_id) = OrderId::from_bits(target) else {
            return;
        };
        open.cancel_wanted |= keep == 0;
        let down = self.status.session == SessionState::Down;
        if down {
            let bytes = Vec::new();
            let (order_id, orig_order_id) = (id, target);
            let wanted = Entry::Sent {
                order_id,
                orig_order_id,
                bytes,
            };
            return fx.entries.push((now.utc_ns, wanted));
        }
        open.cancel_sent_mono_ns = now.mono_ns;
        let frame = encode::cancel(order_id, keep);
        let sent = Entry::Sent {
            order_id: id,
            orig_order_id: target,
            bytes: frame.bytes().to_vec(),
        };
        fx.entries.push((now.utc_ns, sent));
        fx.outgoing.push(Outgoing {
            frame,
            order_id: 0,
            cancels: target,
        });
        self.counters.cancels_sent += 1;
    }
}
