//! Random lives of parents: sums equal a recount at every step, and a replay of the journal stands where we stand.

mod common;

use common::story::Story;
use common::{PARENT, broken, cancel, fill, id, new_order, replace, told};
use cws_abi::{ExecKind, Execution};
use cws_gateway::desk::{Desk, DeskLimits};
use cws_gateway::parents::ParentState;
use cws_journal::Entry;
use proptest::prelude::*;

fn any_step() -> impl Strategy<Value = Entry> {
    let execution = |execution| Entry::Execution(execution);
    prop_oneof![
        2 => (1_u64..20, 1_i64..60).prop_map(|(o, q)| Entry::Intent(new_order(o, q))),
        1 => (20_u64..30, 1_u64..20).prop_map(|(o, t)| Entry::Intent(cancel(o, t))),
        1 => (30_u64..40, 1_u64..35, 1_i64..60).prop_map(|(o, t, q)| Entry::Intent(replace(o, t, q))),
        3 => (1_u64..40, 1_u64..40, 1_i64..30).prop_map(move |(o, e, q)| execution(fill(o, e, q))),
        1 => (1_u64..40, 1_u64..40).prop_map(move |(o, e)| execution(broken(o, e))),
        3 => (1_u8..12, 1_u64..40, 0_u64..20, 0_i64..40).prop_map(move |(kind, o, orig, leaves)| {
            execution(Execution {
                kind,
                orig_order_id: if orig == 0 { 0 } else { id(orig) },
                leaves_qty: leaves,
                ..told(ExecKind::Accepted, o)
            })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_equal_a_recount_and_a_replay(steps in prop::collection::vec(any_step(), 0..80)) {
        let mut story = Story::new(200);
        for step in steps {
            match step {
                Entry::Intent(intent) => story.intent(intent),
                Entry::Execution(execution) => story.tell(execution),
                _ => Vec::new(),
            };
            let children = || story.desk.orders.iter().filter(|order| order.parent_id == PARENT);
            let parent = story.desk.parents.get(PARENT).expect("added");
            prop_assert_eq!(parent.cum(), children().map(|order| order.cum).sum::<i64>());
            prop_assert_eq!(parent.exposure(), children().map(|order| order.exposure()).sum::<i64>());
            prop_assert_eq!(parent.notional, children().map(|order| order.notional()).sum::<i128>());
            let live: Vec<u64> = children().filter(|order| order.is_live()).map(|o| o.id).collect();
            prop_assert_eq!(parent.live.iter().copied().collect::<Vec<_>>(), live);
            if parent.state.is_final() && parent.state != ParentState::Filled {
                prop_assert!(parent.room() == 0);
            }
        }
        let limits = DeskLimits { orders_max: 100, parents_max: 3, rejects_max: 2, passing: &[16], };
        let mut again = Desk::new(limits);
        for entry in &story.log {
            again.replay(entry);
        }
        prop_assert!(again.orders.iter().eq(story.desk.orders.iter()));
        let parent = |desk: &Desk| desk.parents.get(PARENT).cloned();
        again.parents.tick(10); // Time is not in the journal.
        prop_assert_eq!(parent(&again), parent(&story.desk));
    }
}
