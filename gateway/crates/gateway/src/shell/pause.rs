//! Risk refuses for its own state (session down, halted, killed): parents wait, ever longer, and go on when it is over.

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

impl Gateway {
    pub(super) fn pause_parents(&mut self) {
        if self.config.mode == Mode::Free && self.pause.begin(clock::monotonic_ns()) {
            self.risk_link.doubt();
            for id in self.open_parents() {
                self.work(id, Activity::Off);
            }
        }
    }

    pub(super) fn end_pause(&mut self, mono_ns: u64) {
        let active = self.risk_link.state() == "ACTIVE";
        if self.pause.end(mono_ns, active) {
            for id in self.open_parents() {
                self.work(id, Activity::Working);
            }
        }
    }
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
}
