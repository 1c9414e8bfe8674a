//! A desk, and the journal that tells its story.

use cws_abi::{Execution, OrderIntent};
use cws_gateway::desk::{Desk, DeskLimits};
use cws_gateway::parents::{Action, ParentState, parent_order};
use cws_journal::{Entry, ParentOrder};
use serde_json::{Value, json};

use super::PARENT;

pub fn asked(parent_id: u64, quantity: i64) -> Value {
    json!({"cmd": "parent", "parent_id": parent_id, "strategy": "reversal", "strategy_no": 2, "symbol": "ABC",
        "side": "buy", "quantity": quantity, "limit_price": 0, "style": "child", "slice_quantity": 50,
        "start_ns": 10, "end_ns": 1000, "patch": "p", "data_version": "d", "ledger_id": "l"})
}

pub fn parent(parent_id: u64, quantity: i64) -> ParentOrder {
    parent_order(&asked(parent_id, quantity)).expect("sound")
}

pub struct Story {
    pub desk: Desk,
    pub seq: u64,
    pub log: Vec<Entry>,
}

impl Story {
    pub fn new(quantity: i64) -> Self {
        let limits = DeskLimits {
            orders_max: 100,
            parents_max: 3,
            rejects_max: 2,
            passing: &[16],
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
    pub fn intent(&mut self, intent: OrderIntent) -> Vec<Action> {
        self.log.push(Entry::Intent(intent));
        self.desk.intent(&intent)
    }
    pub fn tell(&mut self, execution: Execution) -> Vec<Action> {
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
    pub fn state(&self) -> ParentState {
        self.desk.parents.get(PARENT).expect("added").state
    }
    pub fn sums(&self) -> [i64; 3] {
        let parent = self.desk.parents.get(PARENT).expect("added");
        [parent.cum(), parent.exposure(), parent.room()]
    }
}
