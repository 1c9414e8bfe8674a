//! Adaptive waiting: spin while work is likely, then yield, then sleep. With fewer cores than spinners a spin takes the
//! very core that the awaited one needs, so it is skipped.

use std::time::{Duration, Instant};

use crate::pinning;

/// Rounds without work before the next gear; `hot/run.cpp` has the same. More yields would answer a rare packet sooner,
/// and take two cores from everybody else: with 10,000 a kill's last byte came ten times sooner, and tests twice as late.
const SPINS: u32 = 2_000;
const YIELDS: u32 = 200;
const NAP: Duration = Duration::from_micros(50);
/// Of a patient loop that finds nothing again and again: each of its wake-ups takes a core from somebody in a hurry.
const LONGEST_NAP: Duration = Duration::from_micros(200);

#[derive(Debug)]
pub struct Waiting {
    /// What `idle` starts at again after work.
    rest: u32,
    idle: u32,
    spins: u32,
    /// How long it goes on yielding.
    awake: Duration,
    yields_since: Option<Instant>,
    nap: Duration,
    longest_nap: Duration,
}

impl Waiting {
    /// `spinners` is how many loops of the whole machine wait like this one.
    pub fn new(spinners: usize) -> Self {
        let cores = pinning::cores();
        Self {
            rest: 0,
            idle: 0,
            spins: if cores >= spinners { SPINS } else { 0 },
            awake: Duration::ZERO,
            yields_since: None,
            nap: NAP,
            longest_nap: NAP,
        }
    }

    /// Goes on yielding for this long after work before it naps, however many yields that is.
    #[must_use]
    pub fn awake(self, awake: Duration) -> Self {
        Self { awake, ..self }
    }

    /// For a loop beside the one that counts: it naps at once, longer each time, and leaves the core to whoever is in a
    /// hurry.
    pub fn patient() -> Self {
        Self {
            rest: YIELDS,
            idle: YIELDS,
            spins: 0,
            awake: Duration::ZERO,
            yields_since: None,
            nap: NAP,
            longest_nap: LONGEST_NAP,
        }
    }

    /// There was work: the next wait spins again.
    pub fn worked(&mut self) {
        self.idle = self.rest;
        self.nap = NAP;
        self.yields_since = None;
    }

    /// Something is in another loop's hands, which may wait for this very core: it comes first. `hot/run.cpp` does the same.
    pub fn handed_over(&self) {
        if self.spins == 0 {
            std::thread::yield_now();
        }
    }

    /// There was none: wait a little, longer each time.
    pub fn idle(&mut self) {
        self.idle = self.idle.saturating_add(1);
        if self.idle <= self.spins {
            std::hint::spin_loop();
        } else if self.idle <= self.spins + YIELDS || self.stays_awake() {
            std::thread::yield_now();
        } else {
            std::thread::sleep(self.nap);
            self.nap = (self.nap * 2).min(self.longest_nap);
        }
    }

    fn stays_awake(&mut self) -> bool {
        if self.awake.is_zero() {
            return false;
        }
        let since = *self.yields_since.get_or_insert_with(Instant::now);
        since.elapsed() < self.awake
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_patient_loop_naps_longer_and_work_makes_its_naps_short_again() {
        for (mut waiting, longest) in [(Waiting::patient(), LONGEST_NAP), (Waiting::new(1), NAP)] {
            waiting.idle = SPINS + YIELDS;
            (0..8).for_each(|_| waiting.idle());
            assert_eq!(waiting.nap, longest);
            waiting.worked();
            assert_eq!(waiting.nap, NAP);
        }
    }
}
