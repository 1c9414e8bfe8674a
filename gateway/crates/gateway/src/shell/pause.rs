//! Risk refuses for its own state (session down, halted, killed): the parents that it is about wait, ever longer, and go on
//! when it is over.

use std::collections::BTreeMap;

use cws_book::hot_abi::Activity;
use cws_process::clock;

use super::gateway::Gateway;
use crate::config::Mode;

const FIRST_NS: u64 = 20_000_000;
/// The longest pause: how long an end may go unnoticed, and how often a killed strategy tries.
const LONGEST_NS: u64 = 5_000_000_000;

#[derive(Clone, Copy, Debug, Default)]
pub struct Pause {
    until_ns: Option<u64>,
    next_ns: u64,
    pub times: u64,
}

impl Pause {
    pub fn is_on(&self) -> bool {
        self.until_ns.is_some()
    }

    /// False where it is on already.
    fn begin(&mut self, mono_ns: u64) -> bool {
        if self.is_on() {
            return false;
        }
        self.next_ns = self.next_ns.clamp(FIRST_NS, LONGEST_NS);
        self.until_ns = Some(mono_ns + self.next_ns);
        self.next_ns *= 2;
        self.times += 1;
        true
    }

    fn end(&mut self, mono_ns: u64, active: bool) -> bool {
        let over = active && self.until_ns.is_some_and(|until_ns| mono_ns >= until_ns);
        if over {
            self.until_ns = None;
        }
        over
    }

    /// An order went through: the next pause is short again.
    pub fn over_for_good(&mut self) {
        self.next_ns = FIRST_NS;
    }
}

/// Number of a strategy and a symbol: whose orders are refused alike. A kill is a strategy's and a halt a symbol's;
/// whoever is neither goes on, and what rests for him stays.
pub type Whose = (u16, String);

#[derive(Clone, Debug, Default)]
pub struct Pauses(BTreeMap<Whose, Pause>);

impl Pauses {
    fn begin(&mut self, whose: &Whose, mono_ns: u64) -> bool {
        self.0.entry(whose.clone()).or_default().begin(mono_ns)
    }

    /// Those that are over now.
    fn end(&mut self, mono_ns: u64, may: bool) -> Vec<Whose> {
        let over = self.0.iter_mut().filter(|(_, pause)| pause.is_on());
        let over = over.filter_map(|(whose, pause)| pause.end(mono_ns, may).then_some(whose));
        over.cloned().collect()
    }

    fn over_for_good(&mut self, whose: &Whose) {
        if let Some(pause) = self.0.get_mut(whose) {
            pause.over_for_good();
        }
    }

    pub fn is_on(&self, whose: &Whose) -> bool {
        self.0.get(whose).is_some_and(Pause::is_on)
    }

    pub fn any_on(&self) -> bool {
        self.0.values().any(Pause::is_on)
    }

    pub fn times(&self) -> u64 {
        self.0.values().map(|pause| pause.times).sum()
    }
}

impl Gateway {
    pub(super) fn whose(&self, parent_id: u64) -> Option<Whose> {
        let order = &self.desk.parents.get(parent_id)?.order;
        Some((order.strategy_no, order.symbol.clone()))
    }

    /// An order of this parent was refused for the state of risk, its strategy or its symbol.
    pub(super) fn pause_parents(&mut self, parent_id: u64) {
        let Some(whose) = self.whose(parent_id) else {
            return;
        };
        if self.config.mode == Mode::Free && self.pauses.begin(&whose, clock::monotonic_ns()) {
            self.risk_link.doubt();
            self.work_all_of(&whose, Activity::Off);
        }
    }

    pub(super) fn order_went_through(&mut self, parent_id: u64) {
        if self.pauses.0.is_empty() {
            return;
        }
        if let Some(whose) = self.whose(parent_id) {
            self.pauses.over_for_good(&whose);
        }
    }

    pub(super) fn end_pauses(&mut self, mono_ns: u64) {
        for whose in self.pauses.end(mono_ns, lets_some(self.risk_link.state())) {
            self.work_all_of(&whose, Activity::Working);
        }
    }

    fn work_all_of(&mut self, whose: &Whose, activity: Activity) {
        for id in self.open_parents() {
            if self.whose(id).as_ref() == Some(whose) {
                self.work(id, activity);
            }
        }
    }
}

/// In REDUCING what leads back passes: to wait for its end would keep the position.
fn lets_some(state: &str) -> bool {
    matches!(state, "ACTIVE" | "REDUCING")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use cws_abi::{ExecKind, Execution};
    use cws_journal::ParentOrder;

    use super::super::start;
    use super::*;
    use crate::config::{Config, STATE_CHECK};

    const PARENT: u64 = 7;

    /// One that hears no market, with a parent.
    fn gateway(run_dir: &Path) -> Gateway {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/gateway.toml");
        let mut config: Config = cws_process::config::load(Path::new(path)).expect("known keys");
        config.run_dir = PathBuf::from(run_dir);
        (config.hot.book_orders, config.capture.enabled) = (1_024, false);
        let sockets = start::sockets(&config).expect("on loopback");
        let (mut gateway, _) = start::open(config, "test", &sockets).expect("starts");
        let order = ParentOrder {
            parent_id: PARENT,
            strategy_no: 1,
            side: 1,
            quantity: 100,
            slice_quantity: 100,
            symbol: "ABC".into(),
            style: "peg".into(),
            ..ParentOrder::default()
        };
        gateway.hand_over(order).expect("sound");
        gateway
    }

    /// All that a peg sends after its first order are replacements: whoever waited for an acceptance waited ever longer.
    #[test]
    fn an_order_or_a_replacement_that_went_through_ends_a_pause_for_good() {
        let run_dir = std::env::temp_dir().join(format!("cws-pause-{}", std::process::id()));
        std::fs::create_dir_all(&run_dir).expect("a folder of our own");
        let mut gateway = gateway(&run_dir);
        let mut seq = 0;
        let mut hear = |gateway: &mut Gateway, kind: ExecKind, reason| {
            seq += 1;
            gateway.take(&Execution {
                seq,
                order_id: seq,
                parent_id: PARENT,
                kind: kind as u8,
                side: 1,
                strategy: 1,
                reason,
                ..Execution::default()
            });
        };
        for (kind, through) in [
            (ExecKind::Accepted, true),
            (ExecKind::Replaced, true),
            (ExecKind::CancelRejected, false),
        ] {
            for _ in 0..8 {
                hear(&mut gateway, ExecKind::RejectedByRisk, STATE_CHECK);
                assert!(gateway.pauses.any_on() && gateway.held_since_ns.is_some());
                assert_eq!(gateway.pauses.end(u64::MAX, true).len(), 1);
            }
            hear(&mut gateway, kind, 0);
            assert_eq!(gateway.held_since_ns.is_none(), through, "{kind:?}");
            hear(&mut gateway, ExecKind::RejectedByRisk, STATE_CHECK);
            let soon_ns = clock::monotonic_ns() + FIRST_NS;
            assert_eq!(
                gateway.pauses.end(soon_ns, true).len() == 1,
                through,
                "{kind:?}"
            );
            gateway.pauses.end(u64::MAX, true);
        }
        // What was refused otherwise is no state of risk's: nobody waits for its end.
        hear(&mut gateway, ExecKind::RejectedByRisk, 1);
        assert!(!gateway.pauses.any_on());
        std::fs::remove_dir_all(&run_dir).ok();
    }

    #[test]
    fn pauses_grow_until_an_order_goes_through() {
        let mut pause = Pause::default();
        assert!(pause.begin(0) && !pause.begin(1));
        assert!(
            !pause.end(FIRST_NS, false)
                && !pause.end(FIRST_NS - 1, true)
                && pause.end(FIRST_NS, true)
        );
        assert!(pause.begin(0) && !pause.end(FIRST_NS, true) && pause.end(2 * FIRST_NS, true));
        pause.over_for_good();
        assert!(pause.begin(0) && pause.end(FIRST_NS, true));
        for _ in 0..100 {
            assert!(pause.begin(0) && pause.end(LONGEST_NS, true));
        }
    }

    #[test]
    fn a_position_can_be_reduced() {
        assert!(lets_some("ACTIVE") && lets_some("REDUCING"));
        assert!(!lets_some("HALTED") && !lets_some(""));
    }

    #[test]
    fn one_strategy_s_kill_pauses_no_other() {
        let [killed, other] = [(1, "ABC".to_owned()), (2, "ABC".to_owned())];
        let mut pauses = Pauses::default();
        assert!(pauses.begin(&killed, 0) && !pauses.begin(&killed, 1));
        assert!(pauses.is_on(&killed) && !pauses.is_on(&other) && pauses.any_on());
        pauses.over_for_good(&other);
        assert_eq!(pauses.end(FIRST_NS, false), []);
        assert_eq!(pauses.end(FIRST_NS, true), std::slice::from_ref(&killed));
        assert!(!pauses.any_on() && pauses.times() == 1);
        assert!(
            pauses.begin(&killed, 0),
            "and longer, whatever went through for others"
        );
        assert_eq!(pauses.end(FIRST_NS, true), []);
    }
}
