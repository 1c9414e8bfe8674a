//! A quote's bid and ask never meet each other, however the market jumps and however late the answers are.

mod rig;

use std::collections::BTreeMap;

use cws_abi::{ExecKind, IntentKind, OrderIntent, Side};
use cws_book::hot_abi::{HotConfig, HotParent, Style};
use cws_book::random::Random;
use rig::{CENT, Rig, SECOND, add, answer, config, delete, parent, tick};

/// What risk and the venue hold of ours: order id -> side and price, with replaces that are on their way.
#[derive(Default)]
struct Out {
    orders: BTreeMap<u64, (u8, i64)>,
    waiting: Vec<OrderIntent>,
}

impl Out {
    /// As R18 looks at it: everything that may still trade counts.
    fn sent(&mut self, intent: OrderIntent) {
        if intent.kind != IntentKind::Cancel as u8 {
            let buys = intent.side == Side::Buy as u8;
            for (side, price) in self.orders.values() {
                let other = (*side == Side::Buy as u8) != buys;
                let meets = if buys {
                    intent.price >= *price
                } else {
                    intent.price <= *price
                };
                assert!(
                    !(other && meets),
                    "{intent:?} would trade with our own at {price}"
                );
            }
            self.orders
                .insert(intent.order_id, (intent.side, intent.price));
        }
        self.waiting.push(intent);
    }

    fn answered(&mut self, at: usize) -> (OrderIntent, ExecKind) {
        let intent = self.waiting.remove(at);
        let kind = match IntentKind::try_from(intent.kind).expect("ours") {
            IntentKind::New => ExecKind::Accepted,
            IntentKind::Replace => ExecKind::Replaced,
            IntentKind::Cancel => ExecKind::Canceled,
        };
        if kind != ExecKind::Accepted {
            self.orders.remove(&intent.orig_order_id);
        }
        (intent, kind)
    }
}

#[test]
fn own_bid_and_ask_never_meet() {
    for half_spread in [0, CENT / 2, 3 * CENT] {
        let mut random = Random::new(17);
        // The clock moves in ns: no rate is to hold anything back.
        let mut rig = Rig::new(HotConfig {
            rate_per_s: 1_000_000_000,
            burst: 1_000_000_000,
            ..config()
        });
        rig.now_ns = SECOND / 2;
        rig.open_market(5);
        let quote = HotParent {
            half_spread,
            requote: CENT,
            end_ns: u64::MAX,
            ..parent(Style::Quote)
        };
        rig.control.set_parent(&quote).expect("sound");
        let mut out = Out::default();
        let (mut moves, mut middle, mut reference) = (0, 1_000_000_u32, 100);
        for at in 0..5_000 {
            rig.now_ns = SECOND + at;
            // The market jumps by up to ten cents, both sides at once.
            middle = middle + 100 * random.below(21) as u32 - 1_000;
            let now = rig.now_ns;
            let made = rig.packet(&[
                delete(now, 5, reference),
                delete(now, 5, reference + 1),
                delete(now, 5, 1),
                delete(now, 5, 2),
                add(now, 5, reference + 2, Side::Buy, 500, middle - 100),
                add(now, 5, reference + 3, Side::Sell, 500, middle + 100),
            ]);
            reference += 2;
            for intent in made {
                out.sent(intent);
            }
            while !out.waiting.is_empty() && random.chance(2, 3) {
                let which = random.below(out.waiting.len() as u64) as usize;
                let (intent, kind) = out.answered(which);
                moves += u64::from(kind == ExecKind::Replaced);
                for more in rig.execution(&answer(&intent, kind, 0)) {
                    out.sent(more);
                }
            }
        }
        assert!(moves > 1_000, "it follows the market: {moves}");
        assert!(rig.control.stats().by_refusal.iter().sum::<u64>() == 0);
        // All answers in, and a while later: one order on each side.
        for _ in 0..20 {
            while !out.waiting.is_empty() {
                let (intent, kind) = out.answered(0);
                for more in rig.execution(&answer(&intent, kind, 0)) {
                    out.sent(more);
                }
            }
            let now = rig.now_ns + SECOND;
            for more in tick(&mut rig, now) {
                out.sent(more);
            }
        }
        let sides: Vec<u8> = out.orders.values().map(|(side, _)| *side).collect();
        assert_eq!(
            sides
                .iter()
                .filter(|side| **side == Side::Buy as u8)
                .count(),
            1
        );
        assert_eq!(sides.len(), 2);
    }
}
