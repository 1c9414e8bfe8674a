//! Intents that come together are decided as if each had come alone: the second sees all that the first used up.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{NOW, PRICE, id, intent, order};
use cws_abi::{ExecKind, IntentKind, OrderIntent, Side};
use cws_journal::{Entry, KillScope, Trigger};
use cws_risk::Now;
use cws_risk::checks::Code;
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::order::Order;
use play::Play;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Side by parity; the id may be one that was used.
    Place(u64, u8, i64),
    Replace(u64, u64, i64),
    Cancel(u64, u64),
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..30_u64, any::<u8>(), 1..400_i64).prop_map(|(id, side, q)| Step::Place(id, side, q)),
        4 => (1..30_u64, 1..30_u64, 1..400_i64).prop_map(|(id, of, q)| Step::Replace(id, of, q)),
        2 => (30..60_u64, 1..30_u64).prop_map(|(id, of)| Step::Cancel(id, of)),
        1 => Just(Step::Kill),
    ]
}

fn of_side(counter: u64, buy: bool, quantity: i64) -> Order {
    let (side, parent_id) = if buy {
        (Side::Buy, 1)
    } else {
        (Side::SellShort, 3)
    };
    Order {
        parent_id,
        ..order(counter, side, quantity, PRICE)
    }
}

fn act(core: &mut Core, seq: &mut u64, step: Step, now: Now, fx: &mut Effects) {
    let asked = match step {
        Step::Place(counter, side, quantity) => {
            intent(0, &of_side(counter, side % 2 == 0, quantity))
        }
        Step::Replace(counter, of, quantity) => intent(
            0,
            &Order {
                replaces: id(of).bits(),
                ..of_side(counter, true, quantity)
            },
        ),
        Step::Cancel(counter, of) => OrderIntent {
            orig_order_id: id(of).bits(),
            kind: IntentKind::Cancel as u8,
            quantity: 0,
            ..intent(0, &of_side(counter, true, 1))
        },
        Step::Kill => {
            let by = ("ops", "drill");
            core.kill(KillScope::Firm, "", Trigger::Command, by, now, fx);
            return;
        }
    };
    *seq += 1;
    core.intent(&OrderIntent { seq: *seq, ..asked }, now, fx);
}

fn sums(play: &Play) -> String {
    let book = &play.core.book;
    let totals = (&book.orders, &book.exposure, book.orders_today, book.epoch);
    let meters = book.meters.minute(1, NOW.mono_ns);
    format!(
        "{totals:?} {meters:?} {:?} {:?}",
        book.parents, play.core.counters
    )
}

#[test]
fn the_second_of_a_batch_sees_the_first() {
    let mut play = Play::new();
    play.act(|core, now, fx| {
        let mut seq = 0;
        for step in [
            Step::Place(1, 0, 100),
            Step::Place(1, 0, 200),
            Step::Place(2, 1, 100),
        ] {
            act(core, &mut seq, step, now, fx);
        }
    });
    let reasons: Vec<u16> = play.executions.iter().map(|told| told.reason).collect();
    assert_eq!(
        reasons,
        [Code::R11, Code::R18].map(Code::reason),
        "its id is used, and it would trade with itself"
    );
}

#[test]
fn a_kill_within_a_batch_meets_the_order_before_it() {
    let mut play = Play::new();
    play.act(|core, now, fx| {
        let mut seq = 0;
        act(core, &mut seq, Step::Place(1, 0, 100), now, fx);
        act(core, &mut seq, Step::Kill, now, fx);
        assert!(core.unwanted(id(1).bits()));
    });
    assert_eq!(play.sent_cancels(), [id(1)]);
}

/// The journal says that the order's bytes were about to leave, and of no cancel: there was nothing to cancel.
#[test]
fn what_a_kill_took_back_never_left_and_whoever_asked_hears_so() {
    let mut play = Play::new();
    play.act(|core, now, fx| {
        let mut seq = 0;
        for step in [Step::Place(1, 0, 100), Step::Cancel(30, 1), Step::Kill] {
            act(core, &mut seq, step, now, fx);
        }
        assert!(std::mem::take(&mut fx.withdraw));
        core.withdraw(Vec::new(), now, fx);
    });
    assert_eq!(play.sent, []);
    let told: Vec<_> = play
        .executions
        .iter()
        .map(|told| (told.kind, told.order_id))
        .collect();
    assert_eq!(
        told,
        [
            (ExecKind::RejectedByRisk as u8, id(1).bits()),
            (ExecKind::CancelRejected as u8, id(30).bits()),
        ]
    );
    let sent = play.entries.iter().filter_map(|(_, entry)| match entry {
        Entry::Sent { order_id, .. } => Some(*order_id),
        _ => None,
    });
    assert_eq!(sent.collect::<Vec<_>>(), [id(1).bits()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_batch_ends_where_one_by_one_ends(steps in prop::collection::vec(step(), 1..40)) {
        let (mut alone, mut together) = (Play::new(), Play::new());
        let mut seq = 0;
        for step in &steps {
            alone.act(|core, now, fx| act(core, &mut seq, *step, now, fx));
        }
        together.act(|core, now, fx| {
            let mut seq = 0;
            steps.iter().for_each(|step| act(core, &mut seq, *step, now, fx));
        });
        prop_assert_eq!(&together.entries, &alone.entries);
        prop_assert_eq!(&together.executions, &alone.executions);
        prop_assert_eq!(&together.sent, &alone.sent);
        prop_assert_eq!(sums(&together), sums(&alone));
    }
}
