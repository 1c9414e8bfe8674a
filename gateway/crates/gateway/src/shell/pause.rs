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
    use super::*;

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
