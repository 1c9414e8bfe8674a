//! Parents and children: never more than was asked for, cancelled together, built again from a journal.

mod common;

use common::story::{Story, asked, parent};
use common::{PARENT, cancel, fill, id, new_order, replace, told};
use cws_abi::{ExecKind, Execution, OrderIntent, Side};
use cws_gateway::desk::{Desk, DeskLimits};
use cws_gateway::parents::{Action, ParentState, parent_order};
use cws_journal::ParentOrder;
use serde_json::json;

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
    assert_eq!(story.tell(fill(2, 12, 40)), [Action::Ended(PARENT)]);
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
    let last = story.tell(told(ExecKind::Canceled, 1));
    assert_eq!(last, [Action::Ended(PARENT)], "once, with its last child");
    assert_eq!(
        (story.state(), story.sums()),
        (ParentState::Canceled, [10, 0, 0])
    );
    assert_eq!(
        story.tell(fill(1, 12, 5)),
        [],
        "a late trade ends nothing anew"
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
        passing: &[16],
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
    let over = [Action::Disarm(PARENT), Action::Ended(PARENT)];
    assert_eq!(story.desk.parents.tick(1000), over);
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
    let mut story = Story::new(100);
    for counter in 1..=9 {
        story.intent(new_order(counter, 10));
        story.tell(Execution {
            reason: 16,
            ..told(ExecKind::RejectedByRisk, counter)
        });
    }
    assert_eq!(story.state(), ParentState::Working, "risk will be back");
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
    let mut request = asked(1, 1);
    request["style"] = json!("quote half_spread=10000000");
    assert_eq!(parent_order(&request).map(|order| order.quantity), Ok(1));
    request["limit_price"] = json!(10_000_000);
    let fault = parent_order(&request).expect_err("a quote has two prices");
    assert_eq!(fault.place, "limit_price");
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
