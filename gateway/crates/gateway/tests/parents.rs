//! Parents and children: never more than was asked for, cancelled together, built again from a journal.

mod common;

use common::{PARENT, broken, cancel, fill, id, new_order, replace, told};
use cws_abi::{ExecKind, Execution, OrderIntent, Side};
use cws_gateway::desk::{Desk, DeskLimits};
use cws_gateway::parents::{Action, ParentState, parent_order};
use cws_journal::{Entry, ParentOrder};
use proptest::prelude::*;
use serde_json::{Value, json};

fn asked(parent_id: u64, quantity: i64) -> Value {
    json!({"cmd": "parent", "parent_id": parent_id, "strategy": "reversal", "strategy_no": 2, "symbol": "ABC",
        "side": "buy", "quantity": quantity, "limit_price": 0, "style": "child", "slice_quantity": 50,
        "start_ns": 10, "end_ns": 1000, "patch": "p", "data_version": "d", "ledger_id": "l"})
}

fn parent(parent_id: u64, quantity: i64) -> ParentOrder {
    parent_order(&asked(parent_id, quantity)).expect("sound")
}

struct Story {
    desk: Desk,
    seq: u64,
    log: Vec<Entry>,
}

impl Story {
    fn new(quantity: i64) -> Self {
        let limits = DeskLimits {
            orders_max: 100,
            parents_max: 3,
            rejects_max: 2,
        };
        let mut story = Self {
            desk: Desk::new(limits),
            seq: 0,
            log: Vec::new(),
        };
        story.log.push(Entry::Parent(parent(PARENT, quantity)));
        story
            .desk
            .add_parent(parent(PARENT, quantity))
            .expect("first");
        assert_eq!(story.desk.parents.tick(10), [Action::Arm(PARENT)]);
        story
    }
    fn intent(&mut self, intent: OrderIntent) -> Vec<Action> {
        self.log.push(Entry::Intent(intent));
        self.desk.intent(&intent)
    }
    fn tell(&mut self, execution: Execution) -> Vec<Action> {
        self.seq += 1;
        let numbered = Execution {
            seq: self.seq,
            ..execution
        };
        self.log.push(Entry::Execution(numbered));
        let mut actions = self.desk.execution(&numbered);
        actions.extend(self.desk.parents.review());
        actions
    }
    fn state(&self) -> ParentState {
        self.desk.parents.get(PARENT).expect("added").state
    }
    fn sums(&self) -> [i64; 3] {
        let parent = self.desk.parents.get(PARENT).expect("added");
        [parent.cum(), parent.exposure(), parent.room()]
    }
}

#[test]
fn children_add_up_to_their_parent() {
    let mut story = Story::new(100);
    assert_eq!(story.sums(), [0, 0, 100]);
    story.intent(new_order(1, 60));
    assert_eq!(story.sums(), [0, 60, 40]);
    story.tell(told(ExecKind::Accepted, 1));
    story.tell(fill(1, 11, 60));
    story.intent(new_order(2, 40));
    assert_eq!(story.sums(), [60, 40, 0]);
    assert_eq!(story.tell(fill(2, 12, 40)), [Action::Disarm(PARENT)]);
    assert_eq!(
        (story.state(), story.sums()),
        (ParentState::Filled, [100, 0, 0])
    );
    let parent = story.desk.parents.get(PARENT).expect("added");
    assert_eq!(parent.average_price(), 10_000_000_000);
}

#[test]
fn more_than_the_parent_is_noticed_and_wound_up() {
    let mut story = Story::new(100);
    story.intent(new_order(1, 60));
    let actions = story.intent(new_order(2, 60));
    let expected = [
        Action::Disarm(PARENT),
        Action::Cancel(id(1)),
        Action::Cancel(id(2)),
    ];
    assert_eq!(actions, expected);
    assert!(story.desk.notes().any(|note| note.code == "CWS-PARENT-005"));
}

#[test]
fn a_cancelled_parent_cancels_its_children_and_waits_for_them() {
    let mut story = Story::new(100);
    story.intent(new_order(1, 60));
    story.tell(told(ExecKind::Accepted, 1));
    let actions = story.desk.cancel_parent(PARENT).expect("known");
    assert_eq!(actions, [Action::Disarm(PARENT), Action::Cancel(id(1))]);
    assert_eq!(story.sums()[2], 0, "no room for more");
    story.intent(cancel(2, 1));
    story.tell(fill(1, 11, 10));
    assert_eq!(story.state(), ParentState::Canceling);
    let refused = story.tell(told(ExecKind::CancelRejected, 1));
    assert_eq!(refused, [Action::Cancel(id(1))], "still open: asked again");
    story.tell(told(ExecKind::Canceled, 1));
    assert_eq!(
        (story.state(), story.sums()),
        (ParentState::Canceled, [10, 0, 0])
    );
    assert_eq!(story.desk.cancel_parent(PARENT).expect("known"), []);
}

#[test]
fn a_successor_counts_once_and_is_cancelled_too() {
    let mut story = Story::new(100);
    story.intent(new_order(1, 100));
    story.tell(told(ExecKind::Accepted, 1));
    story.intent(replace(2, 1, 100));
    assert_eq!(story.sums(), [0, 100, 0]);
    story.desk.cancel_parent(PARENT).expect("known");
    let successor = Execution {
        orig_order_id: id(1),
        leaves_qty: 100,
        ..told(ExecKind::Replaced, 2)
    };
    assert_eq!(story.tell(successor), [Action::Cancel(id(2))]);
    assert_eq!(story.sums(), [0, 100, 0]);
    assert!(!story.desk.notes().any(|note| note.code == "CWS-PARENT-005"));
}

#[test]
fn the_quantity_of_a_quote_bounds_its_position() {
    let limits = DeskLimits {
        orders_max: 100,
        parents_max: 3,
        rejects_max: 2,
    };
    let mut desk = Desk::new(limits);
    let style = "quote half_spread=100000".to_owned();
    desk.add_parent(ParentOrder {
        style,
        ..parent(PARENT, 100)
    })
    .expect("first");
    desk.parents.tick(10);
    let side = Side::Sell as u8;
    let both = [
        new_order(1, 100),
        OrderIntent {
            side,
            ..new_order(2, 100)
        },
    ];
    for intent in &both {
        assert_eq!(desk.intent(intent), []);
    }
    for (seq, order) in [(1, 1), (2, 2)] {
        desk.execution(&Execution {
            seq,
            ..fill(order, 11, 100)
        });
    }
    let quote = desk.parents.get(PARENT).expect("added");
    assert_eq!(
        (quote.bought.cum, quote.sold.cum, quote.state),
        (100, 100, ParentState::Working)
    );
    assert_eq!(
        desk.intent(&new_order(3, 100)),
        [],
        "flat again: another hundred fits"
    );
    assert!(
        desk.intent(&new_order(4, 1))
            .contains(&Action::Disarm(PARENT)),
        "one more does not"
    );
}

#[test]
fn the_end_lapses_and_refusals_end() {
    let mut story = Story::new(100);
    assert_eq!(story.desk.parents.tick(1000), [Action::Disarm(PARENT)]);
    assert_eq!(story.state(), ParentState::Expired);
    let mut story = Story::new(100);
    for counter in 1..=2 {
        assert_eq!(story.state(), ParentState::Working);
        story.intent(new_order(counter, 10));
        story.tell(Execution {
            reason: 5,
            ..told(ExecKind::RejectedByRisk, counter)
        });
    }
    assert_eq!(story.state(), ParentState::Rejected);
    assert_eq!(story.desk.parents.get(PARENT).expect("added").reason, 5);
}

#[test]
fn handing_over_may_be_repeated_but_not_changed() {
    let mut story = Story::new(100);
    assert_eq!(story.desk.add_parent(parent(PARENT, 100)), Ok(false));
    let code = |result: Result<bool, cws_process::fault::Fault>| result.expect_err("refused").code;
    assert_eq!(
        code(story.desk.add_parent(parent(PARENT, 99))),
        "CWS-PARENT-001"
    );
    story.desk.add_parent(parent(1, 1)).expect("second");
    story.desk.add_parent(parent(2, 1)).expect("third");
    assert_eq!(code(story.desk.add_parent(parent(3, 1))), "CWS-PARENT-002");
    assert_eq!(
        story.desk.cancel_parent(9).expect_err("unknown").code,
        "CWS-PARENT-003"
    );
    story.intent(OrderIntent {
        parent_id: 9,
        ..new_order(1, 1)
    });
    assert!(story.desk.notes().any(|note| note.code == "CWS-PARENT-004"));
}

#[test]
fn every_field_is_checked_and_named() {
    let wrong = [
        ("parent_id", json!(0)),
        ("side", json!("long")),
        ("side", json!(4)),
        ("quantity", json!(0)),
        ("limit_price", json!(-1)),
        ("slice_quantity", json!(0)),
        ("end_ns", json!(5)),
        ("symbol", json!("")),
        ("strategy", json!("")),
    ];
    for (field, value) in wrong {
        let mut request = asked(1, 1);
        request[field] = value;
        let fault = parent_order(&request).expect_err(field);
        assert_eq!(
            (fault.code, fault.place.as_str()),
            ("CWS-PARENT-006", field)
        );
    }
    let mut request = asked(1, 1);
    request["qty"] = json!(1);
    assert_eq!(
        parent_order(&request).expect_err("unknown key").code,
        "CWS-PARENT-006"
    );
    for style in [
        "iceberg",
        "",
        "peg passive",
        "quote half_spread",
        "quote skew=-1",
    ] {
        let mut request = asked(1, 1);
        request["style"] = json!(style);
        assert_eq!(
            parent_order(&request).expect_err(style).code,
            "CWS-PARENT-007"
        );
    }
    let mut request = asked(1, 1);
    request["side"] = json!(3);
    assert_eq!(parent_order(&request).expect("a number").side, 3);
}

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
        let limits = DeskLimits { orders_max: 100, parents_max: 3, rejects_max: 2 };
        let mut again = Desk::new(limits);
        for entry in &story.log {
            again.replay(entry, 10);
        }
        prop_assert!(again.orders.iter().eq(story.desk.orders.iter()));
        let parent = |desk: &Desk| desk.parents.get(PARENT).cloned();
        let never_started = story.log.iter().all(|entry| !matches!(entry, Entry::Intent(_)));
        if !never_started {
            prop_assert_eq!(parent(&again), parent(&story.desk));
        }
    }
}
