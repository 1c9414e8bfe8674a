//! The gateway's journal is gone, the risk core's tells what it can: what was out is known, and no parent is worked again.

mod common;

use std::path::{Path, PathBuf};

use common::story::parent;
use common::{cancel, fill, id, new_order, told};
use cws_abi::{Consumer, ExecKind, Execution, OrderIntent};
use cws_gateway::config::Config;
use cws_gateway::parents::ParentState;
use cws_gateway::shell::restart::{Rebuilt, cancel_earlier, rebuild};
use cws_journal::{Entry, ParentOrder, Settings, Writer};

const DAY: u64 = 86_400_000_000_000;
/// Yesterday, when risk wrote its journal.
const WRITTEN: u64 = 20_000 * DAY + DAY / 2;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// What risk's journal tells of three parents: 7 has an order that rests, 8 one that has ended, 9 none.
fn write_risk_journal(run_dir: &Path) {
    let path = run_dir.join("risk.journal");
    let (mut journal, _) =
        Writer::open(&path, WRITTEN, Settings::default(), |_| Ok(())).expect("opens");
    for parent_id in [7, 8, 9] {
        let order = ParentOrder {
            end_ns: 0,
            ..parent(parent_id, 100)
        };
        journal.stage(WRITTEN, &Entry::Parent(order));
    }
    for (counter, parent_id) in [(1, 7), (2, 8)] {
        let intent = OrderIntent {
            parent_id,
            ..new_order(counter, 50)
        };
        journal.stage(WRITTEN, &Entry::Intent(intent));
    }
    let tells = [
        told(ExecKind::Accepted, 1),
        fill(1, 11, 20),
        told(ExecKind::Canceled, 2),
    ];
    for (seq, execution) in (1..).zip(tells) {
        let execution = Execution { seq, ..execution };
        journal.stage(WRITTEN, &Entry::Execution(execution));
    }
    journal.flush().expect("written");
}

fn stands(rebuilt: &Rebuilt, parent_id: u64) -> (ParentState, i64, u64) {
    let parent = rebuilt.desk.parents.get(parent_id).expect("taken");
    (parent.state, parent.cum(), parent.order.end_ns)
}

#[test]
fn parents_of_a_lost_journal_are_wound_up() {
    let name = format!("cws-gateway-borrowed-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0).expect("a folder of our own");
    write_risk_journal(&folder.0);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/gateway.toml");
    let config = Config {
        run_dir: folder.0.clone(),
        ..cws_process::config::load(Path::new(path)).expect("every key is known")
    };
    let end = 20_001 * DAY;
    // A second start finds the same in the gateway's own journal.
    for from_risk in [true, false] {
        let rebuilt = rebuild(&config, WRITTEN + DAY).expect("sound");
        assert_eq!(rebuilt.from_risk, from_risk);
        assert_eq!(stands(&rebuilt, 7), (ParentState::Canceling, 20, end));
        assert_eq!(stands(&rebuilt, 8), (ParentState::Canceled, 0, end));
        assert!(rebuilt.desk.parents.get(9).is_none(), "it had no child");
    }
    let mut rebuilt = rebuild(&config, WRITTEN + DAY).expect("sound");
    assert_eq!(cancel_earlier(&config, &mut rebuilt.desk, 2), Ok(2));
    let (ring, cursor) = ("intents.ring", "intents.cursor");
    let mut intents: Consumer<OrderIntent> =
        Consumer::open(&folder.0.join(ring), &folder.0.join(cursor)).expect("made");
    let asked = intents.take().expect("sound").expect("one is there");
    assert_eq!(
        (asked.kind, asked.orig_order_id),
        (cancel(3, 1).kind, id(1))
    );
    let gone = Execution {
        seq: 4,
        ..told(ExecKind::Canceled, 1)
    };
    rebuilt.desk.execution(&gone);
    assert_eq!(stands(&rebuilt, 7), (ParentState::Canceled, 20, end));
    assert_eq!(rebuilt.desk.parents.open(), 0);
}
